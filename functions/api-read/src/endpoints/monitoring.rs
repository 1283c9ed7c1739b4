//! `GET /api/v1/monitoring/tenants`: every tenant's switches, and who set them last.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_store::TenantSwitches;
use leitwarte_web::http::Answer;
use leitwarte_web::openapi::MonitoredTenant;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use super::private_json;
use crate::Deps;
use crate::store_problem::store_problem;

/// List the tenants' switches
#[utoipa::path(
    get,
    path = "/api/v1/monitoring/tenants",
    tag = "monitoring",
    operation_id = "monitored_tenants",
    responses((status = 200, description = "Every tenant, by name", body = Vec<MonitoredTenant>))
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let tenants = deps.store.switches().await.map_err(store_problem)?;
    let rows: Vec<_> = tenants.iter().map(TenantSwitches::to_json).collect();
    Ok(private_json(serde_json::Value::Array(rows).to_string(), &request.headers))
}
