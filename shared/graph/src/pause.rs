//! Who asked to be left alone, and until when.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use leitwarte_core::Uuid;
use tokio::time::Instant;

use crate::budget::Budget;
use crate::error::Peer;
use crate::retry::{Nature, Passing};

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
    until: Mutex<HashMap<Lane, Pause>>,
}

/// A pause asked for, and what for: who may not be called yet need not have been called too often.
#[derive(Debug, Clone)]
struct Pause {
    end: Instant,
    nature: Nature,
}

impl Pauses {
    /// Begins or prolongs a pause. Of two the one that ends later counts.
    pub(crate) fn begin(&self, lane: &Lane, nature: Nature, pause: Duration) {
        let now = Instant::now();
        let end = now + pause.min(MAX_REMEMBERED);
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.retain(|_, pause| pause.end > now);
        if until.get(lane).is_none_or(|pause| pause.end < end) {
            until.insert(lane.clone(), Pause { end, nature });
        }
    }

    /// Waits until no pause is in force.
    ///
    /// # Errors
    /// At once, if the pause ends after the deadline: the failure it was asked for with, and how long it still is.
    pub(crate) async fn wait(&self, lane: &Lane, budget: &Budget) -> Result<(), (Passing, Duration)> {
        let pause = self.until.lock().unwrap_or_else(PoisonError::into_inner).get(lane).cloned();
        let Some(Pause { end, nature }) = pause else { return Ok(()) };
        if end >= budget.deadline() {
            let left = end.saturating_duration_since(Instant::now());
            return Err((Passing { nature, asked: Some(left) }, left));
        }
        tokio::time::sleep_until(end).await;
        Ok(())
    }
}
