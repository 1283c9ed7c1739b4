//! `/simulator/sites/{site}/…`: what a person does with lists in the browser, and the flows, see
//! [`crate::SiteVisit`]. `{site}` is the site's id or the last part of its path, `{list}` a list's GUID or name.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::json;

use super::{Answer, read};
use crate::sharepoint::{FlowMessage, Row, SiteVisit};
use crate::world::{OrderError, World};

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/simulator/sites/{site}/lists/{list}/rows", get(rows).post(add_row))
        .route("/simulator/sites/{site}/lists/{list}/rows/{row}", patch(set_fields).delete(delete_row))
        .route("/simulator/sites/{site}/flows", post(run_flows))
        .route("/simulator/sites/{site}/messages", get(messages))
}

fn visit<'a>(world: &'a World, site: &str) -> Result<SiteVisit<'a>, OrderError> {
    Ok(SiteVisit::of(world.site(site)?, &world.clock))
}

type InList = Path<(String, String)>;
type InRow = Path<(String, String, u64)>;

/// `GET …/rows`: every row, see [`Row`].
async fn rows(State(world): State<Arc<World>>, Path((site, list)): InList) -> Answer<Json<Vec<Row>>> {
    Ok(Json(visit(&world, &site)?.rows(&list)?))
}

/// `POST …/rows` with the cells as a JSON object; answers with the row's number.
async fn add_row(State(world): State<Arc<World>>, Path((site, list)): InList, body: Bytes) -> Answer<Response> {
    let id = visit(&world, &site)?.add_row(&list, &read(&body)?)?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))).into_response())
}

/// `PATCH …/rows/{row}` with the cells to set; null empties one.
async fn set_fields(
    State(world): State<Arc<World>>,
    Path((site, list, row)): InRow,
    body: Bytes,
) -> Answer<StatusCode> {
    visit(&world, &site)?.set_fields(&list, row, &read(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE …/rows/{row}`.
async fn delete_row(State(world): State<Arc<World>>, Path((site, list, row)): InRow) -> Answer<StatusCode> {
    visit(&world, &site)?.delete_row(&list, row)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST …/flows`: plays the flows once and answers with what they sent.
async fn run_flows(State(world): State<Arc<World>>, Path(site): Path<String>) -> Answer<Json<Vec<FlowMessage>>> {
    Ok(Json(visit(&world, &site)?.run_flows()?))
}

/// `GET …/messages`: everything the flows have sent.
async fn messages(State(world): State<Arc<World>>, Path(site): Path<String>) -> Answer<Json<Vec<FlowMessage>>> {
    Ok(Json(visit(&world, &site)?.messages()))
}
