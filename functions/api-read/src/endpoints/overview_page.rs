//! `GET /overview`: the page of all tenants, worst first.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use crate::Deps;
use crate::board::Board;
use crate::pages::{Frame, OverviewPage, Section, render};

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, frame: Frame) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let frame = frame.section(Section::Overview);
    let (_, board) = Board::current(deps).await?;
    let next = deps.outlooks.current(deps).await?;
    let page = OverviewPage::new(&frame, &board, &next, board.last_tick, (deps.clock)());
    render(&page, &frame, StatusCode::OK, &request.headers)
}
