//! `GET /api/v1/licenses/history/{tenant}`: how the numbers of each product went, for charts. `days` says how far back. Up to
//! 16 days there is at most one point an hour, beyond that one a day; what did not change leaves none.

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
const DAYS: u32 = 90;

/// How the numbers of each product went
///
/// Up to 16 days there is at most one point an hour, beyond that one a day; what did not change leaves none.
#[utoipa::path(
    get,
    path = "/api/v1/licenses/history/{tenant}",
    tag = "licences",
    operation_id = "history",
    params(
        ("tenant" = String, Path, description = "The tenant's key or exact name"),
        ("days" = Option<u32>, Query, description = "How far back; 90 without it", minimum = 1, maximum = 400),
    ),
    responses(
        (status = 200, description = "Each product's points", body = openapi::History),
        (status = 404, description = "There is no such tenant"),
        (status = 413, description = "Larger than Lambda carries: ask for less"),
    )
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, tenant: &str) -> Result<Answer, Problem> {
    let query = Query::parse(request.raw_query_string.as_deref(), &["days"])?;
    let most = u32::try_from(LONGEST.num_days()).unwrap_or(u32::MAX);
    let days = query.number("days", 1..=most, DAYS)?;
    let now = (deps.clock)();
    let since = now - TimeDelta::days(days.into());
    let found = deps.store.stock_history(tenant, since, now).await.map_err(store_problem)?;
    let Some(history) = found else { return Err(unknown(deps, tenant).await?) };
    within_limit(private_json(history.to_json().to_string(), &request.headers), "fewer `days`")
}
