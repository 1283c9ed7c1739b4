//! `GET /api/v1/licenses/status/{tenant}`: one tenant's stock, worst first. The tenant is named by its key or else by its
//! exact name; a key wins over another tenant's name.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_web::http::Answer;
use leitwarte_web::openapi;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::Query;

use super::private_json;
use crate::Deps;
use crate::store_problem::{is_before_first_poll, not_polled_yet, store_problem};

/// Names are at most 255 characters; longer ones are not repeated in full.
const SHOWN_CHARACTERS: usize = 255;

/// One tenant's stock, worst first
#[utoipa::path(
    get,
    path = "/api/v1/licenses/status/{tenant}",
    tag = "licences",
    operation_id = "status_of_tenant",
    params(("tenant" = String, Path, description = "The tenant's key or exact name")),
    responses(
        (status = 200, description = "A row for each product", body = Vec<openapi::StatusRow>),
        (status = 404, description = "There is no such tenant"),
    )
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, tenant: &str) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let Some(snapshot) = deps.store.snapshot(tenant).await.map_err(store_problem)? else {
        return Err(unknown(deps, tenant).await?);
    };
    let rows = snapshot.rows(&deps.polls, (deps.clock)());
    let json = serde_json::to_string(&rows).map_err(|error| {
        tracing::error!(%error, "cannot write rows as JSON");
        Problem::new(ProblemKind::Internal, "The answer could not be written; the log of api-read says why.")
    })?;
    Ok(private_json(json, &request.headers))
}

/// Before the first poll nobody knows which tenants there are.
pub(super) async fn unknown(deps: &Deps, tenant: &str) -> Result<Problem, Problem> {
    let revision = deps.store.revision().await.map_err(store_problem)?;
    if is_before_first_poll(&revision) {
        return Ok(not_polled_yet());
    }
    let shown: String = tenant.chars().take(SHOWN_CHARACTERS).collect();
    Ok(Problem::new(
        ProblemKind::UnknownTenant,
        format!(
            "There is no tenant with the key or the name `{shown}`. The key is the <name> in config-<name>-profile.json; a \
             new profile is known after the next poll."
        ),
    ))
}
