//! `POST /api/v1/licenses/status/fetch[/{tenant}]`: poll now. The poll itself is an asynchronous invocation of
//! `poll-tenant`, whose report goes on to the SharePoint lists; the answer says where to look how far it is.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use leitwarte_store::PollWished;
use leitwarte_web::body;
use leitwarte_web::http::Answer;
use leitwarte_web::openapi::PollAsked;
use leitwarte_web::permission::Principal;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::Query;
use serde_json::{Value, json};

use super::unknown_tenant;
use crate::store_problem::store_problem;
use crate::{Deps, actor};

const POLL_TENANT: &str = "poll-tenant";

/// Poll every tenant now
///
/// Answers at once with the address that tells how far it is. While such a poll is under way another wish is the same
/// wish: nobody is polled twice.
#[utoipa::path(
    post,
    path = "/api/v1/licenses/status/fetch",
    tag = "polls",
    operation_id = "poll_all",
    responses((status = 202, description = "It is started, or was already; `Location` tells how far it is", body = PollAsked))
)]
pub(crate) async fn all(deps: &Deps, request: &ApiGatewayV2httpRequest, caller: &Principal) -> Result<Answer, Problem> {
    check(request)?;
    let wished = deps.store.wish_poll_of_all(actor(caller), (deps.clock)()).await.map_err(store_problem)?;
    if !wished.already {
        start(deps, "", &json!({})).await?;
    }
    let since = wished.since.timestamp_millis();
    Ok(accepted(&format!("/api/v1/licenses/polls?since={since}"), wished.already))
}

/// Poll one tenant now
///
/// Answers at once with the address that tells how far it is. While a poll of this tenant is under way another wish is the
/// same wish. A poll that fails shows there with its reason.
#[utoipa::path(
    post,
    path = "/api/v1/licenses/status/fetch/{tenant}",
    tag = "polls",
    operation_id = "poll_tenant",
    params(("tenant" = String, Path, description = "The tenant's key or exact name")),
    responses(
        (status = 202, description = "It is started, or was already; `Location` tells how far it is", body = PollAsked),
        (status = 404, description = "There is no such tenant"),
        (status = 409, description = "The tenant is switched off"),
    )
)]
pub(crate) async fn one(
    deps: &Deps,
    request: &ApiGatewayV2httpRequest,
    tenant: &str,
    caller: &Principal,
) -> Result<Answer, Problem> {
    check(request)?;
    let now = (deps.clock)();
    // By key or by exact name, as everywhere.
    let known = deps.store.poll_progress(tenant, now).await.map_err(store_problem)?;
    let key = known.ok_or_else(|| unknown_tenant(tenant))?.key;
    let (after, already) = match deps.store.wish_poll(&key, actor(caller), now).await.map_err(store_problem)? {
        PollWished::New { after } => (after, false),
        PollWished::Already { after } => (after, true),
        PollWished::Unknown => return Err(unknown_tenant(tenant)),
        PollWished::Disabled => {
            return Err(Problem::new(
                ProblemKind::TenantDisabled,
                format!(
                    "The tenant `{key}` is switched off, so it is not polled. Switch it on under Monitoring, or in its profile."
                ),
            ));
        }
    };
    if !already {
        // A list, so that a poll that fails is part of the report: who asked does not wait, so an error would only become
        // a dead letter that somebody has to look at. Why it failed stands with the tenant.
        start(deps, &key, &json!({ "tenants": [key] })).await?;
    }
    Ok(accepted(&format!("/api/v1/licenses/polls/{key}?after={after}"), already))
}

fn check(request: &ApiGatewayV2httpRequest) -> Result<(), Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    body::none(request)
}

async fn start(deps: &Deps, key: &str, event: &Value) -> Result<(), Problem> {
    let Err(error) = deps.functions.start(POLL_TENANT, event).await else { return Ok(()) };
    tracing::error!(error = &error as &dyn std::error::Error, "cannot start a poll");
    // So that the next click is heard.
    deps.store.withdraw_poll_wish(key).await.map_err(store_problem)?;
    Err(Problem::new(
        ProblemKind::HostUnavailable,
        "The poll cannot be started now, because the host of the functions does not take it; the log of api-manage says why. \
         Try again in a moment; tenants that are due are polled by themselves all the same.",
    ))
}

fn accepted(location: &str, already: bool) -> Answer {
    let json = json!({ "location": location, "already": already });
    let mut answer = Answer::text(StatusCode::ACCEPTED, "application/json", json.to_string())
        .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .header(RETRY_AFTER, HeaderValue::from_static("1"));
    // A key has letters, digits, dots, dashes and underscores alone.
    if let Ok(location) = HeaderValue::from_str(location) {
        answer.headers.insert(LOCATION, location);
    }
    answer
}
