//! Answers one Runtime API request.

use std::future::pending;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use leitwarte_host::clock;
use uuid::Uuid;

use crate::function::{
    ConnectionId, Function, Invocation, MAX_PAYLOAD, Outcome, deadline_ms, error_document, too_large_error,
};
use crate::http::body::{self, BodyError};
use crate::http::error::id_header;

const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const DEADLINE: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const FUNCTION_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("lambda-runtime-client-context");
/// Which attempt at a request this is; clients since `lambda_runtime` 1.4 send it back.
const INVOCATION_ID: HeaderName = HeaderName::from_static("lambda-runtime-invocation-id");
const EXTENSION_ID: HeaderName = HeaderName::from_static("lambda-extension-identifier");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

type Answer = Response<Full<Bytes>>;

/// Routes and answers a request of a function's process.
pub(crate) async fn handle(function: &Arc<Function>, connection: ConnectionId, request: Request<Incoming>) -> Answer {
    let path = request.uri().path();
    if let Some(rest) = path.strip_prefix("/2018-06-01/runtime/") {
        if let Some(rest) = rest.strip_prefix("invocation/") {
            if rest == "next" && request.method() == Method::GET {
                return next(function, connection).await;
            }
            if let (Some((id, kind @ ("response" | "error"))), &Method::POST) = (rest.split_once('/'), request.method())
            {
                let (id, failed) = (id.parse(), kind == "error");
                let Ok(id) = id else { return invalid_id() };
                return report(function, id, failed, request).await;
            }
        }
        if rest == "init/error" && request.method() == Method::POST {
            return init_error(function, request).await;
        }
    }
    match path {
        "/2020-01-01/extension/register" if request.method() == Method::POST => register(function),
        // Extensions get their next event at the shutdown of an execution environment, which here ends by SIGTERM.
        "/2020-01-01/extension/event/next" if request.method() == Method::GET => pending().await,
        _ => answer(StatusCode::NOT_FOUND, error_document("NotFound", "the Runtime API has no such path")),
    }
}

async fn next(function: &Arc<Function>, connection: ConnectionId) -> Answer {
    match function.next(connection).await {
        Some((invocation, attempt)) => event(function, &invocation, attempt),
        // The process is dead or about to be killed: there is nothing to tell it.
        None => pending().await,
    }
}

fn event(function: &Function, invocation: &Invocation, attempt: u64) -> Answer {
    let mut answer = Response::new(Full::new(invocation.payload.clone()));
    let headers = answer.headers_mut();
    headers.reserve(8);
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(REQUEST_ID, id_header(invocation.request_id));
    headers.insert(DEADLINE, HeaderValue::from(deadline_ms(function.spec.timeout)));
    headers.insert(FUNCTION_ARN, function.arn_header.clone());
    headers.insert(INVOCATION_ID, HeaderValue::from(attempt));
    headers.insert(TRACE_ID, invocation.trace_id.clone().unwrap_or_else(|| trace_id(invocation.request_id)));
    if let Some(context) = &invocation.client_context {
        headers.insert(CLIENT_CONTEXT, context.clone());
    }
    answer
}

/// An X-Ray trace id, made of the time and the request id; never sampled.
fn trace_id(request_id: Uuid) -> HeaderValue {
    let seconds = clock::now().timestamp();
    let root = request_id.as_u128() >> 32;
    HeaderValue::from_str(&format!("Root=1-{seconds:08x}-{root:024x};Sampled=0"))
        .unwrap_or_else(|_| HeaderValue::from_static("Sampled=0"))
}

async fn report(function: &Function, id: Uuid, failed: bool, request: Request<Incoming>) -> Answer {
    let attempt = attempt(request.headers());
    let (status, body, outcome) = match body::read(request.into_body(), MAX_PAYLOAD).await {
        Ok(body) if failed => (StatusCode::ACCEPTED, ok(), Outcome::Error(body)),
        Ok(body) => (StatusCode::ACCEPTED, ok(), Outcome::Success(body)),
        Err(BodyError::TooLarge(size)) => {
            let message = format!("Exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes).");
            let refusal = error_document("RequestEntityTooLarge", &message);
            (StatusCode::PAYLOAD_TOO_LARGE, refusal, Outcome::Error(too_large_error(size)))
        }
        Err(BodyError::Broken) => {
            return answer(StatusCode::BAD_REQUEST, error_document("BrokenBody", "the body ended early"));
        }
    };
    if function.report(id, attempt, outcome) {
        answer(status, body)
    } else {
        let message = "nobody waits for this request any more: it was answered before or ran into its timeout";
        answer(StatusCode::GONE, error_document("InvalidRequestID", message))
    }
}

fn attempt(headers: &HeaderMap) -> Option<u64> {
    headers.get(INVOCATION_ID)?.to_str().ok()?.parse().ok()
}

async fn init_error(function: &Function, request: Request<Incoming>) -> Answer {
    match body::read(request.into_body(), MAX_PAYLOAD).await {
        Ok(document) => {
            function.init_failed(&document);
            answer(StatusCode::ACCEPTED, ok())
        }
        Err(_) => answer(StatusCode::BAD_REQUEST, error_document("BrokenBody", "the error could not be read")),
    }
}

fn register(function: &Function) -> Answer {
    let document = serde_json::json!({
        "functionName": function.name(), "functionVersion": "$LATEST", "handler": function.spec.handler,
    });
    let mut answer = answer(StatusCode::OK, document.to_string().into());
    answer.headers_mut().insert(EXTENSION_ID, id_header(clock::new_id()));
    answer
}

fn invalid_id() -> Answer {
    answer(StatusCode::BAD_REQUEST, error_document("InvalidRequestID", "a request id is a UUID"))
}

/// AWS answers `{"status":"OK"}`, which no client looks at; `lambda_runtime` even has to open a new connection each
/// time it drops that body unread.
fn ok() -> Bytes {
    Bytes::new()
}

fn answer(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, JSON);
    answer
}
