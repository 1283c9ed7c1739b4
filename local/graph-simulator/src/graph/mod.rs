//! The part that plays Microsoft Graph. One resource, one file or folder.

pub(crate) mod access;
mod batch;
mod directory;
pub(crate) mod error;
mod listing;
mod send_mail;
mod sites;
pub(crate) mod subscribed_skus;
mod subscriptions;
pub(crate) mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::Response;
use axum::routing::any;

use crate::graph::error::GraphError;
use crate::seen::Seen;
use crate::world::World;

pub use send_mail::SentMail;

/// What Graph calls its JSON.
pub(crate) const JSON: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

pub(crate) fn routes() -> Router<Arc<World>> {
    resources().merge(batch::routes())
}

/// Everything that may be asked for inside a batch, too.
fn resources() -> Router<Arc<World>> {
    Router::new()
        .merge(subscribed_skus::routes())
        .merge(subscriptions::routes())
        .merge(send_mail::routes())
        .merge(sites::routes())
        .merge(directory::routes())
        .route("/v1.0/{*path}", any(unknown))
}

async fn unknown(State(_): State<Arc<World>>, seen: Seen, uri: Uri) -> Response {
    let segment = uri.path().trim_start_matches("/v1.0/");
    let text = format!("Resource not found for the segment '{segment}'.");
    GraphError::new(StatusCode::BAD_REQUEST, "BadRequest", text).into_response(&seen)
}

/// Adds the ids Graph puts on every answer.
pub(crate) fn with_request_ids(mut response: Response, seen: &Seen) -> Response {
    for (name, id) in [("request-id", seen.request_id.to_string()), ("client-request-id", seen.correlation_id())] {
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
