//! A server that answers as a test says, down to the byte: it can also hang, cut off and drip.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What came in.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path with query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
    /// Which request to this path it is, from 0 (the query does not count).
    pub(crate) nth: usize,
}

/// What goes out.
pub(crate) enum Reply {
    /// A well-formed answer.
    Whole { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// These bytes, then the connection is closed.
    Raw(Vec<u8>),
    /// Nothing, ever.
    Hang,
    /// A head that promises a long body, then one byte at a time.
    Drip,
    /// A body without end, in chunks.
    Endless,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Whole {
            status,
            headers: vec![("content-type", "application/json; charset=utf-8".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    pub(crate) fn html(status: u16) -> Self {
        Self::Whole {
            status,
            headers: vec![("content-type", "text/html".to_owned())],
            body: b"<!DOCTYPE html><title>Please log in to the guest network</title>".to_vec(),
        }
    }

    pub(crate) fn status(status: u16, headers: &[(&'static str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self::Whole { status, headers, body: Vec::new() }
    }

    /// An answer of Graph that announces more than it sends.
    pub(crate) fn truncated() -> Self {
        Self::Raw(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"value\":[{\"skuId\":"
                .to_vec(),
        )
    }

    pub(crate) fn token(word: &str) -> Self {
        Self::json(
            200,
            &json!({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": word}),
        )
    }

    pub(crate) fn refusal(code: u32) -> Self {
        Self::json(
            400,
            &json!({
                "error": "invalid_client",
                "error_description": format!("AADSTS{code}: secret prose about hunter2"),
                "error_codes": [code],
                "correlation_id": "11111111-2222-3333-4444-555555555555",
            }),
        )
    }

    pub(crate) fn skus(skus: &[Value]) -> Self {
        Self::json(200, &json!({"@odata.context": "x", "value": skus}))
    }
}

/// One product with `consumed` of 25 licences used.
pub(crate) fn sku(number: u128, consumed: i64) -> Value {
    json!({
        "skuId": uuid::Uuid::from_u128(number).to_string(), "skuPartNumber": format!("SKU_{number}"),
        "appliesTo": "User", "capabilityStatus": "Enabled", "consumedUnits": consumed,
        "prepaidUnits": {"enabled": 25, "suspended": 0, "warning": 0, "lockedOut": 0},
    })
}

type Script = dyn Fn(&Request) -> Reply + Send + Sync;

/// A running stand-in for Entra and Graph. Stops when dropped.
pub(crate) struct StandIn {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<Request>>>,
    task: tokio::task::JoinHandle<()>,
}

impl StandIn {
    /// Answers everything by the script.
    pub(crate) async fn scripted(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Script> = Arc::new(script);
        let task = tokio::spawn({
            let requests = Arc::clone(&requests);
            async move {
                let mut connections = tokio::task::JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    connections.spawn(serve(stream, Arc::clone(&requests), Arc::clone(&script)));
                }
            }
        });
        Self { address, requests, task }
    }

    /// Gives a new token (`token 1`, `token 2` …) to everybody and answers Graph's part by the script.
    pub(crate) async fn graph(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::scripted(move |request| {
            if request.method == "POST" { Reply::token(&format!("token-{}", request.nth + 1)) } else { script(request) }
        })
        .await
    }

    /// Requests so far whose method is `method`.
    pub(crate) fn requests(&self, method: &str) -> Vec<Request> {
        self.requests.lock().unwrap().iter().filter(|request| request.method == method).cloned().collect()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, requests: Arc<Mutex<Vec<Request>>>, script: Arc<Script>) {
    while let Some(mut request) = read(&mut stream).await {
        let path = |target: &str| target.split('?').next().unwrap_or_default().to_owned();
        {
            let mut requests = requests.lock().unwrap();
            request.nth = requests.iter().filter(|other| path(&other.target) == path(&request.target)).count();
            requests.push(request.clone());
        }
        match script(&request) {
            Reply::Whole { status, headers, body } => {
                let mut head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.extend([name, ": ", &value, "\r\n"]);
                }
                let answer = [head.as_bytes(), b"\r\n", &body].concat();
                if stream.write_all(&answer).await.is_err() {
                    return;
                }
            }
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::Hang => std::future::pending().await,
            Reply::Drip => {
                let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n";
                let _ = stream.write_all(head).await;
                while stream.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                return;
            }
            Reply::Endless => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
                let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
                while stream.write_all(chunk.as_bytes()).await.is_ok() {}
                return;
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let (method, target) = (first.next()?, first.next()?);
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head_end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(bytes[head_end + 4..].to_vec()).unwrap();
    Some(Request { method, target, headers, body, nth: 0 })
}
