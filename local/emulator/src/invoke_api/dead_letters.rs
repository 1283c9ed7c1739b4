//! `/host/dead-letters`: events given up, to look at, run again or forget.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use chrono::{DateTime, SecondsFormat};
use http::StatusCode;
use leitwarte_host::clock;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Api;
use crate::http::error::ApiError;
use crate::queue::{DeadLetter, QueueError, causes};

const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1000;

#[derive(Deserialize)]
pub(super) struct Page {
    limit: Option<i64>,
    after: Option<String>,
}

#[derive(Serialize)]
pub(super) struct List {
    dead_letters: Vec<Letter>,
}

/// A dead letter as operators see it.
#[derive(Serialize)]
pub(super) struct Letter {
    id: String,
    function: String,
    request_id: String,
    reason: String,
    attempts: i64,
    accepted_at: String,
    dead_at: String,
    error: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
}

#[derive(Serialize)]
pub(super) struct Redriven {
    request_id: String,
}

impl From<DeadLetter> for Letter {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            function: letter.function,
            request_id: letter.request_id,
            reason: letter.reason,
            attempts: letter.attempts,
            accepted_at: rfc3339(letter.accepted_at_ms),
            dead_at: rfc3339(letter.dead_at_ms),
            error: letter.error.as_deref().map(json_or_string),
            payload: letter.payload.as_deref().map(json_or_string),
        }
    }
}

/// `GET /host/dead-letters?limit=&after=`: newest first; `after` is the last id of the page before.
pub(super) async fn list(State(api): State<Arc<Api>>, Query(page): Query<Page>) -> Result<Json<List>, ApiError> {
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let letters = api.queue.dead_letters(limit, page.after.as_deref()).await.map_err(|error| failed(&error))?;
    Ok(Json(List { dead_letters: letters.into_iter().map(Letter::from).collect() }))
}

/// `GET /host/dead-letters/{id}`: one, with its payload.
pub(super) async fn show(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Result<Json<Letter>, ApiError> {
    Ok(Json(find(&api, &id).await?.into()))
}

/// `POST /host/dead-letters/{id}/redrive`: runs it again as a new request.
pub(super) async fn redrive(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Redriven>), ApiError> {
    let letter = find(&api, &id).await?;
    let function = api.registry.resolve(&letter.function, None).map_err(ApiError::FunctionNotFound)?;
    let request_id = clock::new_id();
    let age_ms = i64::try_from(function.spec.asynchronous.maximum_event_age.as_millis()).unwrap_or(i64::MAX);
    if !api.queue.redrive(&letter, request_id, age_ms).await.map_err(|error| failed(&error))? {
        return Err(not_found(&id));
    }
    function.capacity.notify_one();
    Ok((StatusCode::ACCEPTED, Json(Redriven { request_id: request_id.to_string() })))
}

/// `DELETE /host/dead-letters/{id}`: forgets it.
pub(super) async fn discard(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let discarded = api.queue.discard(&id).await.map_err(|error| failed(&error))?;
    if discarded { Ok(StatusCode::NO_CONTENT) } else { Err(not_found(&id)) }
}

async fn find(api: &Api, id: &str) -> Result<DeadLetter, ApiError> {
    api.queue.dead_letter(id).await.map_err(|error| failed(&error))?.ok_or_else(|| not_found(id))
}

fn not_found(id: &str) -> ApiError {
    ApiError::NotFound(format!("there is no dead letter {id}"))
}

fn failed(error: &QueueError) -> ApiError {
    tracing::error!(
        error = causes(error),
        "cannot use the dead letters; check the disk of DATA_DIR, or the server of DATABASE_URL"
    );
    ApiError::Service("the event queue cannot be used")
}

fn rfc3339(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// JSON as it is; an error document that was cut, or is none, as a string.
fn json_or_string(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned())
        .or_else(|_| serde_json::value::to_raw_value(text))
        .unwrap_or_else(|_| RawValue::NULL.to_owned())
}
