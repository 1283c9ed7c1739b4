//! `GET /help`: the page of help.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;

use crate::pages::{Frame, HelpPage, Section, render};

pub(crate) fn answer(request: &ApiGatewayV2httpRequest, frame: Frame) -> Result<Answer, Problem> {
    let frame = frame.section(Section::Help);
    render(&HelpPage::new(&frame), &frame, StatusCode::OK, &request.headers)
}
