"""Lambda functions in Python, run by AWS's own runtime client (awslambdaric), unmodified."""

import time


def echo(event, context):
    print("echo was called")
    return event


def fails(event, context):
    raise ValueError("fails on purpose")


def context(event, context):
    return {
        "request_id": context.aws_request_id,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "client_context": context.client_context.custom if context.client_context else None,
    }


def hangs(event, context):
    if not event.get("end"):
        time.sleep(3600)
    return "ended"
