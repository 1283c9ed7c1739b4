//! Client of the Invoke API, for gateway, timer and command line.
//!
//! Connections are kept and reused. A request is never sent twice: whether to call again is the caller's decision.
//! hyper-util's client is used directly because it is on the gateway's hot path and a fifth faster than reqwest there.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use thiserror::Error;

use crate::env::{EnvError, Environment};

/// `RequestResponse`, `Event` or `DryRun`.
pub const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
/// `Tail` asks for the last 4 KB of the function's log.
pub const LOG_TYPE: HeaderName = HeaderName::from_static("x-amz-log-type");
/// That log, in base64.
pub const LOG_RESULT: HeaderName = HeaderName::from_static("x-amz-log-result");
/// Base64 JSON that reaches the function beside the payload.
pub const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("x-amz-client-context");
/// Set when the payload is the function's error and not its result.
pub const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
/// Version that ran.
pub const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
/// Id of the invocation.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// Name of the exception in an error answer.
pub const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// Name of the schedule an asynchronous invocation belongs to.
pub const SCHEDULE: HeaderName = HeaderName::from_static("x-leitwarte-schedule");
/// Slot of that schedule, in milliseconds since the epoch.
pub const SLOT: HeaderName = HeaderName::from_static("x-leitwarte-slot");
/// `true` when the slot had been fired before and nothing was enqueued.
pub const DUPLICATE: HeaderName = HeaderName::from_static("x-leitwarte-duplicate");

const KEEPALIVE: Duration = Duration::from_secs(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Accepting an event is one commit; asking for a slot is one read.
const CONTROL_TIMEOUT: Duration = Duration::from_secs(10);
/// Kept shorter than a server keeps its side, so that a reused connection is rarely one that just closed.
const IDLE_CONNECTION: Duration = Duration::from_secs(15);
/// Lambda's answers end at 6 MB; an error's JSON may be a little longer.
const LONGEST_ANSWER: usize = 7 * 1024 * 1024;
/// What may stand in a path segment as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Calls functions of one host.
#[derive(Debug, Clone)]
pub struct InvokeClient {
    http: Client<HttpConnector, Full<Bytes>>,
    base: String,
    key: Arc<Key>,
}

/// What a synchronous invocation may ask for beside the result.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    /// Return the end of the function's log.
    pub log_tail: bool,
    /// Base64 JSON for the function's client context.
    pub client_context: Option<String>,
}

/// The answer of a synchronous invocation.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Result of the function, or its error if `function_error` is set.
    pub payload: Bytes,
    /// `Handled` or `Unhandled` when the function failed.
    pub function_error: Option<String>,
    /// Version that ran.
    pub executed_version: Option<String>,
    /// End of the log in base64, if asked for.
    pub log_result: Option<String>,
    /// Id of the invocation.
    pub request_id: Option<String>,
}

/// The slot of a schedule that an asynchronous invocation stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    /// Name of the schedule.
    pub schedule: &'a str,
    /// Milliseconds since the epoch.
    pub at_ms: i64,
}

