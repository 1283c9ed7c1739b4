//! Answers a request the way it was ordered to: right, late, wrong or not at all.

use std::future::Future;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};

use crate::entra::refusal::Refusal;
use crate::fault::{FaultKind, Operation};
use crate::graph::error::GraphError;
use crate::seen::Seen;
use crate::world::{Tenant, World};

/// Marks an answer in whose place the connection shall be closed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DropConnection;

/// Time after which even a request that hangs is answered.
const LONGEST_HANG: Duration = Duration::from_mins(10);

/// Longest answer a fault can spoil.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

/// Where a nextLink to another host points: a name that never resolves (RFC 2606).
const FOREIGN_HOST: &str = "https://graph.invalid";

/// Notes the request, waits the set time, lets the next ordered fault happen or `work` answer.
pub(crate) async fn answer(
    world: &World,
    seen: &Seen,
    operation: Operation,
    tenant: Option<&Tenant>,
    work: impl Future<Output = Response> + Send,
) -> Response {
    let note = world.journal.begin(tenant.map(|tenant| tenant.key.as_str()), operation, seen.in_batch);
    let fault = world.faults.take(tenant.map(|tenant| tenant.id), operation, seen.in_batch);
    let latency_ms = world.settings().latency_ms;
    if latency_ms > 0 && !seen.in_batch {
        tokio::time::sleep(Duration::from_millis(latency_ms)).await;
    }
    let response = match fault {
        None => work.await,
        Some(fault) => spoil(world, seen, operation, fault, work).await,
    };
    if response.extensions().get::<DropConnection>().is_none() {
        note.answered(response.status().as_u16(), world.clock.now());
    }
    response
}

async fn spoil(
    world: &World,
    seen: &Seen,
    operation: Operation,
    fault: FaultKind,
    work: impl Future<Output = Response> + Send,
) -> Response {
    match fault {
        FaultKind::Status { status, retry_after } => {
            let mut response = failure(operation, status, seen);
            if let Some(value) = retry_after.and_then(|after| HeaderValue::from_str(&after.header()).ok()) {
                response.headers_mut().insert("retry-after", value);
            }
            response
        }
        FaultKind::Aadsts { code } if operation == Operation::Token => Refusal::of_code(code).into_response(seen),
        FaultKind::Aadsts { .. } | FaultKind::Unauthorized => failure(operation, 401, seen),
        FaultKind::Hang => {
            tokio::select! {
                () = tokio::time::sleep(LONGEST_HANG) => {}
                () = world.stopping.cancelled() => {}
            }
            dropped()
        }
        FaultKind::DropConnection => dropped(),
        FaultKind::LostAnswer => {
            drop(work.await);
            dropped()
        }
        FaultKind::DoneYet { status } => {
            drop(work.await);
            failure(operation, status, seen)
        }
        FaultKind::Latency { latency_ms } => {
            tokio::time::sleep(Duration::from_millis(latency_ms)).await;
            work.await
        }
        FaultKind::Html => {
            let page = "<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body></body></html>";
            ([(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
        }
        FaultKind::Truncate => respell(work.await, |body| Some(broken_off(&body))).await,
        FaultKind::CutJson => respell(work.await, |body| Some(Body::from(body.slice(..body.len() / 2)))).await,
        FaultKind::Empty => {
            let empty = if operation == Operation::Token { json!({}) } else { json!({ "value": [] }) };
            respell(work.await, |_| Some(Body::from(empty.to_string()))).await
        }
        FaultKind::ForeignNextLink => respell(work.await, |body| with_foreign_link(&body)).await,
    }
}

fn failure(operation: Operation, status: u16, seen: &Seen) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match operation {
        Operation::Token => Refusal::of_status(status).into_response(seen),
        operation if operation.is_sharepoint() => GraphError::of_sharepoint_status(status).into_response(seen),
        _ => GraphError::of_status(status).into_response(seen),
    }
}

/// An answer that is never sent.
pub(crate) fn dropped() -> Response {
    let mut response = StatusCode::BAD_GATEWAY.into_response();
    response.extensions_mut().insert(DropConnection);
    response
}

/// Replaces the body of a good answer; a body that announces its own length keeps that header.
async fn respell(response: Response, spell: impl FnOnce(Bytes) -> Option<Body>) -> Response {
    if !response.status().is_success() {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    head.headers.remove(CONTENT_LENGTH);
    let length = body.len();
    let spoilt = spell(body.clone()).unwrap_or_else(|| Body::from(body));
    // A body of unknown length is one that breaks off: promise the whole.
    if axum::body::HttpBody::size_hint(&spoilt).exact().is_none() {
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(head, spoilt)
}

/// Half of a body, then an error, on which the server closes the connection.
fn broken_off(body: &Bytes) -> Body {
    let half = body.slice(..body.len() / 2);
    let parts = stream::unfold(Some(half), |half| async {
        match half {
            Some(half) if !half.is_empty() => Some((Ok(half), Some(Bytes::new()))),
            Some(_) => {
                // Lets the server send what it has before it learns of the error.
                tokio::task::yield_now().await;
                Some((Err(std::io::Error::other("broken off as ordered")), None))
            }
            None => None,
        }
    });
    Body::from_stream(parts)
}

fn with_foreign_link(body: &Bytes) -> Option<Body> {
    let mut page: Value = serde_json::from_slice(body).ok()?;
    let link = format!("{FOREIGN_HOST}/v1.0/subscribedSkus?$skiptoken=x");
    page.as_object_mut()?.insert("@odata.nextLink".to_owned(), Value::String(link));
    Some(Body::from(page.to_string()))
}
