//! `GET /certificates`: the page of all certificates.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use crate::Deps;
use crate::pages::{CertificatesPage, Frame, Section, render};
use crate::store_problem::store_problem;

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, frame: Frame) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let frame = frame.section(Section::Certificates);
    let known = deps.store.certificates().await.map_err(store_problem)?;
    let page = CertificatesPage::new(&frame, &known, (deps.clock)());
    render(&page, &frame, StatusCode::OK, &request.headers)
}
