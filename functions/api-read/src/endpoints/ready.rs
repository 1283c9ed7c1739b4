//! `GET /ready`: whether this function can serve, which is whether the database answers. Tells nobody why not: that is
//! in the log.

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use leitwarte_web::http::Answer;
use leitwarte_web::openapi;
use leitwarte_web::problem::{Problem, ProblemKind};

use crate::Deps;
use crate::store_problem::log;

/// Whether it can serve
#[utoipa::path(
    get,
    path = "/ready",
    tag = "state",
    operation_id = "ready",
    responses(
        (status = 200, description = "It can", body = openapi::State),
        (status = 503, description = "The database does not answer"),
    )
)]
pub(crate) async fn answer(deps: &Deps) -> Result<Answer, Problem> {
    deps.store.ready().await.map_err(|error| {
        log(&error);
        Problem::new(ProblemKind::StoreUnavailable, "The service is not ready. Its log says why.")
    })?;
    let answer = Answer::text(StatusCode::OK, "application/json", r#"{"status":"ready"}"#.to_owned());
    Ok(answer.header(CACHE_CONTROL, HeaderValue::from_static("no-store")))
}
