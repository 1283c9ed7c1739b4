//! The function `sync-sharepoint`: carries the licence status into the SharePoint lists that start the Power Automate
//! flows, and the switches of the Tenantliste back.
//!
//! Each run reads both lists whole, compares them with the database (a pure plan, `leitwarte_core::sharepoint`) and writes
//! the differences. So a run that was interrupted anywhere is completed by the next one, and a run without differences
//! writes nothing. One process at a time syncs the lists of a SharePoint profile (a lease).

mod cells;
mod event;
mod lists;
mod pace;
mod sync;
mod tenants;
mod words;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::Uuid;
use leitwarte_core::poll::{PollFailure, PollPolicy};
use leitwarte_graph::{AllowedHosts, Budget, GraphClient};
use leitwarte_runtime::{Config, FunctionError, PROFILES_UNREADABLE, ProfilesFolder, sharepoint_profiles};
use leitwarte_store::Store;
use tokio::time::Instant;

pub use event::{Event, ProfileReport, Report};
use lists::Columns;
use pace::Pace;

/// Kept for recording how it went.
const RESERVE: Duration = Duration::from_secs(5);
/// A disk that takes longer to hand out some small files does not work.
const LONGEST_READ: Duration = Duration::from_secs(10);
/// No run takes longer, so that a lease whose holder died is soon over.
const LONGEST_RUN: Duration = Duration::from_mins(4);

/// What the handler needs.
#[derive(Debug)]
pub struct Deps {
    store: Store,
    graph: GraphClient,
    profiles: ProfilesFolder,
    polls: PollPolicy,
    clock: fn() -> DateTime<Utc>,
    new_id: fn() -> Uuid,
    /// The columns of each profile's lists, and when they were read.
    columns: Mutex<HashMap<String, (Instant, Columns)>>,
    paces: Mutex<HashMap<String, Pace>>,
    /// SharePoint's resource units a minute.
    units_per_minute: u32,
}

impl Deps {
    /// Opens the database and prepares the client of Microsoft Graph.
    ///
    /// # Errors
    /// A setting that cannot be used, or a database that cannot be opened.
    pub async fn open(config: &Config, clock: fn() -> DateTime<Utc>, new_id: fn() -> Uuid) -> anyhow::Result<Self> {
        let hosts = AllowedHosts::parse(&config.graph_extra_hosts)?;
        let graph = leitwarte_graph::Config::new(&config.profiles_dir, hosts, clock, new_id);
        let store =
            leitwarte_store::Config { database_url: config.database_url.clone(), read_only: false, max_connections: 2 };
        let store = Store::open(&store).await.context("cannot open the database")?;
        let graph = GraphClient::new(graph).context("cannot build the client of Microsoft Graph")?;
        Ok(Self::new(store, graph, config.profiles_dir.clone(), config.polls, clock, new_id))
    }

    /// Puts given parts together.
    #[must_use]
    pub fn new(
        store: Store,
        graph: GraphClient,
        profiles_dir: PathBuf,
        polls: PollPolicy,
        clock: fn() -> DateTime<Utc>,
        new_id: fn() -> Uuid,
    ) -> Self {
        let (columns, paces) = (Mutex::default(), Mutex::default());
        let (profiles, units_per_minute) = (ProfilesFolder::new(profiles_dir), pace::PER_MINUTE);
        Self { store, graph, profiles, polls, clock, new_id, columns, paces, units_per_minute }
    }

    /// The same at another pace than SharePoint's, for a stand-in that has none.
    #[must_use]
    pub fn at_pace(self, units_per_minute: u32) -> Self {
        Self { units_per_minute, ..self }
    }
}

/// Syncs the lists of every SharePoint profile until `deadline`, when the host gives up.
///
/// # Errors
/// Profiles or database cannot be read. What is wrong with one SharePoint profile is in the [`Report`] instead; the next
/// run tries again.
pub async fn handle(deps: &Deps, event: &Event, deadline: std::time::Instant) -> Result<Report, FunctionError> {
    let mut report = Report::default();
    if *event == (Event::Polled { tenants: 0 }) {
        return Ok(report);
    }
    let now = Instant::now();
    let end = (Instant::from_std(deadline) - RESERVE).min(now + LONGEST_RUN);
    let load =
        |dir: &Path| sharepoint_profiles::load(dir).map_err(|error| FunctionError::new(PROFILES_UNREADABLE, error));
    let profiles = deps.profiles.read(end.min(now + LONGEST_READ), load).await?;
    for (key, profile) in profiles {
        let started_at = (deps.clock)();
        let (name, holder) = (format!("sync-sharepoint {key}"), (deps.new_id)().to_string());
        let time =
            TimeDelta::from_std(end.saturating_duration_since(Instant::now()) + RESERVE).unwrap_or(TimeDelta::zero());
        if !deps.store.take_lease(&name, &holder, started_at, time).await? {
            report.profiles.push(ProfileReport { profile: key, busy: true, ..ProfileReport::default() });
            continue;
        }
        let budget = Budget::until(end);
        let mut one = ProfileReport { profile: key.clone(), ..ProfileReport::default() };
        let outcome = match profile {
            Ok(profile) if *event == Event::Plan => sync::planned(deps, &profile, &budget, &mut one).await,
            Ok(profile) => sync::sync(deps, &profile, &budget, &mut one).await,
            Err(failure) => Err(failure),
        };
        one.requests = budget.spent().requests;
        let failure = outcome.err();
        if *event == Event::Plan {
            deps.store.release_lease(&name, &holder).await?;
            one.failure = failure.map(|failure| format!("{} {}", failure.message, failure.fix));
            report.profiles.push(one);
            continue;
        }
        let recorded = deps.store.record_sync(&key, started_at, one.doubled_rows.len(), failure.as_ref()).await;
        deps.store.release_lease(&name, &holder).await?;
        let before = recorded?;
        tell(&one, before.as_ref(), failure.as_ref());
        one.failure = failure.map(|failure| format!("{} {}", failure.message, failure.fix));
        report.profiles.push(one);
    }
    Ok(report)
}

/// A line when something was written, when a profile begins to fail, fails differently, or works again.
fn tell(report: &ProfileReport, before: Option<&PollFailure>, now: Option<&PollFailure>) {
    let profile = report.profile.as_str();
    match (before, now) {
        (Some(before), Some(now)) if before.is_same_trouble(now) => {}
        (_, Some(now)) => {
            tracing::warn!(profile, kind = now.kind.as_str(), message = %now.message, fix = %now.fix, "sync failed");
        }
        (Some(before), None) => tracing::info!(profile, kind = before.kind.as_str(), "sync works again"),
        (None, None) => {}
    }
    if report.written > 0 {
        let (written, triggered, left) = (report.written, report.triggered, report.left);
        tracing::info!(profile, written, triggered, left, requests = report.requests, "lists written");
    }
}
