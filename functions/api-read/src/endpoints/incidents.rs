//! `GET /api/v1/incidents`: shortages that are open, the newest first; with `closed` also the last so many that are not.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_store::StoredIncident;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::{Query, bad};

use super::private_json;
use crate::Deps;
use crate::store_problem::store_problem;

/// Largest `closed`.
const MOST_CLOSED: u32 = 1000;

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    let query = Query::parse(request.raw_query_string.as_deref(), &["closed"])?;
    let closed = match query.get("closed") {
        None => 0,
        Some(text) => {
            let closed = text.parse().ok().filter(|closed| *closed <= MOST_CLOSED);
            closed.ok_or_else(|| bad("closed", &format!("has to be a whole number from 0 to {MOST_CLOSED}")))?
        }
    };
    let incidents = deps.store.incidents(closed).await.map_err(store_problem)?;
    let rows: Vec<_> = incidents.iter().map(StoredIncident::to_json).collect();
    let json = serde_json::Value::Array(rows).to_string();
    let answer = private_json(json, &request.headers);
    if answer.fits() {
        return Ok(answer);
    }
    Err(Problem::new(
        ProblemKind::AnswerTooLarge,
        "The answer is larger than the 6 MB that Lambda carries. Accept compression (`Accept-Encoding: gzip`), or ask for \
         fewer closed incidents with `closed`.",
    ))
}
