//! Who asked to be left alone, and until when.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use leitwarte_core::Uuid;
use tokio::time::Instant;

use crate::budget::Budget;
use crate::error::{GraphError, Peer};

/// The longest pause that is remembered beyond the call it was asked of, as in Microsoft's own library.
const MAX_REMEMBERED: Duration = Duration::from_hours(1);

/// One tenant at one service: what throttling applies to. Other tenants at the same host go on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    pub(crate) peer: Peer,
    pub(crate) tenant: Uuid,
}

/// Pauses in force, so that the next poll of a tenant does not begin with a call that counts against it.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    until: Mutex<HashMap<Lane, Instant>>,
}

impl Pauses {
    /// Begins or prolongs a pause.
    pub(crate) fn begin(&self, lane: &Lane, pause: Duration) {
        let now = Instant::now();
        let end = now + pause.min(MAX_REMEMBERED);
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.retain(|_, end| *end > now);
        let entry = until.entry(lane.clone()).or_insert(end);
        *entry = end.max(*entry);
    }

    /// Waits until no pause is in force.
    ///
    /// # Errors
    /// At once, if the pause ends after the deadline.
    pub(crate) async fn wait(&self, lane: &Lane, budget: &Budget) -> Result<(), GraphError> {
        let end = self.until.lock().unwrap_or_else(PoisonError::into_inner).get(lane).copied();
        let Some(end) = end else { return Ok(()) };
        if end >= budget.deadline() {
            return Err(GraphError::Throttled {
                peer: lane.peer.clone(),
                wait: end.saturating_duration_since(Instant::now()),
            });
        }
        tokio::time::sleep_until(end).await;
        Ok(())
    }
}
