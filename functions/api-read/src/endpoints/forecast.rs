//! `GET /api/v1/licenses/forecast/{tenant}`: how long each product of a tenant lasts, with the reasoning.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_web::http::Answer;
use leitwarte_web::openapi;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use super::private_json;
use super::status_of_tenant::unknown;
use crate::Deps;
use crate::store_problem::store_problem;

/// How long each product of a tenant lasts
#[utoipa::path(
    get,
    path = "/api/v1/licenses/forecast/{tenant}",
    tag = "licences",
    operation_id = "forecast",
    params(("tenant" = String, Path, description = "The tenant's key or exact name")),
    responses(
        (status = 200, description = "Each product with the reasoning", body = openapi::Forecast),
        (status = 404, description = "There is no such tenant"),
    )
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, tenant: &str) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let found = deps.store.outlook(tenant, &deps.polls, (deps.clock)()).await.map_err(store_problem)?;
    let Some(outlook) = found else { return Err(unknown(deps, tenant).await?) };
    let json = outlook.to_json().to_string();
    Ok(private_json(json, &request.headers))
}
