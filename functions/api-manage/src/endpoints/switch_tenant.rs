//! `PATCH /api/v1/monitoring/tenants/{id}`: whether a tenant is polled, and whether its shortages are told.
//!
//! Where SharePoint is configured the Tenantliste is the master of the switches: it is written first, in the version that
//! was read, and the database only when that has worked.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_core::sharepoint::plan::Switches;
use leitwarte_graph::RowSwitches;
use leitwarte_store::{SwitchWish, Switched, TenantSwitches};
use leitwarte_web::body;
use leitwarte_web::http::{Answer, if_match};
use leitwarte_web::openapi::MonitoredTenant;
use leitwarte_web::permission::Principal;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{changed, unknown_tenant};
use crate::store_problem::store_problem;
use crate::tenant_list::{self, InList};
use crate::{Deps, actor};

/// Which switches to set; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub(crate) struct SwitchTenant {
    /// Whether the tenant is polled.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// Whether its shortages are told.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    monitoring: Option<bool>,
}

/// A value that is there: `null` is none.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    bool::deserialize(deserializer).map(Some)
}

/// Switch polling or monitoring of a tenant on or off
///
/// Both are changed only in the version that `If-Match` names. Where SharePoint is configured, the Tenantliste is changed
/// first and nothing is changed when it does not take it.
#[utoipa::path(
    patch,
    path = "/api/v1/monitoring/tenants/{id}",
    tag = "monitoring",
    operation_id = "switch_tenant",
    params(
        ("id" = String, Path, description = "The tenant's key"),
        ("If-Match" = String, Header, description = "The `version` that was seen, in quotes; `*` for whatever it is", example = "\"1\""),
    ),
    request_body = SwitchTenant,
    responses(
        (status = 200, description = "Done; the switches afterwards", body = MonitoredTenant),
        (status = 404, description = "There is no such tenant"),
        (status = 409, description = "The Tenantliste has no row of the tenant yet"),
        (status = 412, description = "Somebody has changed them since; `current` is how they are now"),
    )
)]
pub(crate) async fn answer(
    deps: &Deps,
    request: &ApiGatewayV2httpRequest,
    key: &str,
    caller: &Principal,
) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let wish: SwitchTenant = body::json(request)?;
    if (wish.enabled, wish.monitoring) == (None, None) {
        return Err(body::bad("it names no switch; give `enabled`, `monitoring` or both"));
    }
    let version = if_match(&request.headers)?;
    let seen = deps.store.switches_of(key).await.map_err(store_problem)?.ok_or_else(|| unknown_tenant(key))?;
    if version.is_some_and(|version| version != seen.version) {
        return Err(changed_meanwhile(&seen));
    }
    let wanted = RowSwitches {
        enabled: wish.enabled.unwrap_or(seen.enabled),
        monitoring: wish.monitoring.unwrap_or(seen.monitoring),
    };
    match tenant_list::switch(deps, &seen, wanted).await? {
        InList::Written | InList::NotConfigured => {}
        InList::Differs(now) => return Err(taken_over(deps, key, now).await?),
    }
    // What was seen is what the list was changed from, whatever the caller demanded.
    let wish = SwitchWish { enabled: Some(wanted.enabled), monitoring: Some(wanted.monitoring) };
    let switched = deps.store.switch_tenant(key, Some(seen.version), wish, actor(caller), (deps.clock)()).await;
    match switched.map_err(store_problem)? {
        Switched::Done(now) => Ok(changed(&now.to_json(), now.version)),
        Switched::Unknown => Err(unknown_tenant(key)),
        Switched::Changed(now) => Err(changed_meanwhile(&now)),
    }
}

/// Somebody has changed the Tenantliste since the last sync: that counts, and the caller has to see it first.
async fn taken_over(deps: &Deps, key: &str, now: RowSwitches) -> Result<Problem, Problem> {
    let list = Switches { key: key.to_owned(), enabled: now.enabled, monitoring: now.monitoring };
    deps.store.set_switches(&[list]).await.map_err(store_problem)?;
    let now = deps.store.switches_of(key).await.map_err(store_problem)?.ok_or_else(|| unknown_tenant(key))?;
    Ok(changed_meanwhile(&now))
}

fn changed_meanwhile(now: &TenantSwitches) -> Problem {
    let on = |on| if on { "on" } else { "off" };
    let by = match now.switched_by.as_str() {
        "" => "in the Tenantliste".to_owned(),
        who => format!("by {who}"),
    };
    let detail = format!(
        "The switches of `{}` were changed {by} since you have seen them: enabled is {} and monitoring is {} now. Nothing \
         else was changed; look again and decide anew.",
        now.key,
        on(now.enabled),
        on(now.monitoring)
    );
    Problem::changed_meanwhile(detail, now.to_json())
}
