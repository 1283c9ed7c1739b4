//! Stores results in groups as they come, and tells once what is new about a tenant's health.

use std::time::Duration;

use leitwarte_core::poll::PollFailure;
use leitwarte_store::{PollResult, Recorded, Store, StoreError, StoreErrorKind};
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

use crate::event::FailedPoll;

/// Results stored in one transaction at most. Each transaction costs a write to disk that is waited for.
pub(crate) const GROUP: usize = 128;

/// Pause before a busy database is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// What became of the results.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) polled: usize,
    pub(crate) changed: usize,
    /// Incidents.
    pub(crate) opened: usize,
    pub(crate) closed: usize,
    pub(crate) failed: Vec<FailedPoll>,
    /// Results dropped because somebody else has polled the tenant meanwhile.
    pub(crate) superseded: usize,
    /// The first error that lost results.
    pub(crate) error: Option<StoreError>,
}

/// Stores everything that comes until all senders are gone.
pub(crate) async fn record_all(store: &Store, mut results: Receiver<PollResult>, stored_by: Instant) -> Tally {
    let mut tally = Tally::default();
    let mut group = Vec::with_capacity(GROUP);
    while results.recv_many(&mut group, GROUP).await > 0 {
        match patiently(store, &group, stored_by).await {
            Ok(recorded) => tally.add(&group, &recorded),
            // One result that cannot be stored must not take the others with it.
            Err(error) if error.kind() == StoreErrorKind::Other && group.len() > 1 => {
                for result in &group {
                    match patiently(store, std::slice::from_ref(result), stored_by).await {
                        Ok(recorded) => tally.add(std::slice::from_ref(result), &recorded),
                        Err(error) => tally.lost(error),
                    }
                }
            }
            Err(error) => tally.lost(error),
        }
        group.clear();
    }
    tally.failed.sort_by(|a, b| a.tenant.cmp(&b.tenant));
    tally
}

/// Stores a group; while others hold the database, tries again until the time is over.
async fn patiently(store: &Store, group: &[PollResult], stored_by: Instant) -> Result<Vec<Recorded>, StoreError> {
    loop {
        match store.record_polls(group).await {
            Err(error) if error.kind() == StoreErrorKind::Busy && Instant::now() + PAUSE < stored_by => {
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

impl Tally {
    fn add(&mut self, results: &[PollResult], recorded: &[Recorded]) {
        for (result, recorded) in results.iter().zip(recorded) {
            match recorded {
                Recorded::Superseded => self.superseded += 1,
                Recorded::Stored { changes, opened, closed } => {
                    self.polled += 1;
                    self.changed += changes;
                    self.opened += opened;
                    self.closed += closed;
                    tell_news(result);
                    if let Err(failure) = &result.stock {
                        self.failed.push(failed(result, failure));
                    }
                }
            }
        }
    }

    fn lost(&mut self, error: StoreError) {
        self.error.get_or_insert(error);
    }
}

fn failed(result: &PollResult, failure: &PollFailure) -> FailedPoll {
    FailedPoll {
        tenant: result.claim.key.clone(),
        kind: failure.kind,
        message: failure.message.clone(),
        fix: failure.fix.clone(),
    }
}

/// A line when a tenant begins to fail, fails differently, or works again; none while nothing is new. What has to be
/// done decides what counts as the same: messages hold numbers that differ each time.
fn tell_news(result: &PollResult) {
    let tenant = result.claim.key.as_str();
    match (&result.claim.previous_failure, &result.stock) {
        (Some(before), Err(now)) if before.is_same_trouble(now) => {}
        (_, Err(now)) => {
            tracing::warn!(tenant, kind = now.kind.as_str(), message = %now.message, fix = %now.fix, "poll failed");
        }
        (Some(before), Ok(_)) => {
            let polls = result.claim.consecutive_failures;
            tracing::info!(tenant, kind = before.kind.as_str(), failed_polls = polls, "poll works again");
        }
        (None, Ok(_)) => {}
    }
}
