//! `GET /incidents`: the page of all incidents; with `closed=1` of those that are over, too.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::Query;

use crate::Deps;
use crate::board::Board;
use crate::pages::{CLOSED_SHOWN, Frame, IncidentsPage, Section, Sight, render};
use crate::store_problem::store_problem;

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, frame: Frame) -> Result<Answer, Problem> {
    let query = Query::parse(request.raw_query_string.as_deref(), &["closed"])?;
    let with_closed = query.get("closed").is_some_and(|closed| closed != "0");
    let frame = frame.section(Section::Incidents);
    let closed = if with_closed { CLOSED_SHOWN } else { 0 };
    let incidents = deps.store.incidents(closed).await.map_err(store_problem)?;
    let sight = match Board::current(deps).await {
        Ok((_, board)) => Sight::of(&board),
        Err(problem) if problem.kind() == ProblemKind::NotPolledYet => Sight::Nothing,
        Err(problem) => return Err(problem),
    };
    let page = IncidentsPage::new(&frame, &incidents, sight, with_closed, (deps.clock)());
    render(&page, &frame, StatusCode::OK, &request.headers)
}
