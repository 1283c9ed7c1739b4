//! `GET /licences`: the page of all licences, sorted and filtered here, so that it is the same without a script.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;

use crate::Deps;
use crate::board::Board;
use crate::pages::{Frame, LicencesPage, LicencesView, Section, render};

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, frame: Frame) -> Result<Answer, Problem> {
    let view = LicencesView::parse(request.raw_query_string.as_deref())?;
    let frame = frame.section(Section::Licences);
    let (_, board) = Board::current(deps).await?;
    let page = LicencesPage::new(&frame, &view, &board, (deps.clock)());
    render(&page, &frame, StatusCode::OK, &request.headers)
}
