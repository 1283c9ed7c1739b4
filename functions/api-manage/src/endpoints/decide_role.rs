//! `POST /api/v1/roles/decisions`: where Entra and this product differ, an administrator decides which side holds.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use leitwarte_core::roles::standing::{Drift, Side};
use leitwarte_core::roles::words::Refusal;
use leitwarte_store::Decided;
use leitwarte_web::body;
use leitwarte_web::http::Answer;
use leitwarte_web::permission::Principal;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::change_role::accepted;
use super::roles::{Roles, compare, start};
use crate::store_problem::store_problem;
use crate::{Deps, actor};

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleDecision {
    /// Number of the person.
    person: i64,
    /// Which side holds.
    holds: Holds,
    /// The difference that was seen, as `GET /api/v1/roles` gives it.
    drift: Map<String, Value>,
}

/// A side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Holds {
    /// What Entra says is stored here.
    Entra,
    /// What is stored here is carried to Entra.
    Stored,
}

/// Decide about a difference of roles
///
/// The last comparison has to have found the very one that was seen; decided upon another one, nothing is changed.
#[utoipa::path(
    post,
    path = "/api/v1/roles/decisions",
    tag = "roles",
    operation_id = "decide_role",
    request_body = RoleDecision,
    responses(
        (status = 200, description = "What Entra says is stored here"),
        (status = 202, description = "What is stored here is being carried to Entra; `number` is the change's number"),
        (status = 409, description = "Refused, or this side cannot hold; nothing was changed"),
        (status = 412, description = "The difference is not what was seen; `current` names those there are now"),
    )
)]
pub(crate) async fn answer(
    deps: &Deps,
    request: &ApiGatewayV2httpRequest,
    caller: &Principal,
) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let RoleDecision { person, holds, drift } = body::json(request)?;
    let side = match holds {
        Holds::Entra => Side::Entra,
        Holds::Stored => Side::Stored,
    };
    let roles = Roles::of(deps, request, caller)?;
    let now = (deps.clock)();
    let changed = |refusal: &Refusal, there_are: &[Drift]| {
        Err(Problem::changed_meanwhile(roles.words(refusal), json!({ "drifts": there_are })))
    };
    // What is no difference at all is none that anybody has seen here.
    let Ok(drift) = serde_json::from_value::<Drift>(drift.into()) else { return changed(&Refusal::Changed, &[]) };
    let seen = (side, Some(&drift));
    let decided = deps.store.decide_drift(&roles.table, (roles.tenant, person), seen, actor(caller), now).await;
    match decided.map_err(store_problem)? {
        Decided::Stored => {
            compare(deps).await;
            Ok(Answer::text(StatusCode::OK, "application/json", "{\"stored\":true}".to_owned())
                .header(CACHE_CONTROL, HeaderValue::from_static("no-store")))
        }
        Decided::Accepted(number) => {
            start(deps, number).await;
            Ok(accepted(number))
        }
        Decided::Refused(refusal) => Err(roles.refused(&refusal)),
        // The difference is there, but not this way out of it.
        Decided::NoFinding if !drift.ways_out().contains(&side) => Err(roles.refused(&Refusal::NoDifference)),
        Decided::NoFinding => changed(&Refusal::NoDifference, &[]),
        Decided::Changed(there_are) => changed(&Refusal::Changed, &there_are),
    }
}
