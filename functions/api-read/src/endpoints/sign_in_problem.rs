//! `GET /sign-in-problem?reason=…`: why a sign-in did not succeed, for people.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::{Query, bad};
use leitwarte_web::sign_in_problem::SignInProblem;

use crate::pages::{Frame, SignInProblemPage, render};

pub(crate) fn answer(request: &ApiGatewayV2httpRequest, frame: &Frame) -> Result<Answer, Problem> {
    let query = Query::parse(request.raw_query_string.as_deref(), &["reason"])?;
    let reason = query.get("reason").and_then(SignInProblem::parse);
    let problem = reason.ok_or_else(|| bad("reason", "is none of the reasons that sign-in gives"))?;
    render(&SignInProblemPage::new(frame, problem), frame, StatusCode::OK, &request.headers)
}
