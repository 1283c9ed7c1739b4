//! One endpoint, one file.

pub(crate) mod act_on_incident;
pub(crate) mod change_role;
pub(crate) mod decide_role;
pub(crate) mod poll_now;
mod roles;
pub(crate) mod set_rule;
pub(crate) mod switch_tenant;

use std::collections::HashMap;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::header::{CACHE_CONTROL, ETAG};
use http::{HeaderValue, StatusCode};
use leitwarte_web::http::{Answer, version_tag};
use leitwarte_web::permission::Principal;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::routes::Route;
use serde_json::Value;

use crate::Deps;
use crate::routes::Endpoint;

/// Names are at most 255 characters; longer ones are not repeated in full.
const SHOWN_CHARACTERS: usize = 255;

/// Lets the endpoint of a route answer a request that may have it.
pub(crate) async fn answer(
    deps: &Deps,
    route: &Route<Endpoint>,
    request: &ApiGatewayV2httpRequest,
    parameters: &HashMap<String, String>,
    caller: &Principal,
) -> Result<Answer, Problem> {
    let parameter = |name| parameters.get(name).map(String::as_str).unwrap_or_default();
    match route.endpoint {
        Endpoint::SwitchTenant => switch_tenant::answer(deps, request, parameter("id"), caller).await,
        Endpoint::ActOnIncident => act_on_incident::answer(deps, request, parameter("number"), caller).await,
        Endpoint::SetRule => set_rule::answer(deps, request, caller).await,
        Endpoint::ChangeRole => change_role::answer(deps, request, caller).await,
        Endpoint::DecideRole => decide_role::answer(deps, request, caller).await,
        Endpoint::PollAll => poll_now::all(deps, request, caller).await,
        Endpoint::PollTenant => poll_now::one(deps, request, parameter("tenant"), caller).await,
    }
}

/// How something is after a change, with its version. Nobody keeps that: reading it is another address.
fn changed(json: &Value, version: i64) -> Answer {
    Answer::text(StatusCode::OK, "application/json", json.to_string())
        .header(ETAG, version_tag(version))
        .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

fn unknown_tenant(key: &str) -> Problem {
    let shown: String = key.chars().take(SHOWN_CHARACTERS).collect();
    Problem::new(
        ProblemKind::UnknownTenant,
        format!(
            "There is no tenant with the key `{shown}`. The key is the <name> in config-<name>-profile.json; a new profile \
             is known after the next poll."
        ),
    )
}
