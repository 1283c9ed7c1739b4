//! `GET /api/v1/incidents`: shortages that are open, the newest first; with `closed` also the last so many that are not.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_store::StoredIncident;
use leitwarte_web::http::Answer;
use leitwarte_web::openapi;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use super::{private_json, within_limit};
use crate::Deps;
use crate::store_problem::store_problem;

/// Largest `closed`.
const MOST_CLOSED: u32 = 1000;

/// List incidents
#[utoipa::path(
    get,
    path = "/api/v1/incidents",
    tag = "incidents",
    operation_id = "incidents",
    params(("closed" = Option<u32>, Query, description = "The last so many that are over, too", minimum = 0, maximum = 1000)),
    responses(
        (status = 200, description = "Open incidents, the newest first", body = Vec<openapi::Incident>),
        (status = 413, description = "Larger than Lambda carries: ask for less"),
    )
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    let query = Query::parse(request.raw_query_string.as_deref(), &["closed"])?;
    let closed = query.number("closed", 0..=MOST_CLOSED, 0)?;
    let incidents = deps.store.incidents(closed).await.map_err(store_problem)?;
    let rows: Vec<_> = incidents.iter().map(StoredIncident::to_json).collect();
    let json = serde_json::Value::Array(rows).to_string();
    within_limit(private_json(json, &request.headers), "fewer closed incidents with `closed`")
}
