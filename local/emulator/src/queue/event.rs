//! What the queue keeps.

use serde::Serialize;
use uuid::Uuid;

/// An event to keep until its function has run.
#[derive(Debug, Clone)]
pub(crate) struct NewEvent {
    pub(crate) id: Uuid,
    pub(crate) function: String,
    pub(crate) payload: String,
    pub(crate) client_context: Option<String>,
    pub(crate) accepted_at_ms: i64,
    pub(crate) expires_at_ms: i64,
    pub(crate) hops: i64,
}

/// An event taken from the queue to be run.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) event: NewEvent,
    /// Runs that ended with a function error.
    pub(crate) attempts: i64,
    /// Times in a row that no process could take it.
    pub(crate) throttles: i64,
}

/// A slot of a schedule, recorded together with the event it causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) schedule: String,
    pub(crate) slot_ms: i64,
}

/// Why an event was given up, in AWS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum DeathReason {
    RetriesExhausted,
    EventAgeExceeded,
}

impl DeathReason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
        }
    }
}

/// An event that was given up.
#[derive(Debug, Clone)]
pub(crate) struct DeadLetter {
    pub(crate) id: String,
    pub(crate) request_id: String,
    pub(crate) function: String,
    pub(crate) reason: String,
    pub(crate) attempts: i64,
    pub(crate) accepted_at_ms: i64,
    pub(crate) dead_at_ms: i64,
    pub(crate) error: Option<String>,
    /// Only when asked for.
    pub(crate) payload: Option<String>,
}

/// An identifier that sorts by time of death and is short enough to type.
pub(crate) fn dead_letter_id(dead_at_ms: i64, request_id: Uuid) -> String {
    let random = request_id.as_u128() >> 64;
    format!("{dead_at_ms:011x}-{random:016x}")
}
