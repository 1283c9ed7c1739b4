//! `GET /api/v1/licenses/changes/{tenant}`: what was bought, assigned and suspended, the newest first: who ate it. `days` says
//! how far back, `limit` how many at most.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_core::TimeDelta;
use leitwarte_core::series::LONGEST;
use leitwarte_web::http::Answer;
use leitwarte_web::openapi;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use super::status_of_tenant::unknown;
use super::{private_json, within_limit};
use crate::Deps;
use crate::store_problem::store_problem;

/// Days looked back at when nobody says how many.
const DAYS: u32 = 30;
/// Changes when nobody says how many.
const LIMIT: u32 = 200;
/// Largest `limit`.
const MOST: u32 = 5000;

/// What was bought, assigned and suspended in a tenant
#[utoipa::path(
    get,
    path = "/api/v1/licenses/changes/{tenant}",
    tag = "licences",
    operation_id = "changes",
    params(
        ("tenant" = String, Path, description = "The tenant's key or exact name"),
        ("days" = Option<u32>, Query, description = "How far back; 30 without it", minimum = 1, maximum = 400),
        ("limit" = Option<u32>, Query, description = "At most so many; 200 without it", minimum = 1, maximum = 5000),
    ),
    responses(
        (status = 200, description = "Changes, the newest first", body = openapi::Changes),
        (status = 404, description = "There is no such tenant"),
        (status = 413, description = "Larger than Lambda carries: ask for less"),
    )
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, tenant: &str) -> Result<Answer, Problem> {
    let query = Query::parse(request.raw_query_string.as_deref(), &["days", "limit"])?;
    let most_days = u32::try_from(LONGEST.num_days()).unwrap_or(u32::MAX);
    let days = query.number("days", 1..=most_days, DAYS)?;
    let limit = query.number("limit", 1..=MOST, LIMIT)?;
    let since = (deps.clock)() - TimeDelta::days(days.into());
    let found = deps.store.tenant_changes(tenant, since, limit).await.map_err(store_problem)?;
    let Some(changes) = found else { return Err(unknown(deps, tenant).await?) };
    within_limit(private_json(changes.to_json().to_string(), &request.headers), "fewer `days` or a smaller `limit`")
}
