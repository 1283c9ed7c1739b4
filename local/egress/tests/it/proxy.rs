//! The proxy on loopback, with raw clients and with reqwest.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use leitwarte_egress::{Allowed, Limits, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;

struct Proxy {
    address: SocketAddr,
    stop: tokio_util::sync::DropGuard,
}

async fn proxy(allow: &str, limits: Limits) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, Allowed::parse(allow).unwrap(), limits, stop.clone()));
    Proxy { address, stop: stop.drop_guard() }
}

/// A server that sends back what it gets.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    address
}

/// Sends a request and returns the head of the answer, and the connection.
async fn ask(proxy: &Proxy, request: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    let reading = async {
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).await.unwrap() == 0 {
                break;
            }
            head.extend(byte);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading).await.expect("an answer in time");
    (String::from_utf8(head).unwrap(), stream)
}

async fn connect(proxy: &Proxy, target: &str) -> (String, TcpStream) {
    ask(proxy, &format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")).await
}

#[tokio::test]
async fn bytes_pass_both_ways_to_a_listed_host() {
    let server = echo().await;
    let proxy = proxy(&server.to_string(), Limits::default()).await;
    let (head, mut stream) = connect(&proxy, &server.to_string()).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let sent = vec![7; 100_000];
    let (mut from, mut to) = stream.split();
    let writing = async {
        to.write_all(&sent).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut received = Vec::new();
    let ((), read) = tokio::join!(writing, from.read_to_end(&mut received));
    read.unwrap();
    assert!(received == sent, "{} bytes came back", received.len());
}

#[tokio::test]
async fn another_host_is_refused_by_name_and_never_connected_to() {
    let (listed, other) = (echo().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let proxy = proxy(&listed.to_string(), Limits::default()).await;
    let target = other.local_addr().unwrap().to_string();
    let (head, mut stream) = connect(&proxy, &target).await;
    assert!(head.starts_with("HTTP/1.1 403"), "{head}");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.contains(&target) && text.contains("EGRESS_ALLOW"), "{text}");
    let connected = tokio::time::timeout(Duration::from_millis(50), other.accept()).await;
    assert!(connected.is_err(), "it was connected to");
}

#[tokio::test]
async fn plain_http_is_not_forwarded() {
    let server = echo().await;
    let proxy = proxy(&server.to_string(), Limits::default()).await;
    let request = format!("GET http://{server}/health HTTP/1.1\r\nHost: {server}\r\n\r\n");
    let (head, _) = ask(&proxy, &request).await;
    assert!(head.starts_with("HTTP/1.1 405"), "{head}");
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_said_so() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = proxy(&free.to_string(), Limits::default()).await;
    let (head, _) = connect(&proxy, &free.to_string()).await;
    assert!(head.starts_with("HTTP/1.1 502"), "{head}");
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_given_up() {
    // Its queue of connections is full: the kernel answers no further one.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let deaf = socket.listen(1).unwrap();
    let address = deaf.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
    }
    let limits = Limits { connect: Duration::from_millis(100), ..Limits::default() };
    let proxy = proxy(&address.to_string(), limits).await;
    let (head, _) = connect(&proxy, &address.to_string()).await;
    assert!(head.starts_with("HTTP/1.1 504"), "{head}");
}

#[tokio::test]
async fn a_client_that_never_finishes_its_request_is_let_go() {
    let limits = Limits { head: Duration::from_millis(50), ..Limits::default() };
    let proxy = proxy("graph.test:443", limits).await;
    let (head, _) = ask(&proxy, "CONNECT graph.test:443 HTTP/1.1\r\n").await;
    assert!(!head.starts_with("HTTP/1.1 200"), "{head}");
}

#[tokio::test]
async fn a_tunnel_through_which_nothing_passes_is_closed() {
    let server = echo().await;
    let limits = Limits { idle: Duration::from_millis(50), ..Limits::default() };
    let proxy = proxy(&server.to_string(), limits).await;
    let (_, mut stream) = connect(&proxy, &server.to_string()).await;
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "it stays open");
}

#[tokio::test]
async fn more_clients_than_places_wait_their_turn() {
    let server = echo().await;
    let proxy = proxy(&server.to_string(), Limits { connections: 1, ..Limits::default() }).await;
    let (_, first) = connect(&proxy, &server.to_string()).await;
    let mut second = TcpStream::connect(proxy.address).await.unwrap();
    let request = format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n\r\n");
    second.write_all(request.as_bytes()).await.unwrap();
    let mut byte = [0];
    assert!(tokio::time::timeout(Duration::from_millis(50), second.read(&mut byte)).await.is_err());
    drop(first);
    let answered = tokio::time::timeout(Duration::from_secs(10), second.read(&mut byte)).await;
    assert_eq!(answered.expect("its turn came").unwrap(), 1);
}

#[tokio::test]
async fn a_stop_takes_no_new_clients_and_lets_open_tunnels_go_on_for_a_moment() {
    let server = echo().await;
    let limits = Limits { drain: Duration::from_millis(500), ..Limits::default() };
    let proxy = proxy(&server.to_string(), limits).await;
    let (_, mut open) = connect(&proxy, &server.to_string()).await;
    drop(proxy.stop);
    let gone = async { while TcpStream::connect(proxy.address).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("no new clients");
    open.write_all(b"still here").await.unwrap();
    let mut rest = [0; 10];
    open.read_exact(&mut rest).await.unwrap();
    assert_eq!(&rest, b"still here");
    let closed = tokio::time::timeout(Duration::from_secs(10), open.read(&mut rest)).await;
    assert!(matches!(closed, Ok(Ok(0) | Err(_))), "it is closed in the end: {closed:?}");
}

#[tokio::test]
async fn the_health_check_is_answered() {
    let proxy = proxy("", Limits::default()).await;
    let (head, _) = ask(&proxy, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}

#[tokio::test]
async fn a_foreign_client_learns_why_it_may_not_pass() {
    let proxy = proxy("graph.test:443", Limits::default()).await;
    let through = reqwest::Proxy::https(format!("http://{}", proxy.address)).unwrap();
    let client = reqwest::Client::builder().proxy(through).build().unwrap();
    let error = client.get("https://evil.test/").send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
}

#[tokio::test]
async fn tls_passes_from_end_to_end() {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], rustls::pki_types::PrivatePkcs8KeyDer::from(signing_key).into())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut tls = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(stream).await.unwrap();
        let _ = tls.read(&mut [0; 4096]).await.unwrap();
        tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret").await.unwrap();
        tls.shutdown().await.unwrap();
    });
    let proxy = proxy(&target, Limits::default()).await;
    let client = reqwest::Client::builder()
        .proxy(reqwest::Proxy::https(format!("http://{}", proxy.address)).unwrap())
        .tls_certs_only([reqwest::Certificate::from_der(cert.der()).unwrap()])
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let answer = client.get(format!("https://{target}/")).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "secret");
}
