//! `GET /licences.csv`: what a view of the page of licences shows, all of it, for a spreadsheet.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, VARY};
use http::{HeaderValue, StatusCode};
use leitwarte_web::http::{Answer, Coding};
use leitwarte_web::problem::Problem;

use super::status_of_all::{PRIVATE, VARY_BY};
use super::within_limit;
use crate::Deps;
use crate::board::Board;
use crate::pages::{Frame, LicencesView, licences_csv, licences_file_name};

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, frame: Frame) -> Result<Answer, Problem> {
    let view = LicencesView::parse(request.raw_query_string.as_deref())?;
    let (_, board) = Board::current(deps).await?;
    let text = licences_csv(&board, &view.select(&board, frame.language), frame.language);
    let states: Vec<_> = view.states.iter().copied().collect();
    let disposition = format!("attachment; filename=\"{}\"", licences_file_name(frame.language, &states));
    let answer = Answer::text(StatusCode::OK, "text/csv; charset=utf-8", text)
        .header(CACHE_CONTROL, PRIVATE)
        .header(VARY, VARY_BY)
        // Made of words of ours.
        .header(
            CONTENT_DISPOSITION,
            HeaderValue::try_from(disposition).unwrap_or(HeaderValue::from_static("attachment")),
        )
        .compressed(Coding::preferred(&request.headers));
    within_limit(answer, "fewer rows with a filter")
}
