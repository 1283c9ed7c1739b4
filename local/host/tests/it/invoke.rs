//! The Invoke API's client against an API that the test answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use leitwarte_host::invoke::{Accepted, CallOptions, InvokeClient, InvokeError, Slot};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

const TIME: Duration = Duration::from_secs(10);

/// An API whose every answer is made by `answer` from method, path and headers.
async fn api(answer: impl Fn(&str, &str, &HeaderMap) -> Response + Clone + Send + Sync + 'static) -> SocketAddr {
    let handle = move |request: Request| {
        let answer = answer.clone();
        async move { answer(request.method().as_str(), request.uri().path(), request.headers()) }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handle)).await.unwrap() });
    address
}

fn client(address: SocketAddr) -> InvokeClient {
    InvokeClient::new(&address.to_string(), None).unwrap()
}

async fn call(client: &InvokeClient, function: &str) -> Result<leitwarte_host::invoke::Answer, InvokeError> {
    client.call(function, Bytes::from_static(b"{}"), &CallOptions::default(), TIME).await
}

#[tokio::test]
async fn a_call_says_what_it_wants_and_gets_what_the_function_answered() {
    let address = api(|method, path, headers| {
        assert_eq!((method, path), ("POST", "/2015-03-31/functions/api-read/invocations"));
        assert_eq!(headers["x-amz-invocation-type"], "RequestResponse");
        assert_eq!(
            (&headers["x-amz-log-type"], &headers["x-amz-client-context"]),
            (&"Tail".parse().unwrap(), &"e30=".parse().unwrap())
        );
        assert!(!headers.contains_key("authorization"));
        let headers = [
            ("x-amz-function-error", "Unhandled"),
            ("x-amz-executed-version", "$LATEST"),
            ("x-amz-log-result", "bG9n"),
            ("x-amzn-requestid", "id-1"),
        ];
        (headers, r#"{"errorMessage":"x"}"#).into_response()
    })
    .await;
    let options = CallOptions { log_tail: true, client_context: Some("e30=".to_owned()) };
    let answer = client(address).call("api-read", Bytes::from_static(b"{}"), &options, TIME).await.unwrap();
    assert_eq!(answer.payload, r#"{"errorMessage":"x"}"#);
    assert_eq!(answer.function_error.as_deref(), Some("Unhandled"));
    assert_eq!(answer.executed_version.as_deref(), Some("$LATEST"));
    assert_eq!((answer.log_result.as_deref(), answer.request_id.as_deref()), (Some("bG9n"), Some("id-1")));
}

#[tokio::test]
async fn an_event_carries_its_slot_and_learns_whether_it_was_a_duplicate() {
    let address = api(|_, path, headers| {
        assert_eq!(headers["x-amz-invocation-type"], "Event");
        assert_eq!(
            (&headers["x-leitwarte-schedule"], &headers["x-leitwarte-slot"]),
            (&"tick".parse().unwrap(), &"60000".parse().unwrap())
        );
        let duplicate = if path.contains("second") { "true" } else { "false" };
        (StatusCode::ACCEPTED, [("x-amzn-requestid", "id-1"), ("x-leitwarte-duplicate", duplicate)]).into_response()
    })
    .await;
    let slot = Some(Slot { schedule: "tick", at_ms: 60_000 });
    for (function, duplicate) in [("first", false), ("second", true)] {
        let accepted = client(address).enqueue(function, Bytes::new(), slot).await.unwrap();
        assert_eq!(accepted, Accepted { request_id: Some("id-1".to_owned()), duplicate });
    }
}

#[tokio::test]
async fn a_dry_run_runs_nothing() {
    let address = api(|_, _, headers| {
        assert_eq!(headers["x-amz-invocation-type"], "DryRun");
        StatusCode::NO_CONTENT.into_response()
    })
    .await;
    client(address).dry_run("poll-tenant", Bytes::from_static(b"{}")).await.unwrap();
}

#[tokio::test]
async fn the_last_slot_is_asked_for_by_name() {
    let address = api(|method, path, _| {
        assert_eq!(method, "GET");
        let last = if path == "/host/schedules/a%2Fb" { "60000" } else { "null" };
        format!(r#"{{"name":"x","last_slot_ms":{last}}}"#).into_response()
    })
    .await;
    assert_eq!(client(address).last_slot("a/b").await.unwrap(), Some(60_000));
    assert_eq!(client(address).last_slot("never").await.unwrap(), None);
}

#[tokio::test]
async fn refusals_keep_the_words_of_aws() {
    let address = api(|_, path, _| {
        let (status, kind) = match path.split('/').nth(3) {
            Some("busy") => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
            _ => (StatusCode::NOT_FOUND, "ResourceNotFoundException:http://internal.amazon.com/"),
        };
        (status, [("x-amzn-errortype", kind)], r#"{"Type":"User","Message":"Function not found: x"}"#).into_response()
    })
    .await;
    let client = client(address);
    assert_eq!(call(&client, "x").await.unwrap_err().to_string(), "ResourceNotFoundException: Function not found: x");
    assert!(call(&client, "busy").await.unwrap_err().is_throttled());
    assert!(!call(&client, "x").await.unwrap_err().is_throttled());
}

#[tokio::test]
async fn an_error_that_is_not_json_names_the_status() {
    let address = api(|_, _, _| (StatusCode::BAD_GATEWAY, "<html>").into_response()).await;
    let error = call(&client(address), "x").await.unwrap_err().to_string();
    assert_eq!(error, "ServiceException: the host answered 502 Bad Gateway");
}

#[tokio::test]
async fn a_host_that_is_not_there_and_one_that_is_silent_are_told_apart() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(matches!(call(&client(gone), "x").await, Err(InvokeError::Unreachable { .. })));

    // The kernel accepts; nobody answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let short = Duration::from_millis(50);
    let client = client(silent.local_addr().unwrap());
    let outcome = client.call("x", Bytes::new(), &CallOptions::default(), short).await;
    assert!(matches!(outcome, Err(InvokeError::Timeout(time)) if time == short));
}

#[tokio::test]
async fn a_host_that_does_not_even_refuse_is_unreachable_within_seconds_and_not_when_patience_ends() {
    // Its queue of connections is full: the kernel answers no further one, as in a network that was cut.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let deaf = socket.listen(1).unwrap();
    let address = deaf.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
    }
    assert!(matches!(call(&client(address), "x").await, Err(InvokeError::Unreachable { .. })));
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_kept() {
    let address = api(|_, _, _| vec![b' '; 8 << 20].into_response()).await;
    assert!(matches!(call(&client(address), "x").await, Err(InvokeError::Broken { .. })));
}

#[tokio::test]
async fn a_key_made_after_the_start_is_found_when_the_host_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("invoke.key");
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let address = api(move |_, _, headers| {
        counted.fetch_add(1, Ordering::SeqCst);
        match headers.get("authorization") {
            Some(key) if key == "Bearer sesame" => "{}".into_response(),
            _ => StatusCode::FORBIDDEN.into_response(),
        }
    })
    .await;
    let client = InvokeClient::new(&address.to_string(), Some(file.clone())).unwrap();
    std::fs::write(&file, "sesame\n").unwrap();
    call(&client, "x").await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 2, "the refused call is repeated once, with the key");
    std::fs::write(&file, "wrong\n").unwrap();
    call(&client, "x").await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 3, "the key that works is kept");
    assert!(!format!("{client:?}").contains("sesame"), "the key is not in debug output");
}

#[tokio::test]
async fn connections_are_reused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&accepted);
    let app = Router::new().fallback(|| async { "{}" });
    let counting = axum::serve::ListenerExt::tap_io(listener, move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    tokio::spawn(async move { axum::serve(counting, app).await.unwrap() });
    let client = client(address);
    for _ in 0..20 {
        call(&client, "x").await.unwrap();
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
}