/// An asynchronous invocation the host has on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Id of the invocation.
    pub request_id: Option<String>,
    /// The slot had been fired before; nothing was enqueued.
    pub duplicate: bool,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum InvokeError {
    /// Nobody listens there, or the name is unknown.
    #[error("nothing answers at {target}; is the emulator running? (INVOKE_ADDR)")]
    Unreachable {
        /// `host:port`.
        target: String,
        /// What connecting said.
        #[source]
        source: hyper_util::client::legacy::Error,
    },
    /// The connection ended before the answer was complete. The function may have run.
    #[error("the connection to {target} broke off before the answer was complete")]
    Broken {
        /// `host:port`.
        target: String,
        /// What ended it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No complete answer within the time the caller gave. The function may have run.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The host refused, in AWS's words.
    #[error("{kind}: {message}")]
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// Name of the exception, for example `TooManyRequestsException`.
        kind: String,
        /// Its message.
        message: String,
    },
    /// The host answered something this client does not understand.
    #[error("the host's answer is not understood: {0}")]
    NotUnderstood(String),
    /// An argument cannot be sent.
    #[error("{0} cannot be sent in a header")]
    Unsendable(&'static str),
}

/// Why the client could not be set up.
#[derive(Debug, Error)]
pub enum SetupError {
    /// `INVOKE_ADDR` is wrong.
    #[error(transparent)]
    Environment(#[from] EnvError),
    /// The key file exists and cannot be used.
    #[error("cannot use the invoke key in {} (INVOKE_KEY_FILE)", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What reading it said.
        #[source]
        source: std::io::Error,
    },
}

impl InvokeClient {
    /// A client for `INVOKE_ADDR` that shows the key in `INVOKE_KEY_FILE`, if that file exists.
    ///
    /// # Errors
    /// A variable is wrong or the key file cannot be read.
    pub fn from_environment(environment: &Environment) -> Result<Self, SetupError> {
        Self::new(&environment.invoke_target()?, Some(environment.invoke_key_file()))
    }

    /// A client for `host:port`. Without a key file only loopback callers are served.
    ///
    /// # Errors
    /// The key file exists and cannot be used.
    pub fn new(target: &str, key_file: Option<PathBuf>) -> Result<Self, SetupError> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        // A network that was cut shows within seconds, and not when the caller's patience ends.
        connector.set_keepalive(Some(KEEPALIVE));
        connector.set_keepalive_interval(Some(KEEPALIVE));
        connector.set_keepalive_retries(Some(2));
        connector.set_tcp_user_timeout(Some(3 * KEEPALIVE));
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION)
            .build(connector);
        Ok(Self { http, base: format!("http://{}", reachable(target)), key: Arc::new(Key::new(key_file)?) })
    }

    /// Runs a function and waits for its answer, at most `timeout`.
    ///
    /// A function that failed is an [`Answer`] with `function_error`, not an error here.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn call(
        &self,
        function: &str,
        payload: Bytes,
        options: &CallOptions,
        timeout: Duration,
    ) -> Result<Answer, InvokeError> {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(INVOCATION_TYPE, HeaderValue::from_static("RequestResponse"));
        if options.log_tail {
            headers.insert(LOG_TYPE, HeaderValue::from_static("Tail"));
        }
        if let Some(context) = &options.client_context {
            headers.insert(CLIENT_CONTEXT, header_value(context, "the client context")?);
        }
        let (headers, payload) = self.invoke(function, headers, payload, timeout).await?;
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Answer {
            payload,
            function_error: text(FUNCTION_ERROR),
            executed_version: text(EXECUTED_VERSION),
            log_result: text(LOG_RESULT),
            request_id: text(REQUEST_ID),
        })
    }

    /// Hands an event over for asynchronous invocation. When this returns, the event is on disk.
    ///
    /// With a `slot` the host enqueues nothing if that slot or a later one of the schedule was recorded before.
    ///
    /// # Errors
    /// See [`InvokeError`]. After `Broken` and `Timeout` the event may have been accepted.
    pub async fn enqueue(
        &self,
        function: &str,
        payload: Bytes,
        slot: Option<Slot<'_>>,
    ) -> Result<Accepted, InvokeError> {
        let mut headers = HeaderMap::with_capacity(5);
        headers.insert(INVOCATION_TYPE, HeaderValue::from_static("Event"));
        if let Some(slot) = slot {
            headers.insert(SCHEDULE, header_value(slot.schedule, "the schedule's name")?);
            headers.insert(SLOT, HeaderValue::from(slot.at_ms));
        }
        let (headers, _) = self.invoke(function, headers, payload, CONTROL_TIMEOUT).await?;
        Ok(Accepted {
            request_id: headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).map(str::to_owned),
            duplicate: headers.get(DUPLICATE).is_some_and(|value| value == "true"),
        })
    }

    /// Checks that the function exists and would take this payload, without running it.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn dry_run(&self, function: &str, payload: Bytes) -> Result<(), InvokeError> {
        let headers = HeaderMap::from_iter([(INVOCATION_TYPE, HeaderValue::from_static("DryRun"))]);
        self.invoke(function, headers, payload, CONTROL_TIMEOUT).await.map(|_| ())
    }

    /// The last slot of a schedule that was fired, in milliseconds since the epoch.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn last_slot(&self, schedule: &str) -> Result<Option<i64>, InvokeError> {
        #[derive(Deserialize)]
        struct Known {
            last_slot_ms: Option<i64>,
        }
        let path = format!("/host/schedules/{}", utf8_percent_encode(schedule, SEGMENT));
        let (_, body) = self.send(Method::GET, &path, HeaderMap::new(), Bytes::new(), CONTROL_TIMEOUT).await?;
        serde_json::from_slice(&body)
            .map(|known: Known| known.last_slot_ms)
            .map_err(|error| InvokeError::NotUnderstood(error.to_string()))
    }

    async fn invoke(
        &self,
        function: &str,
        headers: HeaderMap,
        payload: Bytes,
        timeout: Duration,
    ) -> Result<(HeaderMap, Bytes), InvokeError> {
        let path = format!("/2015-03-31/functions/{}/invocations", utf8_percent_encode(function, SEGMENT));
        self.send(Method::POST, &path, headers, payload, timeout).await
    }

    /// One request; its headers and body if the status says success.
    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
        timeout: Duration,
    ) -> Result<(HeaderMap, Bytes), InvokeError> {
        let first = self.send_once(method.clone(), path, headers.clone(), body.clone(), timeout).await;
        match &first {
            // The host may have made its key after this program started. What was refused has not run.
            Err(InvokeError::Refused { status: StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, .. })
                if self.key.reload() =>
            {
                self.send_once(method, path, headers, body, timeout).await
            }
            _ => first,
        }
    }

    async fn send_once(
        &self,
        method: Method,
        path: &str,
        mut headers: HeaderMap,
        body: Bytes,
        timeout: Duration,
    ) -> Result<(HeaderMap, Bytes), InvokeError> {
        let mut request = Request::new(Full::new(body));
        *request.uri_mut() =
            format!("{}{path}", self.base).parse().map_err(|_| InvokeError::Unsendable("the host's address"))?;
        if method == Method::POST {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(bearer) = self.key.bearer() {
            headers.insert(AUTHORIZATION, bearer);
        }
        *request.method_mut() = method;
        *request.headers_mut() = headers;

        let exchange = async {
            let response = self.http.request(request).await.map_err(|error| self.lost(error))?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, LONGEST_ANSWER).collect().await;
            let body = body.map_err(|source| InvokeError::Broken { target: self.target(), source })?;
            Ok((parts, body.to_bytes()))
        };
        let (parts, body) =
            tokio::time::timeout(timeout, exchange).await.map_err(|_| InvokeError::Timeout(timeout))??;
        if parts.status.is_success() {
            return Ok((parts.headers, body));
        }
        Err(refusal(parts.status, &parts.headers, &body))
    }

    fn lost(&self, error: hyper_util::client::legacy::Error) -> InvokeError {
        if error.is_connect() {
            InvokeError::Unreachable { target: self.target(), source: error }
        } else {
            InvokeError::Broken { target: self.target(), source: error.into() }
        }
    }

    fn target(&self) -> String {
        self.base.trim_start_matches("http://").to_owned()
    }
}

