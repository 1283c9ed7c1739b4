//! `GET /api/v1/rules`: what counts as a shortage, and who said so.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_store::StoredRule;
use leitwarte_web::http::Answer;
use leitwarte_web::openapi::Rule;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use super::private_json;
use crate::Deps;
use crate::store_problem::store_problem;

/// List the rules that were set
///
/// Where no rule says otherwise, a licence is short when none is free; free and trial products and those that hold for the
/// whole company are not told.
#[utoipa::path(
    get,
    path = "/api/v1/rules",
    tag = "rules",
    operation_id = "rules",
    responses((status = 200, description = "Every rule, the wide ones first", body = Vec<Rule>))
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let rules = deps.store.stored_rules().await.map_err(store_problem)?;
    let rows: Vec<_> = rules.iter().map(StoredRule::to_json).collect();
    Ok(private_json(serde_json::Value::Array(rows).to_string(), &request.headers))
}
