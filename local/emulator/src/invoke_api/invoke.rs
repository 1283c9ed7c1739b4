//! `POST /2015-03-31/functions/{name}/invocations`

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use leitwarte_host::clock;
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::Api;
use crate::function::{Finished, Function, Invocation, Lane, MAX_PAYLOAD, NotRun, Outcome, Report};
use crate::http::body::{self, BodyError};
use crate::http::error::{ApiError, REQUEST_ID, id_header};
use crate::queue::{Enqueued, NewEvent, QueueError, Slot, causes};

/// Largest asynchronous event, in bytes.
const MAX_EVENT: usize = 1024 * 1024;
/// Largest client context, in bytes of base64.
const MAX_CLIENT_CONTEXT: usize = 3583;

const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
const LOG_TYPE: HeaderName = HeaderName::from_static("x-amz-log-type");
const LOG_RESULT: HeaderName = HeaderName::from_static("x-amz-log-result");
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("x-amz-client-context");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const SCHEDULE: HeaderName = HeaderName::from_static("x-leitwarte-schedule");
const SLOT: HeaderName = HeaderName::from_static("x-leitwarte-slot");
const DUPLICATE: HeaderName = HeaderName::from_static("x-leitwarte-duplicate");

#[derive(Deserialize)]
pub(super) struct Parameters {
    #[serde(rename = "Qualifier")]
    qualifier: Option<String>,
}

/// Runs a function and answers with its answer, or keeps the event, or only says whether it could. Every answer
/// carries the request id under which it is found in the logs of gateway, emulator and function.
pub(super) async fn invoke(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    Query(parameters): Query<Parameters>,
    request: Request<Body>,
) -> Response {
    let request_id = clock::new_id();
    let answer = answer(&api, &name, parameters.qualifier.as_deref(), request_id, request).await;
    answer.unwrap_or_else(|error| {
        let mut response = error.into_response();
        response.headers_mut().insert(REQUEST_ID, id_header(request_id));
        response
    })
}

async fn answer(
    api: &Api,
    name: &str,
    qualifier: Option<&str>,
    request_id: Uuid,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let (head, body) = request.into_parts();
    let payload = body::read(body, MAX_PAYLOAD).await.map_err(|error| match error {
        BodyError::TooLarge(_) => ApiError::TooLarge { limit: MAX_PAYLOAD, kind: "InvokeFunction" },
        BodyError::Broken => ApiError::InvalidParameter("the request body ended early".to_owned()),
    })?;
    let function = api.registry.resolve(name, qualifier).map_err(ApiError::FunctionNotFound)?;
    let kind = head.headers.get(INVOCATION_TYPE).map_or(Ok("RequestResponse"), HeaderValue::to_str);
    match kind {
        Ok("RequestResponse") => {
            let tail = head.headers.get(LOG_TYPE).is_some_and(|kind| kind == "Tail");
            let invocation = Invocation {
                request_id,
                payload: event(payload)?,
                client_context: client_context(&head.headers)?,
                trace_id: head.headers.get(TRACE_ID).cloned(),
            };
            call(function, invocation, tail).await
        }
        Ok("Event") => keep(api, function, request_id, payload, &head.headers).await,
        Ok("DryRun") => Ok((StatusCode::NO_CONTENT, [(REQUEST_ID, id_header(request_id))]).into_response()),
        _ => {
            Err(ApiError::InvalidParameter("X-Amz-Invocation-Type must be RequestResponse, Event or DryRun".to_owned()))
        }
    }
}

async fn call(function: &Arc<Function>, invocation: Invocation, tail: bool) -> Result<Response, ApiError> {
    let request_id = invocation.request_id;
    let finished = function.invoke(Lane::Sync, invocation).map_err(refusal)?;
    let Finished { outcome, duration, output_mark } = finished.await.map_err(|_| ApiError::Stopping)?;
    let (body, failed) = match outcome {
        Outcome::Success(body) => (body, false),
        Outcome::Error(document) => (document, true),
        Outcome::NotRun(reason) => return Err(refusal(reason)),
    };
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.reserve(6);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(EXECUTED_VERSION, HeaderValue::from_static("$LATEST"));
    headers.insert(REQUEST_ID, id_header(request_id));
    if failed {
        headers.insert(FUNCTION_ERROR, HeaderValue::from_static("Unhandled"));
    }
    if tail {
        let memory_mb = function.spec.memory_mb;
        let log = function.tail.log(Report { request_id, duration, memory_mb, output_mark }).await;
        if let Ok(log) = HeaderValue::from_str(&BASE64_STANDARD.encode(log)) {
            headers.insert(LOG_RESULT, log);
        }
    }
    Ok(response)
}

