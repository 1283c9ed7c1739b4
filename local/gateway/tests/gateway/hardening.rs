//! Clients that do what no browser does.

use std::sync::Arc;
use std::time::Duration;

use leitwarte_gateway::Limits;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::common::{Answer, Gateway, result, within_deadline};

const SOON: Duration = Duration::from_millis(200);
const REQUEST: &str = "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn answer(_: &str, _: &Value) -> Answer {
    result(&json!("ok"))
}

fn status(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let gateway = Gateway::with_limits(Limits { head_timeout: SOON, ..Limits::default() }, answer).await;
    for start in ["", "G", "GET /page HTTP/1.1\r\n", "GET /page HTTP/1.1\r\nHost: localhost\r\nX-A: "] {
        let mut slow = gateway.connect().await;
        slow.send(start).await;
        assert!(!slow.rest().await.contains("200 OK"), "{start:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_request() {
    let gateway = Gateway::with_limits(Limits { head_timeout: SOON, ..Limits::default() }, answer).await;
    let mut connection = gateway.connect().await;
    for _ in 0..2 {
        connection.send(REQUEST).await;
        assert_eq!(status(&connection.head().await), "200");
        connection.skip("ok".len()).await;
    }
    assert_eq!(connection.rest().await, "");
}

#[tokio::test]
async fn a_body_that_trickles_is_408() {
    let gateway = Gateway::with_limits(Limits { body_timeout: SOON, ..Limits::default() }, answer).await;
    let mut slow = gateway.connect().await;
    slow.send("POST /write HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx").await;
    assert_eq!(status(&slow.head().await), "408");
}

#[tokio::test]
async fn slow_clients_do_not_keep_others_waiting() {
    let gateway = Gateway::start(answer).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut connection = gateway.connect().await;
        connection.send("GET /page HTTP/1.1\r\nHo").await;
        slow.push(connection);
    }
    assert_eq!(gateway.get("/page").await.status(), 200);
}

#[tokio::test]
async fn a_head_beyond_the_limits_is_431() {
    let gateway = Gateway::start(answer).await;
    let long_value = format!("GET /page HTTP/1.1\r\nHost: localhost\r\nX-A: {}\r\n\r\n", "a".repeat(40_000));
    let many = format!("GET /page HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X-A: a\r\n".repeat(200));
    for request in [long_value, many] {
        let mut connection = gateway.connect().await;
        connection.send(&request).await;
        assert_eq!(status(&connection.head().await), "431");
    }
    let mut connection = gateway.connect().await;
    connection.send(&format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(70_000))).await;
    assert!(["414", "431"].contains(&status(&connection.head().await)));
}

#[tokio::test]
async fn requests_that_two_servers_could_read_differently_are_refused() {
    let gateway = Gateway::start(|_, _| panic!("nothing is invoked")).await;
    for (request, expected) in [
        ("GET /page HTTP/1.1\r\n\r\n", "400"),
        ("GET /page HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET /page HTTP/1.1\r\nHost: a b\r\n\r\n", "400"),
        ("GET /page HTTP/1.1\r\nHost: user@a\r\n\r\n", "400"),
        ("GET /page HTTP/1.1\r\nHost: a/../b\r\n\r\n", "400"),
        ("POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", "400"),
        ("POST /write HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nx", "400"),
        ("GET /page HTTP/1.1\r\nHost : a\r\n\r\n", "400"),
        ("nonsense\r\n\r\n", "400"),
        ("TRACE /any HTTP/1.1\r\nHost: a\r\n\r\n", "405"),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "404"),
    ] {
        let mut connection = gateway.connect().await;
        connection.send(request).await;
        assert_eq!(status(&connection.head().await), expected, "{request:?}");
    }
}

/// RFC 9112, section 6.3: Transfer-Encoding overrides Content-Length, and the connection must not be used further.
#[tokio::test]
async fn a_length_beside_chunks_does_not_smuggle_a_second_request() {
    let gateway = Gateway::start(answer).await;
    let mut connection = gateway.connect().await;
    connection
        .send("POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /page HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    let said = connection.rest().await;
    assert!(said.matches("HTTP/1.1 ").count() <= 1, "{said}");
}

#[tokio::test]
async fn old_http_without_a_host_is_served() {
    let gateway = Gateway::start(|_, event| {
        assert_eq!(event["requestContext"]["domainName"], "localhost");
        result(&json!("ok"))
    })
    .await;
    let mut connection = gateway.connect().await;
    connection.send("GET /page HTTP/1.0\r\n\r\n").await;
    assert!(connection.rest().await.ends_with("ok"));
}

#[tokio::test]
async fn stopping_finishes_requests_in_flight_and_takes_no_more() {
    let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (arriving, releasing) = (Arc::clone(&arrived), Arc::clone(&release));
    let gateway = Gateway::waiting(Limits::default(), move |_, _| {
        let (arrived, release) = (Arc::clone(&arriving), Arc::clone(&releasing));
        async move {
            arrived.notify_one();
            release.notified().await;
            result(&json!("finished"))
        }
    })
    .await;
    let mut idle = gateway.connect().await;
    let mut busy = gateway.connect().await;
    busy.send(REQUEST).await;
    within_deadline(arrived.notified()).await;

    gateway.stop.cancel();
    assert_eq!(idle.rest().await, "");
    release.notify_one();
    assert!(busy.rest().await.ends_with("finished"));
    within_deadline(gateway.running).await.unwrap();
    assert!(tokio::net::TcpStream::connect(gateway.address).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let arrived = Arc::new(Notify::new());
    let arriving = Arc::clone(&arrived);
    let limits = Limits { drain_timeout: SOON, ..Limits::default() };
    let gateway = Gateway::waiting(limits, move |_, _| {
        arriving.notify_one();
        std::future::pending()
    })
    .await;
    let mut busy = gateway.connect().await;
    busy.send(REQUEST).await;
    within_deadline(arrived.notified()).await;
    gateway.stop.cancel();
    within_deadline(gateway.running).await.unwrap();
}
