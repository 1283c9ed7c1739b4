//! `GET /api/v1/revision`: how far the data has come. Pages ask it now and then, and only when it has changed for their
//! numbers again: one small query, and 304 for whoever has the answer.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_web::http::Answer;
use leitwarte_web::openapi;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use super::private_json;
use crate::Deps;
use crate::store_problem::store_problem;

/// How far the data has come
#[utoipa::path(
    get,
    path = "/api/v1/revision",
    tag = "state",
    operation_id = "revision",
    responses((status = 200, description = "Another number means other data", body = openapi::Revision))
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let revision = deps.store.revision().await.map_err(store_problem)?;
    let json = serde_json::json!({ "revision": revision.number, "last_tick": revision.last_tick }).to_string();
    Ok(private_json(json, &request.headers))
}
