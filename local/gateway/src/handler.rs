//! From request to response.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::header::{self, ALLOW, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::Body;
use leitwarte_host::clock;
use leitwarte_host::invoke::{CallOptions, InvokeClient, InvokeError};
use tokio::sync::Semaphore;

use crate::access_log::AccessLine;
use crate::body::{BodyError, BodyMemory};
use crate::event::{Incoming, RequestId};
use crate::routes::{METHODS, RouteTable};
use crate::settings::Limits;
use crate::{answer, default_headers, path};

/// Answered by the gateway itself, for whoever supervises it.
const HEALTH_PATH: &str = "/__gateway/health";
const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

pub(crate) type Reply = Response<Full<Bytes>>;

/// Everything requests share.
#[derive(Debug)]
pub(crate) struct Handler {
    routes: RouteTable,
    invoke: InvokeClient,
    limits: Limits,
    places: Semaphore,
    memory: BodyMemory,
}

/// The connection a request came over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    pub(crate) client: IpAddr,
    /// Port the gateway listens on.
    pub(crate) port: u16,
    pub(crate) tls: bool,
}

impl Connection {
    pub(crate) fn new(peer: SocketAddr, local: SocketAddr, tls: bool) -> Self {
        Self { client: peer.ip().to_canonical(), port: local.port(), tls }
    }
}

/// An answer the gateway makes itself, in AWS's words, and why.
struct Refusal {
    status: StatusCode,
    message: &'static str,
    reason: String,
}

impl Refusal {
    fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        let message = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
            _ => status.canonical_reason().unwrap_or_default(),
        };
        Self { status, message, reason: reason.into() }
    }
}

impl Handler {
    pub(crate) fn new(routes: RouteTable, invoke: InvokeClient, limits: Limits) -> Self {
        let (places, memory) = (Semaphore::new(limits.concurrency), BodyMemory::new(limits.bodies_bytes));
        Self { routes, invoke, limits, places, memory }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Answers one request. Always answers; logs one line, except for its own health.
    pub(crate) async fn respond<B>(&self, connection: Connection, request: Request<B>) -> Reply
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let id = RequestId::new(clock::new_id());
        let mut reply = if request.uri().path() == HEALTH_PATH && request.method() == Method::GET {
            json(StatusCode::OK, r#"{"status":"ok"}"#.to_owned())
        } else {
            let mut line = AccessLine::new(&id, request.method().clone());
            let reply = self.proxy(connection, request, &id, &mut line).await.unwrap_or_else(|refusal| {
                line.reason = Some(refusal.reason);
                let mut reply = refused(refusal.status, refusal.message);
                if refusal.status == StatusCode::METHOD_NOT_ALLOWED
                    && let Ok(methods) = HeaderValue::from_str(&METHODS.join(", "))
                {
                    reply.headers_mut().insert(ALLOW, methods);
                }
                reply
            });
            line.finish(reply.status());
            reply
        };
        default_headers::add(reply.headers_mut(), connection.tls);
        if let Ok(id) = HeaderValue::from_str(id.as_str()) {
            reply.headers_mut().insert(REQUEST_ID, id);
        }
        reply
    }

    async fn proxy<B>(
        &self,
        connection: Connection,
        request: Request<B>,
        id: &RequestId,
        line: &mut AccessLine<'_>,
    ) -> Result<Reply, Refusal>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let received = clock::now();
        let _place = self
            .places
            .try_acquire()
            .map_err(|_| Refusal::new(StatusCode::TOO_MANY_REQUESTS, "the gateway is at its limit of requests"))?;

        let (parts, body) = request.into_parts();
        let bad_request = |reason: &str| Refusal::new(StatusCode::BAD_REQUEST, reason);
        let domain = domain(&parts.headers, parts.version).ok_or_else(|| bad_request("Host is missing or wrong"))?;
        if !METHODS.contains(&parts.method.as_str()) {
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "no function takes this method"));
        }
        let path = path::decode(parts.uri.path()).ok_or_else(|| bad_request("the path cannot be decoded"))?;
        let route = self
            .routes
            .find(parts.method.as_str(), &path)
            .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "no route"))?;
        line.route = Some(route.key.to_owned());

        let body = self.memory.read(body, self.limits.body_bytes, self.limits.body_timeout).await?;
        let event = Incoming {
            id,
            received,
            route: &route,
            method: &parts.method,
            path: &path,
            query: parts.uri.query().unwrap_or_default(),
            domain,
            protocol: if parts.version == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" },
            headers: &parts.headers,
            body: &body.bytes,
            client: connection.client,
            port: connection.port,
            tls: connection.tls,
        }
        .to_event();
        if event.len() > self.limits.event_bytes {
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the event is larger than Lambda takes"));
        }
        self.invoke(route.function, event, line).await
    }

    async fn invoke(&self, function: &str, event: Vec<u8>, line: &mut AccessLine<'_>) -> Result<Reply, Refusal> {
        let options = CallOptions::default();
        let answer = self.invoke.call(function, event.into(), &options, self.limits.answer_timeout).await?;
        line.invocation = answer.request_id;
        if let Some(kind) = answer.function_error {
            // What went wrong is in the emulator's log and not for clients.
            return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the function failed ({kind})")));
        }
        answer::to_response(answer.payload)
            .map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    }
}

/// `Host` without its port. HTTP/1.1 demands exactly one; functions build URLs from it, so it has to be well formed.
fn domain(headers: &HeaderMap, version: Version) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok()?,
        (None, _) if version == Version::HTTP_10 => return Some("localhost"),
        _ => return None,
    };
    let (domain, port) = match host.rsplit_once(':') {
        Some((domain, port)) if !port.ends_with(']') => (domain, Some(port)),
        _ => (host, None),
    };
    let well_formed = url::Host::parse(domain).is_ok() && port.is_none_or(|port| port.parse::<u16>().is_ok());
    well_formed.then_some(domain)
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "the request body is too large"),
            BodyError::TooSlow => Self::new(StatusCode::REQUEST_TIMEOUT, "the request body took too long"),
            BodyError::NoMemory => Self::new(StatusCode::TOO_MANY_REQUESTS, "no memory left for request bodies"),
            BodyError::Broken => Self::new(StatusCode::BAD_REQUEST, "the request body broke off"),
        }
    }
}

/// What API Gateway answers when an integration fails.
impl From<InvokeError> for Refusal {
    fn from(error: InvokeError) -> Self {
        let status = match &error {
            InvokeError::Timeout(_) | InvokeError::Unreachable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            InvokeError::Refused { status, .. } => match *status {
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::PAYLOAD_TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            },
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

fn refused(status: StatusCode, message: &str) -> Reply {
    let mut reply = json(status, serde_json::json!({ "message": message }).to_string());
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        reply.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS);
    }
    reply
}

fn json(status: StatusCode, body: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain_of(host: &'static str) -> Option<String> {
        let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
        domain(&headers, Version::HTTP_11).map(str::to_owned)
    }

    #[test]
    fn the_port_is_not_part_of_the_domain() {
        for (host, expected) in
            [("a.example", "a.example"), ("a:8080", "a"), ("[::1]:8080", "[::1]"), ("[::1]", "[::1]")]
        {
            assert_eq!(domain_of(host).as_deref(), Some(expected), "{host}");
        }
    }

    #[test]
    fn a_host_that_makes_no_url_is_refused() {
        for host in ["", ":80", "a b", "u@a", "a/b", "a:x", "a:99999", "a?b", "[::1", "a%zz", "a#b", "1.2.3.256"] {
            assert_eq!(domain_of(host), None, "{host}");
        }
    }
}
