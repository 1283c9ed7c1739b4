//! `GET /`: the public main page.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;

use crate::pages::{Frame, MainPage, render};

pub(crate) fn answer(request: &ApiGatewayV2httpRequest, frame: &Frame) -> Result<Answer, Problem> {
    render(&MainPage::new(frame), frame, StatusCode::OK, &request.headers)
}
