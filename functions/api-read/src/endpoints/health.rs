//! `GET /health`: whether this function is alive. Asks nothing of anybody.

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use leitwarte_web::http::Answer;

pub(crate) fn answer() -> Answer {
    Answer::text(StatusCode::OK, "application/json", r#"{"status":"alive"}"#.to_owned())
        .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}
