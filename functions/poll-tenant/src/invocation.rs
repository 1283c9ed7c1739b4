//! One invocation: find → claim → poll each → store → answer.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use leitwarte_core::poll::{PollFailure, PollPolicy};
use leitwarte_core::profile::{FoundProfile, TenantProfile};
use leitwarte_runtime::{FunctionError, PROFILES_UNREADABLE, profiles};
use leitwarte_store::{Claim, ClaimOne};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::event::{Event, Report};
use crate::poll::poll;
use crate::recorder::{GROUP, Tally, record_all};
use crate::subscriptions::{self, Due};
use crate::times::Times;
use crate::{Deps, StockSource};

/// At most this many keys are named in the answer to an unknown one.
const KEYS_NAMED: usize = 20;

/// Who asks by hand does not ask who is due.
const ALWAYS_DUE: PollPolicy = PollPolicy { interval: TimeDelta::zero() };

type Profiles = HashMap<String, Result<TenantProfile, PollFailure>>;

/// Handles one event until `deadline`, when the host gives up on it.
///
/// # Errors
/// When the work could not be done; a poll that fails is in the [`Report`] instead.
pub async fn handle<Source: StockSource>(
    deps: &Arc<Deps<Source>>,
    event: Event,
    deadline: std::time::Instant,
) -> Result<Report, FunctionError> {
    let began = Instant::now();
    let times = Times::until(deadline.into(), began).ok_or_else(too_late)?;
    let profiles = registered_profiles(deps, times).await?;
    let lease = TimeDelta::from_std(times.lease(Instant::now())).unwrap_or(TimeDelta::zero());
    let claims = match &event {
        Event::One(key) => vec![claim_one(deps, key, &profiles, lease).await?],
        Event::Some(keys) => claim_due(deps, keys.clone(), &ALWAYS_DUE, lease).await?,
        Event::Everybody => claim_due(deps, all_keys(&profiles), &ALWAYS_DUE, lease).await?,
        Event::Due => claim_due(deps, all_keys(&profiles), &deps.polls, lease).await?,
    };
    let one = match &event {
        Event::One(key) => Some(key.as_str()),
        Event::Some(_) | Event::Due | Event::Everybody => None,
    };
    let of_all = matches!(event, Event::Due | Event::Everybody);
    let claimed = claims.len();
    let (tally, due) = poll_all(deps, claims, profiles, times, one.is_some()).await;
    if let Some(error) = tally.error {
        return Err(error.into());
    }
    let skipped = claimed - tally.polled;
    if of_all {
        // Whoever was polled by somebody else meanwhile is polled all the same.
        let complete = skipped == tally.superseded;
        let now = (deps.clock)();
        if complete {
            deps.store.finish_tick(now).await?;
        }
        let forgotten = deps.store.forget_older(&deps.retention, now).await?;
        if forgotten.is_news() {
            tracing::info!(?forgotten, "old data deleted");
        }
    }
    subscriptions::ask(deps, due, times.last_start()).await;
    let report = Report {
        polled: tally.polled,
        changed: tally.changed,
        opened: tally.opened,
        closed: tally.closed,
        skipped,
        failed: tally.failed,
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    tracing::info!(
        tenant = one,
        polled = report.polled,
        changed = report.changed,
        opened = report.opened,
        closed = report.closed,
        failed = report.failed.len(),
        skipped = report.skipped,
        superseded = tally.superseded,
        duration_ms = report.duration_ms,
        "polled"
    );
    Ok(report)
}

/// Reads the profiles and carries them into the database.
async fn registered_profiles<Source>(deps: &Deps<Source>, times: Times) -> Result<Profiles, FunctionError> {
    let load = |dir: &Path| profiles::load(dir).map_err(|error| FunctionError::caused_by(PROFILES_UNREADABLE, &error));
    let found = deps.profiles.read(times.last_start(), load).await?;
    let found = deps.store.register_profiles(found, (deps.clock)()).await?;
    Ok(found.into_iter().map(|FoundProfile { key, profile }| (key, profile)).collect())
}

fn all_keys(profiles: &Profiles) -> Vec<String> {
    profiles.keys().cloned().collect()
}

async fn claim_due<Source>(
    deps: &Deps<Source>,
    keys: Vec<String>,
    polls: &PollPolicy,
    lease: TimeDelta,
) -> Result<Vec<Claim>, FunctionError> {
    let claims = deps.store.claim_due(&keys, polls, (deps.clock)(), lease).await;
    let mut claims = claims?;
    // Those known to fail stand at the end: whatever they cost, the healthy ones are done by then.
    claims.sort_by_key(|claim| claim.consecutive_failures > 0);
    Ok(claims)
}

async fn claim_one<Source>(
    deps: &Deps<Source>,
    key: &str,
    profiles: &Profiles,
    lease: TimeDelta,
) -> Result<Claim, FunctionError> {
    let answer = deps.store.claim_one(key, (deps.clock)(), lease).await?;
    match answer {
        ClaimOne::Claimed(claim) => Ok(claim),
        ClaimOne::Unknown => Err(FunctionError::new("UnknownTenant", unknown(key, profiles))),
        ClaimOne::Disabled => Err(FunctionError::new(
            "TenantDisabled",
            format!("The tenant {key} is switched off; set `enabled` in its profile and on the monitoring page."),
        )),
        ClaimOne::Busy { until } => Err(FunctionError::new(
            "TenantBusy",
            format!(
                "The tenant {key} is being polled already, until {} at the latest; look again in a moment.",
                until.format("%H:%M:%S UTC")
            ),
        )),
    }
}

/// Polls the claimed tenants side by side, in their order, and stores the results as they come. Names those that are to be
/// asked for their subscriptions.
async fn poll_all<Source: StockSource>(
    deps: &Arc<Deps<Source>>,
    claims: Vec<Claim>,
    mut profiles: Profiles,
    times: Times,
    by_hand: bool,
) -> (Tally, Vec<Due>) {
    let (results, to_store) = mpsc::channel(GROUP);
    let recorder = {
        let deps = Arc::clone(deps);
        let recording = async move { record_all(&deps.store, to_store, times.stored_by()).await };
        tokio::spawn(recording.in_current_span())
    };
    let mut polls = JoinSet::new();
    for claim in claims {
        // Both come from the same list of profiles.
        let Some(profile) = profiles.remove(&claim.key) else { continue };
        let Some(place) = deps.places.take(times.last_start()).await else { break };
        let (deps, results) = (Arc::clone(deps), results.clone());
        let polling = async move {
            let deadline = times.poll_end(Instant::now());
            let result = place.hold_for(poll(&deps, claim, &profile, deadline)).await;
            let is_due = result.stock.is_ok() && result.claim.subscriptions.is_due(by_hand, result.finished_at);
            let due = profile.ok().filter(|_| is_due).map(|profile| Due { claim: result.claim.clone(), profile });
            // The recorder listens until the last sender is gone.
            let _ = results.send(result).await;
            due
        };
        polls.spawn(polling.in_current_span());
    }
    drop(results);
    let due = polls.join_all().await.into_iter().flatten().collect();
    let tally = recorder.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    (tally, due)
}

fn unknown(key: &str, profiles: &Profiles) -> String {
    let mut keys: Vec<&str> = profiles.keys().map(String::as_str).collect();
    keys.sort_unstable();
    if keys.is_empty() {
        return format!(
            "There is no tenant `{key}`, and no other: the profiles' folder (PROFILES_DIR) has no profile."
        );
    }
    let more = keys.len().saturating_sub(KEYS_NAMED);
    keys.truncate(KEYS_NAMED);
    let mut message = format!("There is no tenant `{key}`. There are: {}", keys.join(", "));
    if more > 0 {
        let _ = write!(message, " and {more} more");
    }
    message + "."
}

fn too_late() -> FunctionError {
    FunctionError::new(
        "TooLate",
        "There is too little time left to poll; the function's timeout in template.yaml has to be above 10 s.",
    )
}
