//! `GET /roles`: the page of roles.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use super::roles::load;
use crate::Deps;
use crate::pages::{Frame, RolesPage, Section, render};

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, frame: Frame) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let frame = frame.section(Section::Roles);
    let view = load(deps, &frame).await?;
    render(&RolesPage::new(&frame, &view, (deps.clock)()), &frame, StatusCode::OK, &request.headers)
}
