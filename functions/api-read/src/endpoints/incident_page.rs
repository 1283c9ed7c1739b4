//! `GET /incidents/{number}`: the page of one incident.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use super::incident::find;
use crate::Deps;
use crate::pages::{Case, Frame, IncidentPage, Section, render};
use crate::store_problem::store_problem;

pub(crate) async fn answer(
    deps: &Deps,
    request: &ApiGatewayV2httpRequest,
    frame: Frame,
    number: &str,
) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let frame = frame.section(Section::Incidents);
    let (stored, events) = find(deps, number).await?;
    let key = &stored.incident.tenant;
    let tenant = deps.store.snapshot(key).await.map_err(store_problem)?.filter(|tenant| tenant.key == *key);
    let infos = deps.store.tenants().await.map_err(store_problem)?;
    let rule = deps.store.rules().await.map_err(store_problem)?.of(key, stored.incident.sku_id);
    let case = Case {
        stored: &stored,
        events: &events,
        tenant: tenant.as_ref(),
        tenant_id: infos.iter().find(|info| info.key == *key).and_then(|info| info.tenant_id),
        rule: &rule,
    };
    render(&IncidentPage::new(&frame, case, (deps.clock)()), &frame, StatusCode::OK, &request.headers)
}
