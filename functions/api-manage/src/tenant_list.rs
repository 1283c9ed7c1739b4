//! The Tenantliste in SharePoint, master of the switches where it is configured.

use std::collections::BTreeMap;
use std::time::Duration;

use leitwarte_core::poll::PollFailure;
use leitwarte_core::profile::comparable_name;
use leitwarte_core::sharepoint::plan::tenant_row;
use leitwarte_core::sharepoint::profile::SharePointProfile;
use leitwarte_graph::{AppRegistration, Budget, RowSwitches, TenantListError, Written};
use leitwarte_runtime::sharepoint_profiles;
use leitwarte_store::{Actor, StoreError, TenantSwitches};
use leitwarte_web::problem::{Problem, ProblemKind};

use crate::Deps;
use crate::store_problem::store_problem;

/// A person waits for this.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of a change in the lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InList {
    /// Every list says so now.
    Written,
    /// There is no list.
    NotConfigured,
    /// A list said something else than the caller has seen, and says so still; lists before it say what was wanted.
    Differs {
        /// What it says.
        now: RowSwitches,
        /// Profiles whose lists were changed before.
        changed: Vec<String>,
    },
}

/// A wish about the switches of a tenant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListWish<'a> {
    /// The switches that the caller has seen.
    pub(crate) seen: &'a TenantSwitches,
    /// What they are to be.
    pub(crate) wanted: RowSwitches,
    /// Whose wish it is.
    pub(crate) actor: Actor<'a>,
}

/// Why a list does not say what was wanted.
#[derive(Debug)]
struct Fault {
    kind: ProblemKind,
    /// Whether it may say so all the same.
    perhaps: bool,
    why: String,
}

/// Sets the switches in every Tenantliste that is configured. Who asked for it stands in the audit log before the first one
/// is changed.
///
/// # Errors
/// A list that cannot be read or does not take it, in words that say which lists were changed; nothing may be changed here
/// then.
pub(crate) async fn switch(deps: &Deps, wish: ListWish<'_>) -> Result<InList, Problem> {
    let folder = deps.profiles_dir.clone();
    let loaded = tokio::task::spawn_blocking(move || sharepoint_profiles::load(&folder)).await;
    let profiles = loaded
        .map_err(|error| unavailable(error.to_string()))
        .and_then(|loaded| {
            loaded.map_err(|error| unavailable(format!("The SharePoint profiles cannot be read: {error}.")))
        })
        .map_err(|fault| told(&fault, None, &[]))?;
    let mut changed = Vec::new();
    let mut found = false;
    for (profile_key, profile) in profiles {
        found = true;
        let outcome = match profile {
            Ok(profile) => switch_in(deps, &profile_key, &profile, wish, &mut changed).await,
            Err(failure) => Err(explained(&failure)),
        };
        match outcome {
            Ok(None) => {}
            Ok(Some(now)) => return Ok(InList::Differs { now, changed }),
            Err(fault) => return Err(told(&fault, Some(&profile_key), &changed)),
        }
    }
    Ok(if found { InList::Written } else { InList::NotConfigured })
}

