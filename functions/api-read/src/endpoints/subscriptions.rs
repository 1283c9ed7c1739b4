//! `GET /api/v1/licenses/subscriptions/{tenant}`: what a tenant has bought and until when, or why that is not known.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use super::private_json;
use super::status_of_tenant::unknown;
use crate::Deps;
use crate::store_problem::store_problem;

/// What a tenant has bought
#[utoipa::path(
    get,
    path = "/api/v1/licenses/subscriptions/{tenant}",
    tag = "licences",
    operation_id = "subscriptions",
    params(("tenant" = String, Path, description = "The tenant's key or exact name")),
    responses(
        (status = 200, description = "Its subscriptions, and from when they are", body = Object),
        (status = 404, description = "There is no such tenant"),
    )
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, tenant: &str) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let found = deps.store.subscriptions(tenant).await.map_err(store_problem)?;
    let Some(known) = found else { return Err(unknown(deps, tenant).await?) };
    Ok(private_json(known.to_json().to_string(), &request.headers))
}
