//! How a request was addressed: what both Entra and Graph put into their answers.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::HOST;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::edge::new_id;
use crate::world::World;

/// One request's circumstances.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// `scheme://host[:port]` as the client addressed it.
    pub(crate) base: String,
    /// The path that was asked for, as it came.
    pub(crate) path: String,
    /// This request's id.
    pub(crate) request_id: Uuid,
    /// The id the client gave it.
    pub(crate) client_request_id: Option<String>,
    /// When it came.
    pub(crate) now: DateTime<Utc>,
    /// Whether it came inside a batch.
    pub(crate) in_batch: bool,
}

/// Marks a request that came inside a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InBatch;

impl Seen {
    /// The id a person and Microsoft's support would talk about: the client's, if it gave one.
    pub(crate) fn correlation_id(&self) -> String {
        self.client_request_id.clone().unwrap_or_else(|| self.request_id.to_string())
    }
}

impl FromRequestParts<Arc<World>> for Seen {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, world: &Arc<World>) -> Result<Self, Infallible> {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let base = match header(HOST.as_str()) {
            Some(host) if is_authority(host) => format!("{}://{host}", world.scheme),
            _ => world.base_url.clone(),
        };
        let client_request_id = header("client-request-id").filter(|id| id.len() <= 64).map(ToOwned::to_owned);
        let in_batch = parts.extensions.get::<InBatch>().is_some();
        let path = parts.uri.path().to_owned();
        Ok(Self { base, path, request_id: new_id(), client_request_id, now: world.clock.now(), in_batch })
    }
}

/// Whether a `Host` header may be repeated in links.
fn is_authority(host: &str) -> bool {
    (1..=255).contains(&host.len())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'))
}
