//! A gateway on a free port in front of an Invoke API that the test answers itself.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::routing::post;
use leitwarte_gateway::server::Server;
use leitwarte_gateway::{Limits, RouteTable};
use leitwarte_host::invoke::InvokeClient;
use leitwarte_template::Template;
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Longer than anything takes; a test that waits this long fails.
const DEADLINE: Duration = Duration::from_secs(20);

const TEMPLATE: &str = "Resources:
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: reader
      Events:
        Page: {Type: HttpApi, Properties: {Method: GET, Path: /page}}
        One: {Type: HttpApi, Properties: {Method: GET, Path: '/items/{id}'}}
        Any: {Type: HttpApi, Properties: {Path: /any}}
        Files: {Type: HttpApi, Properties: {Method: GET, Path: '/files/{proxy+}'}}
  Writer:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: writer
      Events:
        Write: {Type: HttpApi, Properties: {Method: POST, Path: /write}}";

/// What the Invoke API answers: status, headers and payload.
pub(crate) type Answer = (StatusCode, HeaderMap, Bytes);

/// A successful invocation with this result.
pub(crate) fn result(payload: &Value) -> Answer {
    (StatusCode::OK, HeaderMap::new(), payload.to_string().into())
}

/// An invocation whose function failed.
pub(crate) fn function_error() -> Answer {
    let failed = (HeaderName::from_static("x-amz-function-error"), HeaderValue::from_static("Unhandled"));
    let payload = json!({"errorType": "Secret", "errorMessage": "not for clients"});
    (StatusCode::OK, HeaderMap::from_iter([failed]), payload.to_string().into())
}

/// A refusal of the emulator.
pub(crate) fn refusal(status: StatusCode) -> Answer {
    (status, HeaderMap::new(), json!({"Type": "User", "Message": "refused"}).to_string().into())
}

/// A running gateway; stops with the test's runtime.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) running: JoinHandle<()>,
}

impl Gateway {
    /// A gateway whose functions answer at once: `answer` gets the function's name and the event.
    pub(crate) async fn start(answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> Self {
        Self::with_limits(Limits::default(), answer).await
    }

    pub(crate) async fn with_limits(
        limits: Limits,
        answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::in_front_of(emulator(answer).await, limits, None).await
    }

    /// A gateway whose functions may take their time.
    pub(crate) async fn waiting<F>(limits: Limits, answer: impl Fn(String, Value) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::in_front_of(waiting_emulator(answer).await, limits, None).await
    }

    pub(crate) async fn in_front_of(emulator: SocketAddr, limits: Limits, tls: Option<Arc<ServerConfig>>) -> Self {
        let routes = RouteTable::new(&Template::parse(TEMPLATE).unwrap());
        let invoke = InvokeClient::new(&emulator.to_string(), None).unwrap();
        let free = "127.0.0.1:0".parse().unwrap();
        let server = Server::bind(free, routes, invoke, limits, tls).await.unwrap();
        let address = server.local_addr().unwrap();
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.run(stop.clone()));
        Self { address, stop, running }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        client().get(self.url(path)).send().await.unwrap()
    }

    /// A connection for requests that no client library would send.
    pub(crate) async fn connect(&self) -> Raw {
        Raw(TcpStream::connect(self.address).await.unwrap())
    }
}

/// An Invoke API that answers at once.
pub(crate) async fn emulator(answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> SocketAddr {
    waiting_emulator(move |name, event| std::future::ready(answer(&name, &event))).await
}

async fn waiting_emulator<F>(answer: impl Fn(String, Value) -> F + Send + Sync + 'static) -> SocketAddr
where
    F: Future<Output = Answer> + Send + 'static,
{
    let answer = Arc::new(answer);
    let invoke = post(move |Path(name): Path<String>, event: Bytes| {
        answer(name, serde_json::from_slice(&event).expect("the event is JSON"))
    });
    let app = Router::new()
        .route("/2015-03-31/functions/{name}/invocations", invoke)
        .layer(axum::extract::DefaultBodyLimit::disable());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// A bare connection.
pub(crate) struct Raw(TcpStream);

impl Raw {
    pub(crate) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// All the server still says until it closes.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        // A reset instead of an orderly end is an end, too.
        let _ = timeout(DEADLINE, self.0.read_to_end(&mut bytes)).await.expect("the connection is closed in time");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The status line and headers of the next response.
    pub(crate) async fn head(&mut self) -> String {
        let mut bytes = Vec::new();
        let reading = async {
            while !bytes.ends_with(b"\r\n\r\n") {
                bytes.push(self.0.read_u8().await.expect("a response"));
            }
        };
        timeout(DEADLINE, reading).await.expect("a response in time");
        String::from_utf8(bytes).unwrap()
    }

    pub(crate) async fn skip(&mut self, bytes: usize) {
        timeout(DEADLINE, self.0.read_exact(&mut vec![0; bytes])).await.expect("a body in time").unwrap();
    }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap()
}

/// Status and message of an answer the gateway made itself.
pub(crate) async fn message(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(response.headers().contains_key("apigw-requestid"));
    let body: Value = response.json().await.unwrap();
    (status, body["message"].as_str().unwrap().to_owned())
}

/// Waits until something that another task does has happened.
pub(crate) async fn within_deadline<T>(waiting: impl Future<Output = T>) -> T {
    timeout(DEADLINE, waiting).await.expect("it happens in time")
}