impl InvokeError {
    /// The host or the function is at its limit; later is better.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        matches!(self, Self::Refused { status: StatusCode::TOO_MANY_REQUESTS, .. })
    }
}

fn header_value(text: &str, what: &'static str) -> Result<HeaderValue, InvokeError> {
    HeaderValue::from_str(text).map_err(|_| InvokeError::Unsendable(what))
}

/// Reads an error answer: exception in a header, `{"Message": …}` in the body.
fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> InvokeError {
    #[derive(Deserialize)]
    struct Body {
        #[serde(alias = "Message")]
        message: String,
    }
    let named = headers.get(ERROR_TYPE).and_then(|value| value.to_str().ok());
    // AWS appends a URL after a colon.
    let kind = named.and_then(|name| name.split(':').next()).unwrap_or("ServiceException").to_owned();
    let message =
        serde_json::from_slice(body).map_or_else(|_| format!("the host answered {status}"), |body: Body| body.message);
    InvokeError::Refused { status, kind, message }
}

/// The address to call for one that is listened on: `0.0.0.0` is everywhere and cannot be called.
fn reachable(target: &str) -> String {
    match target.rsplit_once(':') {
        Some(("0.0.0.0", port)) => format!("127.0.0.1:{port}"),
        Some(("[::]", port)) => format!("[::1]:{port}"),
        _ => target.to_owned(),
    }
}

/// The key callers beyond loopback show. The file may appear after this program started.
#[derive(Debug)]
struct Key {
    file: Option<PathBuf>,
    bearer: RwLock<Option<HeaderValue>>,
}

impl Key {
    fn new(file: Option<PathBuf>) -> Result<Self, SetupError> {
        let bearer = match &file {
            Some(path) => read_key(path).map_err(|source| SetupError::Key { path: path.clone(), source })?,
            None => None,
        };
        Ok(Self { file, bearer: RwLock::new(bearer) })
    }

    fn bearer(&self) -> Option<HeaderValue> {
        self.bearer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file again and says whether the key is another one now.
    fn reload(&self) -> bool {
        let Some(path) = &self.file else { return false };
        match read_key(path) {
            Ok(bearer) => {
                let mut known = self.bearer.write().unwrap_or_else(PoisonError::into_inner);
                let changed = *known != bearer;
                *known = bearer;
                changed
            }
            Err(error) => {
                tracing::warn!(%error, file = %path.display(), "cannot read the invoke key");
                false
            }
        }
    }
}

/// The `Authorization` value; `None` when there is no such file.
fn read_key(path: &Path) -> std::io::Result<Option<HeaderValue>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", text.trim()))
        .map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidData, "the key is not one line of ASCII"))?;
    bearer.set_sensitive(true);
    Ok(Some(bearer))
}
