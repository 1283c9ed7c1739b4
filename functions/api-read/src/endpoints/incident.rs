//! `GET /api/v1/incidents/{number}`: one shortage and all that happened to it.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_store::{IncidentEvent, StoredIncident};
use leitwarte_web::http::Answer;
use leitwarte_web::openapi::IncidentWithEvents;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::Query;
use serde_json::{Value, json};

use super::private_json;
use crate::Deps;
use crate::store_problem::store_problem;

/// Read one incident
#[utoipa::path(
    get,
    path = "/api/v1/incidents/{number}",
    tag = "incidents",
    operation_id = "incident",
    params(("number" = i64, Path, description = "The incident's number", minimum = 1)),
    responses(
        (status = 200, description = "The incident and what happened to it, oldest first", body = IncidentWithEvents),
        (status = 404, description = "There is no such incident"),
    )
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, number: &str) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let (incident, events) = find(deps, number).await?;
    let event =
        |event: &IncidentEvent| json!({ "at": event.at, "who": event.who, "what": event.what, "detail": event.detail });
    let events: Vec<Value> = events.iter().map(event).collect();
    Ok(private_json(json!({ "incident": incident.to_json(), "events": events }).to_string(), &request.headers))
}

/// The incident of a number as it stands in an address.
pub(crate) async fn find(deps: &Deps, number: &str) -> Result<(StoredIncident, Vec<IncidentEvent>), Problem> {
    let unknown = || {
        let shown: String = number.chars().take(20).collect();
        Problem::new(ProblemKind::UnknownIncident, format!("There is no incident `{shown}`."))
    };
    let number: i64 = number.parse().map_err(|_| unknown())?;
    deps.store.incident(number).await.map_err(store_problem)?.ok_or_else(unknown)
}
