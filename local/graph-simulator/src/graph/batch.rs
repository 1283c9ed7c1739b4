//! `POST /v1.0/$batch`: up to twenty requests in one, answered in another order than asked.
//!
//! Source: Microsoft Learn, "Combine multiple HTTP requests using JSON batching".

use std::collections::HashSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::answer;
use crate::entra::grant::Grant;
use crate::fault::Operation;
use crate::graph::error::GraphError;
use crate::graph::lists::{self, ListRequest};
use crate::graph::{access, with_request_ids};
use crate::seen::Seen;
use crate::world::{Tenant, World};

const MOST: usize = 20;

#[derive(Deserialize)]
struct Batch {
    requests: Vec<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    id: String,
    method: String,
    url: String,
    #[serde(default)]
    headers: std::collections::HashMap<String, String>,
    #[serde(default)]
    body: Option<Value>,
}

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/v1.0/$batch", post(batch))
}

async fn batch(State(world): State<Arc<World>>, seen: Seen, headers: HeaderMap, body: Bytes) -> Response {
    let caller = access::authenticate(&world, &seen, &headers);
    let tenant = caller.as_ref().ok().map(|(tenant, _)| tenant.as_ref());
    answer(&world, &seen, Operation::Batch, tenant, async {
        let done = caller.as_ref().map_err(Clone::clone).and_then(|(tenant, grant)| {
            let batch = read(&body)?;
            let mut answers: Vec<Value> =
                batch.requests.iter().map(|inner| serve(&world, &seen, tenant, grant, inner)).collect();
            answers.reverse();
            Ok(json!({ "responses": answers }))
        });
        match done {
            Ok(body) => {
                with_request_ids(([("content-type", "application/json")], body.to_string()).into_response(), &seen)
            }
            Err(error) => error.into_response(&seen),
        }
    })
    .await
}

fn read(body: &[u8]) -> Result<Batch, GraphError> {
    let bad = |text: String| GraphError::new(StatusCode::BAD_REQUEST, "BadRequest", text);
    let batch: Batch = serde_json::from_slice(body).map_err(|error| bad(format!("Invalid batch payload: {error}")))?;
    if batch.requests.len() > MOST {
        return Err(bad(format!("Number of batch request steps exceeds the maximum value of {MOST}")));
    }
    let mut ids = HashSet::new();
    for inner in &batch.requests {
        if !ids.insert(&inner.id) {
            return Err(bad(format!("Request Id {} has to be unique in a batch.", inner.id)));
        }
        let typed = inner.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
        if inner.body.is_some() && !typed {
            return Err(bad("Write request must contain the Content-Type header declaration.".to_owned()));
        }
    }
    Ok(batch)
}

fn serve(world: &World, seen: &Seen, tenant: &Tenant, grant: &Grant, inner: &Inner) -> Value {
    let operation = lists::operation(&inner.method, &inner.url);
    let note = world.journal.begin(Some(tenant.key.as_str()), operation);
    let if_match = inner.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("if-match"));
    let request = ListRequest {
        method: &inner.method,
        path: &inner.url,
        if_match: if_match.map(|(_, etag)| etag.as_str()),
        body: inner.body.clone().unwrap_or_default(),
    };
    let (status, headers, body) = match lists::ordered_fault(world, tenant, operation) {
        Some((status, retry_after)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            let (status, mut headers, body) = GraphError::of_status(status).into_parts(seen);
            if let Some(pause) = retry_after {
                headers["Retry-After"] = json!(pause);
            }
            (status, headers, body)
        }
        None => match access::throttle(world, tenant).and_then(|()| lists::serve(world, seen, tenant, grant, &request))
        {
            Ok((status, body)) => (status.as_u16(), json!({ "Content-Type": "application/json" }), body),
            Err(error) => error.into_parts(seen),
        },
    };
    note.answered(status, world.clock.now());
    json!({ "id": inner.id, "status": status, "headers": headers, "body": body })
}
