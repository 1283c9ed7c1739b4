//! `GET /tenants/{tenant}`: the page of one tenant, named by its key or an exact name.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_core::{DateTime, TimeDelta, Utc};
use leitwarte_store::{CertificateKind, StoreError};
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use super::status_of_tenant::unknown;
use crate::Deps;
use crate::board::Board;
use crate::pages::{Frame, KnownTenant, Section, TenantPage, render};
use crate::store_problem::store_problem;

/// Days of history that are drawn, and days whose changes are listed.
const DRAWN: TimeDelta = TimeDelta::days(90);
const LISTED: TimeDelta = TimeDelta::days(30);
/// Most changes, polls and closed shortages that are listed.
const CHANGES: u32 = 50;
const POLLS: u32 = 12;
const CLOSED: u32 = 50;

pub(crate) async fn answer(
    deps: &Deps,
    request: &ApiGatewayV2httpRequest,
    tenant: &str,
    frame: Frame,
) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let frame = frame.section(Section::Tenants);
    let now = (deps.clock)();
    let (_, board) = Board::current(deps).await?;
    let Some(tenant) = board.tenant(tenant) else { return Err(unknown(deps, tenant).await?) };
    let known = read(deps, &tenant.info.key, now).await.map_err(store_problem)?;
    let Some(known) = known else { return Err(unknown(deps, &tenant.info.key).await?) };
    let page = TenantPage::new(&frame, tenant, &known, &deps.polls, now);
    render(&page, &frame, StatusCode::OK, &request.headers)
}

/// All that the page shows; `None` for a tenant that was just removed.
async fn read(deps: &Deps, key: &str, now: DateTime<Utc>) -> Result<Option<KnownTenant>, StoreError> {
    let store = &deps.store;
    let Some(outlook) = store.outlook(key, &deps.polls, now).await? else { return Ok(None) };
    let Some(history) = store.stock_history(key, now - DRAWN, now).await? else { return Ok(None) };
    let Some(changes) = store.tenant_changes(key, now - LISTED, CHANGES).await? else { return Ok(None) };
    let polls = store.recent_polls(key, POLLS).await?;
    let Some(subscriptions) = store.subscriptions(key).await? else { return Ok(None) };
    let incidents = store.incidents_of_tenant(key, CLOSED).await?;
    let certificates = store.certificates().await?.into_iter();
    let certificate =
        certificates.filter(|one| one.look.kind == CertificateKind::Tenant).find(|one| one.look.key == key);
    Ok(Some(KnownTenant { outlook, history, changes, polls, subscriptions, incidents, certificate }))
}
