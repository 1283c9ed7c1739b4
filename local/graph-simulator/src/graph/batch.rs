//! `POST /v1.0/$batch`: up to twenty requests in one.
//!
//! Source: Microsoft Learn, "Combine multiple HTTP requests using JSON batching". The requests are carried out in their
//! order, each after those it depends on; the answers come in the opposite order, because Graph promises none.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;

use crate::answer::{DropConnection, answer, dropped};
use crate::fault::Operation;
use crate::graph::error::GraphError;
use crate::graph::{access, resources, with_request_ids};
use crate::seen::{InBatch, Seen};
use crate::world::World;

/// As many requests as Graph takes.
const MOST: usize = 20;

/// Longest answer of one request.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/v1.0/$batch", post(batch))
}

#[derive(Deserialize)]
struct Batch {
    requests: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    id: String,
    method: String,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    #[serde(default)]
    depends_on: Vec<String>,
}

/// The connection breaks, as ordered for one of the requests.
struct Broken;

async fn batch(State(world): State<Arc<World>>, seen: Seen, headers: HeaderMap, body: Bytes) -> Response {
    let caller = access::authenticate(&world, &seen, &headers);
    let tenant = caller.as_ref().ok().map(|(tenant, _)| tenant.as_ref());
    answer(&world, &seen, Operation::Batch, tenant, async {
        let steps = match caller.as_ref().map_err(Clone::clone).and_then(|_| read(&body)) {
            Ok(steps) => steps,
            Err(error) => return error.into_response(&seen),
        };
        let Ok(mut responses) = carry_out(&world, &seen, &headers, steps).await else { return dropped() };
        responses.reverse();
        let body = json!({ "responses": responses }).to_string();
        with_request_ids(([(CONTENT_TYPE, "application/json")], body).into_response(), &seen)
    })
    .await
}

/// The requests, if Graph would take them all.
fn read(body: &[u8]) -> Result<Vec<Step>, GraphError> {
    let refuse = |text: String| GraphError::new(StatusCode::BAD_REQUEST, "BadRequest", text);
    let Batch { requests } =
        serde_json::from_slice(body).map_err(|error| refuse(format!("Invalid batch payload format. {error}")))?;
    if requests.len() > MOST {
        let text = format!("Number of batch request steps exceeds the maximum value of {MOST}.");
        return Err(GraphError::new(StatusCode::BAD_REQUEST, "MaximumValueExceeded", text));
    }
    let mut before = HashSet::new();
    for step in &requests {
        let id = &step.id;
        if id.is_empty() || before.contains(id.as_str()) {
            return Err(refuse(format!("Request id '{id}' is empty or not unique in the batch.")));
        }
        let writes = matches!(step.method.to_ascii_uppercase().as_str(), "POST" | "PATCH" | "PUT");
        let has_type = step.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
        if (writes && step.body.is_none()) || ((writes || step.body.is_some()) && !has_type) {
            return Err(refuse(format!("Write request id : {id} does not contain Content-Type header or body.")));
        }
        if step.url.contains("://") {
            return Err(refuse(format!("Request id '{id}' needs a url relative to the version.")));
        }
        if let Some(other) = step.depends_on.iter().find(|other| !before.contains(other.as_str())) {
            return Err(refuse(format!("Request id '{id}' depends on '{other}', which is not a request before it.")));
        }
        before.insert(id.as_str());
    }
    Ok(requests)
}

async fn carry_out(world: &Arc<World>, seen: &Seen, outer: &HeaderMap, steps: Vec<Step>) -> Result<Vec<Value>, Broken> {
    let router = resources().with_state(Arc::clone(world));
    let mut failed = HashSet::new();
    let mut responses = Vec::with_capacity(steps.len());
    for step in steps {
        let id = step.id.clone();
        let (status, headers, body) = if step.depends_on.iter().any(|other| failed.contains(other)) {
            let error = json!({ "code": "FailedDependency", "message": "A request this one depends on has failed." });
            (StatusCode::FAILED_DEPENDENCY, Map::new(), json!({ "error": error }))
        } else {
            let response = match request(outer, step) {
                Some(request) => router.clone().oneshot(request).await.unwrap_or_else(|never| match never {}),
                None => GraphError::bad_request("The request is not well formed.").into_response(seen),
            };
            unpack(response).await?
        };
        if !status.is_success() {
            failed.insert(id.clone());
        }
        let mut response = json!({ "id": id, "status": status.as_u16(), "headers": headers });
        if !body.is_null() {
            response["body"] = body;
        }
        responses.push(response);
    }
    Ok(responses)
}

/// A request as if it had come alone, with the batch's token; `None` if it cannot be one.
fn request(outer: &HeaderMap, step: Step) -> Option<Request<Body>> {
    let path = step.url.trim_start_matches('/');
    let mut request = Request::builder()
        .method(step.method.to_ascii_uppercase().as_bytes())
        .uri(format!("/v1.0/{}", percent_encoded(path)))
        .extension(InBatch);
    for (name, value) in step.headers {
        request = request.header(name, value);
    }
    let body = step.body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let mut request = request.body(body).ok()?;
    for name in [AUTHORIZATION, HOST] {
        if let Some(value) = outer.get(&name) {
            request.headers_mut().insert(name, value.clone());
        }
    }
    Some(request)
}

/// Blanks and letters beyond ASCII, which Graph takes as they are inside a batch.
fn percent_encoded(url: &str) -> String {
    url.bytes()
        .map(|byte| match byte {
            0x21..=0x7e => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Status, headers and body of an answer; a body that is no JSON becomes a text.
async fn unpack(response: Response) -> Result<(StatusCode, Map<String, Value>, Value), Broken> {
    if response.extensions().get::<DropConnection>().is_some() {
        return Err(Broken);
    }
    let (head, body) = response.into_parts();
    let body = to_bytes(body, LONGEST_ANSWER).await.map_err(|_| Broken)?;
    let body = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(_) if body.is_empty() => Value::Null,
        Err(_) => json!(String::from_utf8_lossy(&body)),
    };
    let headers =
        head.headers.iter().filter_map(|(name, value)| Some((spelled(name.as_str()), json!(value.to_str().ok()?))));
    Ok((head.status, headers.filter(|(name, _)| name != "Content-Length").collect(), body))
}

/// `retry-after` as `Retry-After`.
fn spelled(name: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}
