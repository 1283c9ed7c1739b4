//! `GET /health`: whether this function is alive. Asks nothing of anybody.

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use leitwarte_web::http::Answer;
use leitwarte_web::openapi;

/// Whether this function is alive
#[utoipa::path(
    get,
    path = "/health",
    tag = "state",
    operation_id = "health",
    responses((status = 200, description = "It is", body = openapi::State))
)]
pub(crate) fn answer() -> Answer {
    Answer::text(StatusCode::OK, "application/json", r#"{"status":"alive"}"#.to_owned())
        .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}