fn refusal(reason: NotRun) -> ApiError {
    match reason {
        NotRun::Throttled | NotRun::NotStarting => {
            ApiError::TooManyRequests("Rate Exceeded: no process of the function was free in time")
        }
        NotRun::Stopping => ApiError::Stopping,
    }
}

async fn keep(
    api: &Api,
    function: &Arc<Function>,
    request_id: Uuid,
    payload: Bytes,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    if payload.len() > MAX_EVENT {
        return Err(ApiError::TooLarge { limit: MAX_EVENT, kind: "InvokeFunction (Event)" });
    }
    let payload = String::from_utf8(Vec::from(event(payload)?))
        .map_err(|_| ApiError::InvalidJson("it is not UTF-8".to_owned()))?;
    let client_context = client_context(headers)?.and_then(|json| String::from_utf8(json.as_bytes().to_vec()).ok());
    let now_ms = clock::now_ms();
    let age_ms = i64::try_from(function.spec.asynchronous.maximum_event_age.as_millis()).unwrap_or(i64::MAX);
    let event = NewEvent {
        id: request_id,
        function: function.name().to_owned(),
        payload,
        client_context,
        accepted_at_ms: now_ms,
        expires_at_ms: now_ms.saturating_add(age_ms),
        hops: 0,
    };
    let enqueued = api.queue.enqueue(event, slot(headers)?).await.map_err(|error| match error {
        QueueError::Full => ApiError::TooManyRequests("Rate Exceeded: too many events wait for the function"),
        QueueError::Closed => ApiError::Stopping,
        error @ QueueError::Database(_) => {
            tracing::error!(
                error = causes(&error),
                "cannot keep an event; check the disk of DATA_DIR, or the server of DATABASE_URL"
            );
            ApiError::Service("the event queue cannot be written; synchronous invocations still work")
        }
    })?;
    tracing::debug!(function = function.name(), %request_id, duplicate = enqueued == Enqueued::Duplicate, "event kept");
    let mut response = (StatusCode::ACCEPTED, [(REQUEST_ID, id_header(request_id))]).into_response();
    match enqueued {
        Enqueued::Kept => function.capacity.notify_one(),
        Enqueued::Duplicate => {
            response.headers_mut().insert(DUPLICATE, HeaderValue::from_static("true"));
        }
    }
    Ok(response)
}

/// The event, if it is JSON. No payload is the empty object, as AWS has it.
fn event(payload: Bytes) -> Result<Bytes, ApiError> {
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(error) => Err(ApiError::InvalidJson(error.to_string())),
    }
}

fn client_context(headers: &HeaderMap) -> Result<Option<HeaderValue>, ApiError> {
    let Some(encoded) = headers.get(CLIENT_CONTEXT) else { return Ok(None) };
    let invalid =
        || ApiError::InvalidParameter("X-Amz-Client-Context must be base64 of JSON, at most 3583 bytes".to_owned());
    if encoded.len() > MAX_CLIENT_CONTEXT {
        return Err(invalid());
    }
    let json = BASE64_STANDARD.decode(encoded.as_bytes()).map_err(|_| invalid())?;
    serde_json::from_slice::<IgnoredAny>(&json).map_err(|_| invalid())?;
    HeaderValue::from_bytes(&json).map(Some).map_err(|_| invalid())
}

/// The slot of a schedule that causes this event.
fn slot(headers: &HeaderMap) -> Result<Option<Slot>, ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(SCHEDULE), text(SLOT)) {
        (None, None) => Ok(None),
        (Some(schedule), Some(slot)) => match slot.parse() {
            Ok(slot_ms) => Ok(Some(Slot { schedule: schedule.to_owned(), slot_ms })),
            Err(_) => {
                Err(ApiError::InvalidParameter("X-Leitwarte-Slot must be milliseconds since the epoch".to_owned()))
            }
        },
        _ => Err(ApiError::InvalidParameter("X-Leitwarte-Schedule and X-Leitwarte-Slot belong together".to_owned())),
    }
}
