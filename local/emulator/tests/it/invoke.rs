//! Synchronous invocations and the errors of the Invoke API.

use crate::common;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::common::Host;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

#[tokio::test]
async fn a_function_answers_its_caller() {
    let host = Host::start(&[("echo", "Timeout: 3")]).await;
    host.runtime("echo").echo();
    let reply = host.caller.invoke("echo", r#"{"tenant":"contoso"}"#).await;
    assert_eq!((reply.status, reply.json()), (200, json!({"tenant": "contoso"})));
    assert_eq!(reply.header("x-amz-executed-version"), "$LATEST");
    assert_eq!(reply.header("x-amz-function-error"), "");
    assert!(!reply.header("x-amzn-requestid").is_empty());
}

#[tokio::test]
async fn the_function_learns_id_deadline_arn_trace_and_client_context() {
    let host = Host::start(&[("echo", "Timeout: 3")]).await;
    let runtime = host.runtime("echo");
    let caller = host.caller.clone();
    let context = BASE64_STANDARD.encode(r#"{"custom":{"shift":"night"}}"#);
    let call = tokio::spawn(async move { caller.post("echo", &[("x-amz-client-context", &context)], "{}").await });
    let event = runtime.next().await;
    let header = |name: &str| event.headers[name].to_str().unwrap().to_owned();
    let now_ms = leitwarte_host::clock::now_ms();
    let left_ms = header("lambda-runtime-deadline-ms").parse::<i64>().unwrap() - now_ms;
    assert!((2000..=3000).contains(&left_ms), "{left_ms} ms left of 3000");
    assert_eq!(header("lambda-runtime-invoked-function-arn"), "arn:aws:lambda:local-1:000000000000:function:echo");
    assert!(header("lambda-runtime-trace-id").starts_with("Root=1-"));
    assert_eq!(header("lambda-runtime-client-context"), r#"{"custom":{"shift":"night"}}"#);
    assert_eq!(runtime.answer(&event, "null").await, 202);
    assert_eq!(call.await.unwrap().header("x-amzn-requestid"), event.id);
}

#[tokio::test]
async fn a_function_error_is_handed_through() {
    let host = Host::start(&[("echo", "")]).await;
    let runtime = host.runtime("echo");
    let caller = host.caller.clone();
    let call = tokio::spawn(async move { caller.invoke("echo", "{}").await });
    let event = runtime.next().await;
    assert_eq!(runtime.fail(&event, "Broken").await, 202);
    let reply = call.await.unwrap();
    assert_eq!((reply.status, reply.header("x-amz-function-error")), (200, "Unhandled"));
    assert_eq!(reply.json(), json!({"errorType": "Broken", "errorMessage": "as asked"}));
}

#[tokio::test]
async fn every_form_of_the_name_reaches_the_function() {
    let host = Host::start(&[("poll-tenant", "")]).await;
    host.runtime("poll-tenant").echo();
    for name in [
        "poll-tenant",
        "polltenant",
        "poll-tenant:$LATEST",
        "poll-tenant:%24LATEST",
        "000000000000:function:poll-tenant",
        "arn%3Aaws%3Alambda%3Alocal-1%3A000000000000%3Afunction%3Apoll-tenant",
    ] {
        assert_eq!(host.caller.invoke(name, "1").await.status, 200, "{name}");
    }
    let url = format!("{}/2015-03-31/functions/poll-tenant/invocations?Qualifier=$LATEST", host.caller.base);
    assert_eq!(common::reply(host.caller.http.post(url)).await.json(), json!({}), "no payload is the empty object");
}

#[tokio::test]
async fn an_unknown_function_or_version_is_not_found() {
    let host = Host::start(&[("echo", "")]).await;
    for (name, arn) in [("gone", "gone"), ("echo:7", "echo:7")] {
        let reply = host.caller.invoke(name, "{}").await;
        assert_eq!((reply.status, reply.error_type()), (404, "ResourceNotFoundException"));
        assert_eq!(
            reply.json(),
            json!({"Type": "User", "Message": format!("Function not found: arn:aws:lambda:local-1:000000000000:function:{arn}")})
        );
        assert!(!reply.header("x-amzn-requestid").is_empty());
    }
}

#[tokio::test]
async fn what_is_not_json_is_refused_and_never_run() {
    let host = Host::start(&[("echo", "")]).await;
    for kind in ["RequestResponse", "Event"] {
        for payload in ["{\"a\":", "hello", "{} {}"] {
            let reply = host.caller.post("echo", &[("x-amz-invocation-type", kind)], payload).await;
            assert_eq!((reply.status, reply.error_type()), (400, "InvalidRequestContentException"), "{payload}");
            assert!(reply.text().contains("Could not parse request body into json"), "{}", reply.text());
        }
    }
    let report = host.caller.report("echo").await;
    assert_eq!((&report["queued"], &report["pending_async"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn a_body_of_7_mb_is_refused_in_a_way_the_client_can_read() {
    let host = Host::start(&[("echo", "")]).await;
    let address = host.caller.base.strip_prefix("http://").unwrap().to_owned();
    // As Python's http.client does it: write everything, and only then look for an answer.
    let answer = tokio::task::spawn_blocking(move || {
        let size = 7 * 1024 * 1024;
        let mut connection = TcpStream::connect(address).unwrap();
        let head = format!(
            "POST /2015-03-31/functions/echo/invocations HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\
             Connection: close\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).unwrap();
        connection.write_all(&vec![b'7'; size]).expect("the whole body is taken");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("the answer can be read");
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("x-amzn-errortype: RequestTooLargeException"), "{answer}");
}

#[tokio::test]
async fn six_megabytes_are_allowed_to_callers_and_one_to_events() {
    let host = Host::start(&[("echo", "")]).await;
    host.runtime("echo").echo();
    let megabytes = |count: usize| format!("\"{}\"", "x".repeat(count * 1024 * 1024 - 2));
    let reply = host.caller.invoke("echo", megabytes(6)).await;
    assert_eq!((reply.status, reply.body.len()), (200, 6 * 1024 * 1024));
    let event = [("x-amz-invocation-type", "Event")];
    assert_eq!(host.caller.post("echo", &event, megabytes(1)).await.status, 202);
    assert_eq!(host.caller.post("echo", &event, megabytes(2)).await.error_type(), "RequestTooLargeException");
}

#[tokio::test]
async fn an_answer_above_6_mb_is_an_error() {
    let host = Host::start(&[("echo", "")]).await;
    let runtime = host.runtime("echo");
    let caller = host.caller.clone();
    let call = tokio::spawn(async move { caller.invoke("echo", "{}").await });
    let event = runtime.next().await;
    assert_eq!(runtime.answer(&event, vec![b'x'; 7 * 1024 * 1024]).await, 413);
    let reply = call.await.unwrap();
    assert_eq!(reply.header("x-amz-function-error"), "Unhandled");
    assert_eq!(reply.json()["errorType"], "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn a_dry_run_runs_nothing() {
    let host = Host::start(&[("echo", "")]).await;
    let dry = [("x-amz-invocation-type", "DryRun")];
    assert_eq!(host.caller.post("echo", &dry, "{}").await.status, 204);
    assert_eq!(host.caller.post("gone", &dry, "{}").await.status, 404);
    assert_eq!(host.caller.report("echo").await["queued"], 0);
    let wrong = host.caller.post("echo", &[("x-amz-invocation-type", "Sometimes")], "{}").await;
    assert_eq!((wrong.status, wrong.error_type()), (400, "InvalidParameterValueException"));
}

#[tokio::test]
async fn functions_can_be_listed_and_described() {
    let host = Host::start(&[("echo", "Timeout: 7\nMemorySize: 256"), ("other", "")]).await;
    let list = host.caller.get("/2015-03-31/functions/").await.json();
    assert_eq!(list["Functions"].as_array().unwrap().len(), 2);
    let function = host.caller.get("/2015-03-31/functions/echo").await.json();
    let configuration = &function["Configuration"];
    assert_eq!((&configuration["Timeout"], &configuration["MemorySize"]), (&json!(7), &json!(256)));
    assert_eq!(configuration["FunctionArn"], "arn:aws:lambda:local-1:000000000000:function:echo");
    assert_eq!(host.caller.get("/2015-03-31/functions/gone").await.status, 404);
}

#[tokio::test]
async fn a_web_page_may_not_invoke() {
    let host = Host::start(&[("echo", "")]).await;
    let reply = host.caller.post("echo", &[("origin", "https://example.com")], "{}").await;
    assert_eq!((reply.status, reply.error_type()), (403, "AccessDeniedException"));
}

#[tokio::test]
async fn readiness_and_metrics_tell_how_functions_are_doing() {
    let host = Host::start(&[("echo", ""), ("late", "")]).await;
    host.runtime("echo").echo();
    assert_eq!(host.caller.invoke("echo", "{}").await.status, 200);
    let (status, text) = host.metrics("/ready").await;
    assert_eq!(status, 503);
    assert!(text.contains("late") && !text.contains("echo"), "{text}");
    host.runtime("late").echo();
    host.ready().await;
    assert_eq!(host.metrics("/health").await.0, 200);
    let (_, text) = host.metrics("/metrics").await;
    assert!(text.contains("emulator_invocations_total{function=\"echo\",outcome=\"success\"} 1\n"), "{text}");
    assert!(text.contains("emulator_duration_seconds_count{function=\"echo\"} 1\n"), "{text}");
}

#[tokio::test]
async fn a_client_that_registers_as_extension_is_answered() {
    let host = Host::start(&[("echo", "")]).await;
    let runtime = host.runtime("echo");
    let (status, id) = runtime.register().await;
    assert_eq!(status, 200);
    assert!(!id.is_empty());
}
