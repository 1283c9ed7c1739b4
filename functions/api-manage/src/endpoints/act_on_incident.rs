//! `POST /api/v1/incidents/{number}/actions`: what a person does about an incident.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_core::incident::{Action, LARGEST_ORDER};
use leitwarte_core::{DateTime, NaiveDate, Utc};
use leitwarte_store::Acted;
use leitwarte_web::body;
use leitwarte_web::http::{Answer, if_match};
use leitwarte_web::openapi::Incident;
use leitwarte_web::permission::Principal;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::Query;
use serde::Deserialize;
use utoipa::ToSchema;

use super::changed;
use crate::store_problem::store_problem;
use crate::{Deps, actor};

/// What is done. Each is refused with more or with other fields than its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum IncidentAction {
    /// "I have seen it."
    Acknowledge {},
    /// "Licences are on their way": nobody is told again before they should be there.
    Order {
        /// How many.
        #[schema(minimum = 1, maximum = 1_000_000)]
        quantity: i64,
        /// The day by which they should be there, from today to a year ahead.
        expected_on: NaiveDate,
    },
    /// "Not before then": people are told again at that moment if it still holds.
    Snooze {
        /// From now to 90 days ahead.
        until: DateTime<Utc>,
    },
    /// Takes acknowledgement, order or snooze back.
    Reopen {},
}

const _: () = assert!(LARGEST_ORDER == 1_000_000, "the document names the largest order");

impl From<IncidentAction> for Action {
    fn from(action: IncidentAction) -> Self {
        match action {
            IncidentAction::Acknowledge {} => Self::Acknowledge,
            IncidentAction::Order { quantity, expected_on } => Self::Order { quantity, expected_on },
            IncidentAction::Snooze { until } => Self::Snooze { until },
            IncidentAction::Reopen {} => Self::Reopen,
        }
    }
}

/// Acknowledge, order, snooze or reopen an incident
///
/// The incident is changed only in the version that `If-Match` names.
#[utoipa::path(
    post,
    path = "/api/v1/incidents/{number}/actions",
    tag = "incidents",
    operation_id = "act_on_incident",
    params(
        ("number" = i64, Path, description = "The incident's number", minimum = 1),
        ("If-Match" = String, Header, description = "The `version` that was seen, in quotes; `*` for whatever it is", example = "\"3\""),
    ),
    request_body = IncidentAction,
    responses(
        (status = 200, description = "Done; the incident afterwards", body = Incident),
        (status = 404, description = "There is no such incident"),
        (status = 409, description = "The incident is over"),
        (status = 412, description = "Somebody has changed it since; `current` is how it is now"),
        (status = 422, description = "A quantity, day or moment that cannot be meant"),
    )
)]
pub(crate) async fn answer(
    deps: &Deps,
    request: &ApiGatewayV2httpRequest,
    number: &str,
    caller: &Principal,
) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let action: IncidentAction = body::json(request)?;
    let version = if_match(&request.headers)?;
    let number: i64 = number.parse().map_err(|_| unknown(number))?;
    let acted = deps.store.act_on_incident(number, version, action.into(), actor(caller), (deps.clock)()).await;
    match acted.map_err(store_problem)? {
        Acted::Done(incident) => Ok(changed(&incident.to_json(), incident.version)),
        Acted::Unknown => Err(unknown(&number.to_string())),
        Acted::Closed => Err(Problem::new(
            ProblemKind::IncidentClosed,
            format!(
                "Incident {number} is over: stock is back, or the product is gone. There is nothing to do about it."
            ),
        )),
        Acted::Changed(now) => Err(Problem::changed_meanwhile(
            format!(
                "Incident {number} was changed since version {} was seen: it is {} now. Look at it again.",
                version.unwrap_or_default(),
                now.incident.phase.as_str()
            ),
            now.to_json(),
        )),
        Acted::Refused(refusal) => {
            Err(Problem::new(ProblemKind::ImpossibleWish, format!("Nothing was changed: {refusal}.")))
        }
    }
}

fn unknown(number: &str) -> Problem {
    let shown: String = number.chars().take(20).collect();
    Problem::new(
        ProblemKind::UnknownIncident,
        format!("There is no incident `{shown}`; `GET /api/v1/incidents?closed=1000` lists them."),
    )
}
