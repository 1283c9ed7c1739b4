"""Drives the Invoke API with boto3, AWS's own client, and checks every answer as AWS documents it.

Usage: check.py ENDPOINT. Expects the functions `echo` (returns its event) and `fails` (returns a function
error). Prints one line per check; exits 1 at the first that does not hold.
"""

import base64
import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def check(what: str, holds: bool, seen=None) -> None:
    print(("ok    " if holds else "WRONG ") + what + ("" if holds else f": {seen!r}"), flush=True)
    if not holds:
        sys.exit(1)


def refused(call):
    """The error code, HTTP status and whole answer of a call that must be refused."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"], error.response
    return None, None, None


def main(endpoint: str) -> None:
    client = boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name="local-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"max_attempts": 0}, read_timeout=30),
    )
    event = {"text": "Grüezi, 世界", "number": 1, "nested": {"list": [1, 2, None]}}
    payload = json.dumps(event)

    answer = client.invoke(FunctionName="echo", Payload=payload)
    check("RequestResponse answers 200", answer["StatusCode"] == 200, answer)
    check("the payload comes back unchanged", json.load(answer["Payload"]) == event)
    check("there is no function error", "FunctionError" not in answer, answer)
    check("the executed version is $LATEST", answer["ExecutedVersion"] == "$LATEST", answer)

    answer = client.invoke(FunctionName="echo", Payload=payload, LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()
    request_id = answer["ResponseMetadata"]["RequestId"]
    check("LogType=Tail shows START, END and REPORT", all(w in tail for w in ("START RequestId", "END RequestId", "REPORT RequestId")), tail)
    check("the log speaks of this request", request_id in tail, (request_id, tail))
    check("the log holds what the function printed", "echo was called" in tail, tail)

    answer = client.invoke(FunctionName="echo", InvocationType="Event", Payload=payload)
    check("Event answers 202", answer["StatusCode"] == 202, answer)
    answer = client.invoke(FunctionName="echo", InvocationType="DryRun", Payload=payload)
    check("DryRun answers 204", answer["StatusCode"] == 204, answer)

    for name in ("arn:aws:lambda:local-1:000000000000:function:echo", "000000000000:function:echo", "echo:$LATEST"):
        answer = client.invoke(FunctionName=name, Payload=payload)
        check(f"the function is found as {name}", answer["StatusCode"] == 200, answer)

    answer = client.invoke(FunctionName="fails", Payload=payload)
    check("a function error is still 200", answer["StatusCode"] == 200, answer)
    check("and marked as one", answer.get("FunctionError") == "Unhandled", answer)
    error = json.load(answer["Payload"])
    check("with errorType and errorMessage", error["errorType"] == "ValueError" and "on purpose" in error["errorMessage"], error)

    code, status, _ = refused(lambda: client.invoke(FunctionName="nobody", Payload=payload))
    check("a wrong name is ResourceNotFoundException", (code, status) == ("ResourceNotFoundException", 404), (code, status))
    code, status, _ = refused(lambda: client.invoke(FunctionName="echo", Payload=b"{not json"))
    check("bad JSON is InvalidRequestContentException", (code, status) == ("InvalidRequestContentException", 400), (code, status))
    large = json.dumps({"text": "x" * 7_000_000})
    code, status, _ = refused(lambda: client.invoke(FunctionName="echo", Payload=large))
    check("7 MB is RequestTooLargeException", (code, status) == ("RequestTooLargeException", 413), (code, status))
    answer = client.invoke(FunctionName="echo", Payload=payload)
    check("and the client goes on working afterwards", answer["StatusCode"] == 200, answer)

    large = {"text": "x" * 5_000_000}
    answer = client.invoke(FunctionName="echo", Payload=json.dumps(large))
    check("5 MB go through and come back", json.load(answer["Payload"]) == large)

    context = base64.b64encode(json.dumps({"custom": {"from": "boto3"}}).encode()).decode()
    answer = client.invoke(FunctionName="context", ClientContext=context, Payload="{}")
    seen = json.load(answer["Payload"])
    check("the client context arrives", seen["client_context"] == {"from": "boto3"}, seen)
    check("the request id is the answer's", seen["request_id"] == answer["ResponseMetadata"]["RequestId"], seen)
    check("the deadline lies ahead, within the time-out", 0 < seen["remaining_ms"] <= 10_000, seen)
    check("the ARN names the function", seen["arn"].endswith(":function:context"), seen)

    names = [one["FunctionName"] for one in client.list_functions()["Functions"]]
    check("ListFunctions names them all", {"echo", "fails", "context"} <= set(names), names)
    one = client.get_function(FunctionName="echo")["Configuration"]
    check("GetFunction tells the time-out", one["Timeout"] == 10, one)
    code, status, _ = refused(lambda: client.get_function(FunctionName="nobody"))
    check("GetFunction refuses a wrong name", (code, status) == ("ResourceNotFoundException", 404), (code, status))

    started = time.monotonic()
    answer = client.invoke(FunctionName="hangs", Payload="{}")
    error = json.load(answer["Payload"])
    check("a handler past its time-out is an error", answer.get("FunctionError") == "Unhandled", answer)
    check("that says so in AWS's words", "Task timed out after 1.00 seconds" in error["errorMessage"], error)
    check("and comes at the time-out", 0.9 < time.monotonic() - started < 5, time.monotonic() - started)
    answer = client.invoke(FunctionName="hangs", Payload='{"end": true}')
    check("the function works again afterwards", json.load(answer["Payload"]) == "ended", answer)


if __name__ == "__main__":
    main(sys.argv[1])
