//! `GET /api/v1/certificates`: every certificate as the last look found it, what does not work first.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_web::http::Answer;
use leitwarte_web::openapi;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use super::private_json;
use crate::Deps;
use crate::store_problem::store_problem;

/// List certificates
#[utoipa::path(
    get,
    path = "/api/v1/certificates",
    tag = "certificates",
    operation_id = "certificates",
    responses((status = 200, description = "Every certificate, what does not work first", body = Vec<openapi::Certificate>))
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let known = deps.store.certificates().await.map_err(store_problem)?;
    let now = (deps.clock)();
    let rows: Vec<_> = known.iter().map(|one| one.to_json(now)).collect();
    let json = serde_json::Value::Array(rows).to_string();
    Ok(private_json(json, &request.headers))
}
