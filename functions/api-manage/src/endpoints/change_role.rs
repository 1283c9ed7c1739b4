//! `POST /api/v1/roles/changes`: a person takes another role, hands an office over, or exchanges it.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use leitwarte_core::roles::wish::Wish;
use leitwarte_core::roles::words::Refusal;
use leitwarte_store::Asked;
use leitwarte_web::body;
use leitwarte_web::http::{Answer, if_match};
use leitwarte_web::permission::Principal;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::roles::{Roles, start};
use crate::Deps;
use crate::store_problem::store_problem;

/// What the caller wants for the own role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleChange {
    /// The role to take, by its name in roles.json.
    to: String,
    /// Number of the person who takes the own office over, where it must not be vacant.
    successor: Option<i64>,
}

/// Change one's own role, or hand an office over
///
/// The change is accepted only upon the version of the caller's own entry that `If-Match` names. It is then carried to Entra
/// ID; `GET /api/v1/roles` shows how far it is. A refusal says why in the caller's language (`Accept-Language`).
#[utoipa::path(
    post,
    path = "/api/v1/roles/changes",
    tag = "roles",
    operation_id = "change_role",
    params(
        ("If-Match" = String, Header, description = "The `version` that was seen, in quotes; `*` for whatever it is", example = "\"3\""),
    ),
    request_body = RoleChange,
    responses(
        (status = 202, description = "Accepted; `number` is the change's number"),
        (status = 409, description = "Refused, nothing was changed; `detail` says why and what to do"),
        (status = 412, description = "Something was changed since that version was seen"),
    )
)]
pub(crate) async fn answer(
    deps: &Deps,
    request: &ApiGatewayV2httpRequest,
    caller: &Principal,
) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let RoleChange { to, successor } = body::json(request)?;
    let seen = if_match(&request.headers)?;
    let roles = Roles::of(deps, request, caller)?;
    let person = roles.person(caller)?;
    let wish = match successor {
        Some(successor) => Wish::HandOver { to, successor },
        None => Wish::Change { to },
    };
    let asked = deps.store.ask_for_role(&roles.table, (roles.tenant, person), &wish, seen, (deps.clock)()).await;
    match asked.map_err(store_problem)? {
        Asked::Accepted(number) => {
            start(deps, number).await;
            Ok(accepted(number))
        }
        Asked::Refused(refusal @ Refusal::Changed) => Err(Problem::changed_meanwhile(roles.words(&refusal), json!({}))),
        Asked::Refused(refusal) => Err(roles.refused(&refusal)),
    }
}

pub(super) fn accepted(number: i64) -> Answer {
    let json = json!({ "number": number, "location": "/api/v1/roles" });
    Answer::text(StatusCode::ACCEPTED, "application/json", json.to_string())
        .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}
