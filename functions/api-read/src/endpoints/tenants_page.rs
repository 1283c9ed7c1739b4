//! `GET /tenants`: the page of tenants. `open` leads on to the one that is called exactly so, or that alone is found.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use crate::Deps;
use crate::board::Board;
use crate::pages::{Frame, Section, TenantsPage, render, tenant_address};

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, frame: Frame) -> Result<Answer, Problem> {
    let query = Query::parse(request.raw_query_string.as_deref(), &["q", "failing", "open"])?;
    let search = query.get("q").unwrap_or_default().trim();
    let (_, board) = Board::current(deps).await?;
    if query.get("open").is_some()
        && let Some(tenant) = board.tenant(search)
    {
        return Ok(Answer::see_other(&tenant_address(&tenant.info.key)));
    }
    let frame = frame.section(Section::Tenants);
    let page = TenantsPage::new(&frame, &board, search, query.get("failing").is_some(), (deps.clock)());
    render(&page, &frame, StatusCode::OK, &request.headers)
}
