//! Requests and responses over real HTTP.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use leitwarte_gateway::Limits;
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};

use crate::common::{Gateway, client, function_error, message, refusal, result, within_deadline};

#[tokio::test]
async fn a_request_becomes_an_event_and_the_answer_a_response() {
    let gateway = Gateway::start(|function, event| {
        let body = json!({"function": function, "event": event}).to_string();
        result(&json!({
            "statusCode": 201, "headers": {"content-type": "application/json"}, "cookies": ["a=1", "b=2"], "body": body,
        }))
    })
    .await;
    let response = client().get(gateway.url("/items/a%20b?x=1&x=2")).header("Cookie", "c=3").send().await.unwrap();
    assert_eq!(response.status(), 201);
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().cloned().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    let id = response.headers()["apigw-requestid"].to_str().unwrap().to_owned();

    let got: Value = response.json().await.unwrap();
    assert_eq!(got["function"], "reader");
    let event = &got["event"];
    assert_eq!(event["routeKey"], "GET /items/{id}");
    assert_eq!((&event["rawPath"], &event["pathParameters"]), (&json!("/items/a b"), &json!({"id": "a b"})));
    assert_eq!(event["queryStringParameters"], json!({"x": "1,2"}));
    assert_eq!(event["cookies"], json!(["c=3"]));
    assert_eq!(event["requestContext"]["requestId"], json!(id));
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");
    assert_eq!(event["requestContext"]["domainName"], "127.0.0.1");
}

#[tokio::test]
async fn bodies_arrive_as_they_were_sent() {
    let gateway = Gateway::start(|_, event| {
        result(&json!({"statusCode": 200, "isBase64Encoded": event["isBase64Encoded"], "body": event["body"]}))
    })
    .await;
    let binary: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    for (kind, body) in [("text/plain", b"\xc3\xa4 text".to_vec()), ("application/octet-stream", binary)] {
        let request = client().post(gateway.url("/write")).header("Content-Type", kind).body(body.clone());
        assert_eq!(request.send().await.unwrap().bytes().await.unwrap(), body, "{kind}");
    }
}

