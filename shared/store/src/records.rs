//! What goes into the store and what comes out.

use chrono::{DateTime, Utc};
use leitwarte_core::change::StockChange;
use leitwarte_core::poll::PollFailure;
use leitwarte_core::stock::LicenceStock;
use leitwarte_core::subscription::Reading;
use uuid::Uuid;

/// How far the data has come; cheap to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    /// Grows with every transaction that changes what a reader would show. Read it before the data it is to
    /// stand for: then it can only be older than the data, which costs a reader one more read at most.
    pub number: i64,
    /// When a poll of all due tenants was last completed; `None` on a fresh database.
    pub last_tick: Option<DateTime<Utc>>,
}

/// A tenant without its stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantInfo {
    /// The tenant's key in commands and paths.
    pub key: String,
    /// Entra's GUID; `None` while no readable profile was seen.
    pub tenant_id: Option<Uuid>,
    /// The name the API shows.
    pub tenant_name: String,
    /// The name the pages show, where it differs.
    pub display_name: Option<String>,
    /// Whether it is polled: the profile's switch and the one people set are both on.
    pub enabled: bool,
    /// Whether the profile switches it on.
    pub profile_enabled: bool,
    /// Whether shortages are told.
    pub monitoring: bool,
    /// When its profile was first seen.
    pub first_seen_at: DateTime<Utc>,
    /// Start of the last poll, however it ended.
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// Start of the last poll that brought numbers.
    pub last_success_at: Option<DateTime<Utc>>,
    /// Why the last poll brought none.
    pub failure: Option<PollFailure>,
    /// Start of the first poll of the present row of failures.
    pub failing_since: Option<DateTime<Utc>>,
    /// Polls that failed since the last that did not.
    pub consecutive_failures: i64,
    /// End of the certificate used in the last poll.
    pub certificate_ends_at: Option<DateTime<Utc>>,
}

/// The right to poll one tenant, until its lease ends or another claim replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The tenant's key.
    pub key: String,
    /// Number of this poll. Results under an older number are dropped.
    pub fence: i64,
    /// Polls that failed since the last that did not.
    pub consecutive_failures: i64,
    /// How the poll before failed.
    pub previous_failure: Option<PollFailure>,
    /// How far its subscriptions are known.
    pub subscriptions: Reading,
}

/// Answer to the wish to poll one tenant now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimOne {
    /// Go on.
    Claimed(Claim),
    /// Somebody polls it already, until this moment at the latest.
    Busy {
        /// End of that lease.
        until: DateTime<Utc>,
    },
    /// Switched off.
    Disabled,
    /// No such tenant.
    Unknown,
}

/// How one poll went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollResult {
    /// The claim it ran under.
    pub claim: Claim,
    /// When it began; this becomes the age of its numbers.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// The tenant's whole stock, or why there is none.
    pub stock: Result<Vec<LicenceStock>, PollFailure>,
    /// Requests sent to Microsoft.
    pub requests: u32,
    /// How many of them were repetitions.
    pub retries: u32,
    /// End of the certificate, if it could be read.
    pub certificate_ends_at: Option<DateTime<Utc>>,
}

/// What became of a [`PollResult`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is stored.
    Stored {
        /// Products whose numbers changed.
        changes: usize,
        /// Incidents that this poll opened.
        opened: usize,
        /// Incidents that it closed.
        closed: usize,
    },
    /// Somebody else has begun a later poll of this tenant, or this result is stored already; it was dropped.
    Superseded,
}

/// One poll of one tenant, as kept for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollRun {
    /// Its number.
    pub poll: i64,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// Why it brought no numbers; `None` when it did.
    pub failure: Option<PollFailure>,
    /// Products read.
    pub skus: i64,
    /// Products whose numbers changed.
    pub changes: i64,
    /// Requests sent to Microsoft.
    pub requests: i64,
    /// How many of them were repetitions.
    pub retries: i64,
}

/// One change in a tenant's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Start of the poll that saw it.
    pub at: DateTime<Utc>,
    /// Number of that poll.
    pub poll: i64,
    /// What changed.
    pub change: StockChange,
}

/// A poll of the past, to give a demo tenant a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastPoll {
    /// When it would have been.
    pub at: DateTime<Utc>,
    /// The tenant's whole stock at that time.
    pub stock: Vec<LicenceStock>,
}
