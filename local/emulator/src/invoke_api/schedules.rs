//! `GET /host/schedules/{name}`: what a timer has to remember, kept here so that it need not.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;

use super::Api;
use crate::http::error::ApiError;
use crate::queue::causes;

#[derive(Serialize)]
pub(super) struct Schedule {
    name: String,
    /// Milliseconds since the epoch; nothing before the first.
    last_slot_ms: Option<i64>,
}

/// The last slot that became an event.
pub(super) async fn last_slot(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<Schedule>, ApiError> {
    let last_slot_ms = api.queue.last_slot_ms(&name).await.map_err(|error| {
        tracing::error!(
            error = causes(&error),
            "cannot read schedules; check the disk of DATA_DIR, or the server of DATABASE_URL"
        );
        ApiError::Service("the event queue cannot be read")
    })?;
    Ok(Json(Schedule { name, last_slot_ms }))
}
