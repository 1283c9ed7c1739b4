//! How long one piece of work may take, and what it cost.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The limit of one piece of work (a poll of one tenant) and the count of what it used. Nothing is sent and nothing
/// is waited for beyond the deadline.
#[derive(Debug)]
pub struct Budget {
    deadline: Instant,
    requests: AtomicU32,
    retries: AtomicU32,
}

/// What a piece of work cost, for its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Requests sent to Entra and Graph, retries included.
    pub requests: u32,
    /// Requests sent again after a passing failure.
    pub retries: u32,
}

impl Budget {
    /// Work that ends at `deadline`.
    #[must_use]
    pub fn until(deadline: Instant) -> Self {
        Self { deadline, requests: AtomicU32::new(0), retries: AtomicU32::new(0) }
    }

    /// Work that ends `time` from now.
    #[must_use]
    pub fn of(time: Duration) -> Self {
        Self::until(Instant::now() + time)
    }

    /// The moment the work ends.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What was used so far.
    #[must_use]
    pub fn spent(&self) -> Spent {
        Spent { requests: self.requests.load(Ordering::Relaxed), retries: self.retries.load(Ordering::Relaxed) }
    }

    /// Time left; zero when it is over.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }
}