#[tokio::test]
async fn head_reaches_the_function_as_head_and_is_answered_without_a_body() {
    let gateway = Gateway::start(|_, event| {
        assert_eq!(event["requestContext"]["http"]["method"], "HEAD");
        result(&json!({"statusCode": 200, "body": "twelve bytes"}))
    })
    .await;
    let response = client().head(gateway.url("/any")).send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["content-length"]), (200, &"12".parse().unwrap()));
    assert_eq!(response.bytes().await.unwrap().len(), 0);
    // As in AWS, a route for GET is none for HEAD.
    assert_eq!(client().head(gateway.url("/page")).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn responses_carry_security_headers_unless_the_function_set_them() {
    let gateway = Gateway::start(|_, _| {
        result(&json!({"statusCode": 200, "headers": {"Referrer-Policy": "no-referrer"}, "body": "{}"}))
    })
    .await;
    for path in ["/page", "/nowhere", "/__gateway/health"] {
        let headers = gateway.get(path).await.headers().clone();
        assert!(headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert!(!headers.contains_key("strict-transport-security"), "{path}");
    }
    let headers = gateway.get("/page").await.headers().clone();
    assert_eq!(headers.get_all("referrer-policy").iter().collect::<Vec<_>>(), ["no-referrer"]);
}

#[tokio::test]
async fn failures_get_the_status_and_words_of_api_gateway() {
    let gateway = Gateway::start(|_, event| match event["rawPath"].as_str().unwrap() {
        "/items/error" => function_error(),
        "/items/throttled" => refusal(StatusCode::TOO_MANY_REQUESTS),
        "/items/stopping" => refusal(StatusCode::SERVICE_UNAVAILABLE),
        "/items/unknown" => refusal(StatusCode::NOT_FOUND),
        "/items/forbidden" => refusal(StatusCode::FORBIDDEN),
        "/items/large" => refusal(StatusCode::PAYLOAD_TOO_LARGE),
        "/items/nonsense" => result(&json!({"statusCode": 1000})),
        other => panic!("{other}"),
    })
    .await;
    for (path, status, words) in [
        ("/items/error", 500, "Internal Server Error"),
        ("/items/throttled", 503, "Service Unavailable"),
        ("/items/stopping", 503, "Service Unavailable"),
        ("/items/unknown", 500, "Internal Server Error"),
        ("/items/forbidden", 500, "Internal Server Error"),
        ("/items/large", 413, "Request Entity Too Large"),
        ("/items/nonsense", 500, "Internal Server Error"),
        ("/nowhere", 404, "Not Found"),
        ("/page/", 404, "Not Found"),
        ("/write", 404, "Not Found"),
        ("/items/%ff", 400, "Bad Request"),
    ] {
        assert_eq!(message(gateway.get(path).await).await, (status, words.to_owned()), "{path}");
    }
    assert_eq!(gateway.get("/items/throttled").await.headers()["retry-after"], "1");
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_503() {
    let limits = Limits { answer_timeout: Duration::from_millis(50), ..Limits::default() };
    let gateway = Gateway::waiting(limits, |_, _| std::future::pending()).await;
    assert_eq!(message(gateway.get("/page").await).await, (503, "Service Unavailable".to_owned()));
}

#[tokio::test]
async fn without_an_emulator_the_gateway_says_503_and_is_healthy_itself() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gateway = Gateway::in_front_of(nobody, Limits::default(), None).await;
    assert_eq!(message(gateway.get("/page").await).await.0, 503);
    let health = gateway.get("/__gateway/health").await;
    assert_eq!(health.status(), 200);
    assert_eq!(health.json::<Value>().await.unwrap(), json!({"status": "ok"}));
}

#[tokio::test]
async fn too_large_requests_are_413() {
    let gateway = Gateway::start(|_, _| panic!("nothing is invoked")).await;
    let post = |bytes: usize, kind: &'static str| {
        client().post(gateway.url("/write")).header("Content-Type", kind).body(vec![b'x'; bytes]).send()
    };
    let too_large = (413, "Request Entity Too Large".to_owned());
    // Above the gateway's own limit, and below it but too much for an event (as text, and in base64).
    for (bytes, kind) in [(11 << 20, "text/plain"), (7 << 20, "text/plain"), (5 << 20, "image/png")] {
        assert_eq!(message(post(bytes, kind).await.unwrap()).await, too_large, "{bytes} {kind}");
    }
}

#[tokio::test]
async fn more_requests_than_allowed_are_429_at_once_and_the_others_are_not_disturbed() {
    let (arrived, release) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let limits = Limits { concurrency: 2, ..Limits::default() };
    let (arriving, releasing) = (Arc::clone(&arrived), Arc::clone(&release));
    let gateway = Gateway::waiting(limits, move |_, _| {
        let (arrived, release) = (Arc::clone(&arriving), Arc::clone(&releasing));
        async move {
            let released = release.notified();
            arrived.add_permits(1);
            released.await;
            result(&json!("done"))
        }
    })
    .await;
    let slow: Vec<_> = (0..2).map(|_| tokio::spawn(client().get(gateway.url("/page")).send())).collect();
    within_deadline(arrived.acquire_many(2)).await.unwrap().forget();

    let refused = gateway.get("/page").await;
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(message(refused).await, (429, "Too Many Requests".to_owned()));
    assert_eq!(gateway.get("/__gateway/health").await.status(), 200);

    release.notify_waiters();
    for request in slow {
        assert_eq!(request.await.unwrap().unwrap().text().await.unwrap(), "done");
    }
}

#[tokio::test]
async fn large_answers_are_compressed_when_the_client_takes_it() {
    let text = "Lizenzstatus ".repeat(1000);
    let body = text.clone();
    let gateway = Gateway::start(move |_, _| result(&json!({"statusCode": 200, "body": body}))).await;
    let get = |accept: &'static str| client().get(gateway.url("/page")).header("Accept-Encoding", accept).send();

    let gzip = get("gzip").await.unwrap();
    assert_eq!(
        (&gzip.headers()["content-encoding"], &gzip.headers()["vary"]),
        (&"gzip".parse().unwrap(), &"accept-encoding".parse().unwrap())
    );
    let mut unpacked = String::new();
    let packed = gzip.bytes().await.unwrap();
    assert!(packed.len() < text.len() / 10);
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, text);

    assert_eq!(get("br, gzip").await.unwrap().headers()["content-encoding"], "br");
    let plain = get("identity").await.unwrap();
    assert!(!plain.headers().contains_key("content-encoding"));
    assert_eq!(plain.text().await.unwrap(), text);
}

#[tokio::test]
async fn what_the_function_compressed_or_what_is_small_stays_as_it_is() {
    let gateway = Gateway::start(|_, event| {
        let headers = match event["rawPath"].as_str().unwrap() {
            "/page" => json!({"content-encoding": "gzip"}),
            _ => json!({}),
        };
        let bytes = if event["rawPath"] == "/page" { 5000 } else { 100 };
        result(&json!({"statusCode": 200, "headers": headers, "body": "x".repeat(bytes)}))
    })
    .await;
    let get = |path: &str| client().get(gateway.url(path)).header("Accept-Encoding", "gzip, br").send();
    let packed = get("/page").await.unwrap();
    assert_eq!(packed.headers().get_all("content-encoding").iter().count(), 1);
    assert_eq!(packed.bytes().await.unwrap().len(), 5000);
    assert!(!get("/any").await.unwrap().headers().contains_key("content-encoding"));
}
