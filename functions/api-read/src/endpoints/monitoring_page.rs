//! `GET /monitoring`: the page of the switches.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use crate::Deps;
use crate::pages::{Frame, MonitoringPage, Section, render};
use crate::store_problem::store_problem;

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, frame: Frame) -> Result<Answer, Problem> {
    let query = Query::parse(request.raw_query_string.as_deref(), &["q"])?;
    let frame = frame.section(Section::Monitoring);
    let tenants = deps.store.switches().await.map_err(store_problem)?;
    let page = MonitoringPage::new(&frame, &tenants, query.get("q").unwrap_or_default(), (deps.clock)());
    render(&page, &frame, StatusCode::OK, &request.headers)
}
