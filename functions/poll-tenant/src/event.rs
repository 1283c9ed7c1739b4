//! What starts the function and what it answers.

use leitwarte_core::poll::FailureKind;
use serde::{Deserialize, Serialize};

/// The event. Scheduled events have many fields of their own, which say nothing here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Event {
    /// Key of the one tenant to poll at once; without it, all that are due.
    #[serde(default)]
    pub tenant: Option<String>,
}

/// How an invocation went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Tenants that were polled, the failed ones included.
    pub polled: usize,
    /// Products whose numbers changed.
    pub changed: usize,
    /// Tenants whose poll brought no numbers, ordered by key.
    pub failed: Vec<FailedPoll>,
    /// Tenants that were claimed but brought no result of this invocation: there was no time left for them, and they
    /// are due again once the lease on them is over, when this invocation would have ended at the latest; or somebody
    /// else has polled them meanwhile.
    pub skipped: usize,
    /// How long all of it took, in milliseconds.
    pub duration_ms: u64,
}

/// A tenant whose poll brought no numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedPoll {
    /// The tenant's key.
    pub tenant: String,
    /// The class of failure.
    pub kind: FailureKind,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it, in one sentence.
    pub fix: String,
}