/// The profiles by name, for people.
pub(crate) fn named(profiles: &[String]) -> String {
    profiles.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// A fault as the caller learns it: what was changed, what was not, and what happens next.
fn told(fault: &Fault, profile: Option<&str>, changed: &[String]) -> Problem {
    tracing::warn!(why = fault.why, profile, ?changed, "the Tenantliste does not take a change");
    let why = &fault.why;
    let detail = match (changed, profile) {
        ([_, ..], Some(profile)) => {
            let not = if fault.perhaps { "perhaps not" } else { "not" };
            format!(
                "The Tenantliste of the SharePoint profile {} was changed, that of `{profile}` {not}, and here nothing was. \
                 {why} Do it again then, so that all say the same; otherwise the next sync, within 15 minutes, takes over \
                 what they say.",
                named(changed)
            )
        }
        _ if fault.perhaps => format!(
            "It is not known whether the Tenantliste, the master of the switches, has taken the change; here nothing was \
             changed. {why}"
        ),
        _ if fault.kind == ProblemKind::SharePointUnavailable => {
            format!("The Tenantliste is the master of the switches and could not be changed, so nothing was. {why}")
        }
        _ if fault.kind == ProblemKind::NotInTenantList => why.clone(),
        _ => format!("The database does not answer as it should, so nothing was changed. {why}"),
    };
    Problem::new(fault.kind, detail)
}

/// Sets the switches in one list; what it says if that is neither what was seen nor what is wanted.
async fn switch_in(
    deps: &Deps,
    profile_key: &str,
    profile: &SharePointProfile,
    ListWish { seen, wanted, actor }: ListWish<'_>,
    changed: &mut Vec<String>,
) -> Result<Option<RowSwitches>, Fault> {
    let (app, budget) = (AppRegistration::from(&profile.app), Budget::of(PATIENCE));
    let list = deps.graph.tenant_list(&app, &budget, &profile.lists).await.map_err(|error| match error {
        TenantListError::Graph(error) => explained(&error.failure()),
        TenantListError::Columns(error) => unavailable(format!("In SharePoint {error}.")),
    })?;
    let known = deps.store.known_rows(profile_key).await.map_err(store_fault)?;
    let all = deps.store.switches().await.map_err(store_fault)?;
    let names: BTreeMap<String, &str> =
        all.iter().map(|one| (comparable_name(&one.tenant_name), one.key.as_str())).collect();
    let Some(row) = tenant_row((&seen.key, &seen.tenant_name), &list.rows, &known, &names) else {
        return Err(Fault {
            kind: ProblemKind::NotInTenantList,
            perhaps: false,
            why: format!(
                "The Tenantliste has no row of `{}` yet. The next sync, within 15 minutes, makes one with both switches on; \
                 change them then.",
                seen.key
            ),
        });
    };
    let now = RowSwitches { enabled: row.enabled, monitoring: row.monitoring };
    if now != (RowSwitches { enabled: seen.enabled, monitoring: seen.monitoring }) {
        return Ok((now != wanted).then_some(now));
    }
    if now == wanted {
        return Ok(None);
    }
    if changed.is_empty() {
        let noted = deps.store.note_switch_wish(seen, (wanted.enabled, wanted.monitoring), actor, (deps.clock)()).await;
        noted.map_err(store_fault)?;
    }
    let lists = (&profile.lists, &list.columns);
    let written = deps.graph.write_switches(&app, &budget, lists, &row.item, wanted).await;
    match written.map_err(|error| explained(&error.failure()))? {
        Written::Done { .. } => {
            changed.push(profile_key.to_owned());
            Ok(None)
        }
        Written::Outdated => {
            Err(unavailable("Somebody changes this row of the Tenantliste at the same moment.".to_owned()))
        }
        Written::Throttled(_) => Err(unavailable("SharePoint asks for a pause.".to_owned())),
        Written::Unknown => Err(Fault {
            perhaps: true,
            ..unavailable("SharePoint's answer was lost; the next sync, within 15 minutes, tells.".to_owned())
        }),
        Written::Refused(error) => Err(explained(&error.failure())),
    }
}

/// The database, which has to be asked before a list is changed.
fn store_fault(error: StoreError) -> Fault {
    let why = format!("{error}.");
    let kind = store_problem(error).kind();
    let why = if kind == ProblemKind::StoreUnavailable { why } else { "The log of api-manage says why.".to_owned() };
    Fault { kind, perhaps: false, why }
}

fn explained(failure: &PollFailure) -> Fault {
    unavailable(format!("{} {}", failure.message, failure.fix))
}

fn unavailable(why: String) -> Fault {
    Fault { kind: ProblemKind::SharePointUnavailable, perhaps: false, why }
}
