//! `PATCH /api/v1/monitoring/tenants/{id}`: whether a tenant is polled, and whether its shortages are told.
//!
//! Where SharePoint is configured the Tenantliste is the master of the switches: it is written first, in the version that
//! was read, and the database only when that has worked. Who asks for it stands in the audit log before.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_core::sharepoint::plan::Switches;
use leitwarte_graph::RowSwitches;
use leitwarte_store::{StoreError, SwitchWish, Switched, TenantSwitches};
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
use crate::tenant_list::{self, InList, ListWish};
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
/// first, and here nothing is changed when it does not take it; `detail` says which list was changed.
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
        return Err(changed_meanwhile(&seen, NOTHING_ELSE));
    }
    let wanted = RowSwitches {
        enabled: wish.enabled.unwrap_or(seen.enabled),
        monitoring: wish.monitoring.unwrap_or(seen.monitoring),
    };
    let list = match tenant_list::switch(deps, ListWish { seen: &seen, wanted, actor: actor(caller) }).await? {
        InList::Differs { now, changed } => return Err(taken_over(deps, key, now, &changed).await?),
        list => list,
    };
    // What was seen is what the list was changed from, whatever the caller demanded.
    let wish = SwitchWish { enabled: Some(wanted.enabled), monitoring: Some(wanted.monitoring) };
    let switched = deps.store.switch_tenant(key, Some(seen.version), wish, actor(caller), (deps.clock)()).await;
    let is_in_list = list == InList::Written;
    match switched.map_err(|error| if is_in_list { follows(error) } else { store_problem(error) })? {
        Switched::Done(now) => Ok(changed(&now.to_json(), now.version)),
        // A sync was faster than this.
        Switched::Changed(now)
            if is_in_list && (now.enabled, now.monitoring) == (wanted.enabled, wanted.monitoring) =>
        {
            Ok(changed(&now.to_json(), now.version))
        }
        Switched::Unknown => Err(unknown_tenant(key)),
        Switched::Changed(now) => Err(changed_meanwhile(&now, if is_in_list { IN_LIST } else { NOTHING_ELSE })),
    }
}

/// The list was changed, and the database does not take it.
fn follows(error: StoreError) -> Problem {
    let problem = store_problem(error);
    let detail = "The Tenantliste, the master of the switches, has what you asked for; the database here does not take it \
                  now and follows with the next sync, within 15 minutes.";
    Problem::new(problem.kind(), detail)
}

/// Somebody has changed the Tenantliste since the last sync: that counts, and the caller has to see it first.
async fn taken_over(deps: &Deps, key: &str, now: RowSwitches, changed: &[String]) -> Result<Problem, Problem> {
    let list = Switches { key: key.to_owned(), enabled: now.enabled, monitoring: now.monitoring };
    let failed = |error| match changed {
        [] => store_problem(error),
        _ => Problem::new(store_problem(error).kind(), partly(changed)),
    };
    deps.store.set_switches(&[list]).await.map_err(failed)?;
    let now = deps.store.switches_of(key).await.map_err(failed)?.ok_or_else(|| unknown_tenant(key))?;
    let rest = partly(changed);
    Ok(changed_meanwhile(&now, if changed.is_empty() { NOTHING_ELSE } else { &rest }))
}

/// Nothing but what somebody else has changed.
const NOTHING_ELSE: &str = "Nothing else was changed; look again and decide anew.";

/// The list was written before the database refused the version.
const IN_LIST: &str = "The Tenantliste has what you asked for, and the next sync, within 15 minutes, takes it over.";

/// Some lists were changed, and then one said something else.
fn partly(changed: &[String]) -> String {
    format!(
        "The Tenantliste of the SharePoint profile {} was changed as you asked, another one says something else; look again \
         and decide anew, so that all say the same.",
        tenant_list::named(changed)
    )
}

/// Somebody has changed the switches; `rest` says what else happened.
fn changed_meanwhile(now: &TenantSwitches, rest: &str) -> Problem {
    let on = |on| if on { "on" } else { "off" };
    let by = match now.switched_by.as_str() {
        "" => "in the Tenantliste".to_owned(),
        who => format!("by {who}"),
    };
    let detail = format!(
        "The switches of `{}` were changed {by} since you have seen them: enabled is {} and monitoring is {} now. {rest}",
        now.key,
        on(now.enabled),
        on(now.monitoring)
    );
    Problem::changed_meanwhile(detail, now.to_json())
}
