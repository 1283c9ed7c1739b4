//! The Tenantliste in SharePoint, master of the switches where it is configured.

use std::collections::BTreeMap;
use std::time::Duration;

use leitwarte_core::poll::PollFailure;
use leitwarte_core::profile::comparable_name;
use leitwarte_core::sharepoint::plan::tenant_row;
use leitwarte_core::sharepoint::profile::SharePointProfile;
use leitwarte_graph::{AppRegistration, Budget, RowSwitches, TenantListError, Written};
use leitwarte_runtime::sharepoint_profiles;
use leitwarte_store::TenantSwitches;
use leitwarte_web::problem::{Problem, ProblemKind};

use crate::Deps;
use crate::store_problem::store_problem;

/// A person waits for this.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of a change in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InList {
    /// The list says so now.
    Written,
    /// There is no list.
    NotConfigured,
    /// The list said something else than the caller has seen, and says so still.
    Differs(RowSwitches),
}

/// Sets the switches in every Tenantliste that is configured.
///
/// # Errors
/// A list that cannot be read or does not take it, in words; nothing may be changed here then.
pub(crate) async fn switch(deps: &Deps, seen: &TenantSwitches, wanted: RowSwitches) -> Result<InList, Problem> {
    let folder = deps.profiles_dir.clone();
    let loaded = tokio::task::spawn_blocking(move || sharepoint_profiles::load(&folder)).await;
    let profiles = loaded
        .map_err(|error| unavailable(&error.to_string()))?
        .map_err(|error| unavailable(&format!("The SharePoint profiles cannot be read: {error}.")))?;
    let mut outcome = InList::NotConfigured;
    for (profile_key, profile) in profiles {
        let profile = profile.map_err(|failure| explained(&failure))?;
        outcome = switch_in(deps, &profile_key, &profile, seen, wanted).await?;
        if matches!(outcome, InList::Differs(_)) {
            break;
        }
    }
    Ok(outcome)
}

async fn switch_in(
    deps: &Deps,
    profile_key: &str,
    profile: &SharePointProfile,
    seen: &TenantSwitches,
    wanted: RowSwitches,
) -> Result<InList, Problem> {
    let (app, budget) = (AppRegistration::from(&profile.app), Budget::of(PATIENCE));
    let list = deps.graph.tenant_list(&app, &budget, &profile.lists).await.map_err(|error| match error {
        TenantListError::Graph(error) => explained(&error.failure()),
        TenantListError::Columns(error) => unavailable(&format!("In SharePoint {error}.")),
    })?;
    let known = deps.store.known_rows(profile_key).await.map_err(store_problem)?;
    let all = deps.store.switches().await.map_err(store_problem)?;
    let names: BTreeMap<String, &str> =
        all.iter().map(|one| (comparable_name(&one.tenant_name), one.key.as_str())).collect();
    let Some(row) = tenant_row((&seen.key, &seen.tenant_name), &list.rows, &known, &names) else {
        return Err(Problem::new(
            ProblemKind::NotInTenantList,
            format!(
                "The Tenantliste has no row of `{}` yet. The next sync, within 15 minutes, makes one with both switches on; \
                 change them then.",
                seen.key
            ),
        ));
    };
    let now = RowSwitches { enabled: row.enabled, monitoring: row.monitoring };
    if now != (RowSwitches { enabled: seen.enabled, monitoring: seen.monitoring }) {
        return Ok(if now == wanted { InList::Written } else { InList::Differs(now) });
    }
    if now == wanted {
        return Ok(InList::Written);
    }
    let lists = (&profile.lists, &list.columns);
    let written = deps.graph.write_switches(&app, &budget, lists, &row.item, wanted).await;
    match written.map_err(|error| explained(&error.failure()))? {
        Written::Done { .. } => Ok(InList::Written),
        Written::Outdated => Err(unavailable("Somebody changes this row of the Tenantliste at the same moment.")),
        Written::Throttled(_) => Err(unavailable("SharePoint asks for a pause.")),
        Written::Unknown => Err(unavailable(
            "SharePoint's answer was lost, so it is not known whether it has taken the change; the next sync, within 15 \
             minutes, tells.",
        )),
        Written::Refused(error) => Err(explained(&error.failure())),
    }
}

fn explained(failure: &PollFailure) -> Problem {
    unavailable(&format!("{} {}", failure.message, failure.fix))
}

fn unavailable(why: &str) -> Problem {
    tracing::warn!(why, "the Tenantliste does not take a change");
    Problem::new(
        ProblemKind::SharePointUnavailable,
        format!("The Tenantliste is the master of the switches and could not be changed, so nothing was. {why}"),
    )
}
