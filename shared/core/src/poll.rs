//! Polls: when one is due, how it ended, and when its numbers are too old.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Why a poll brought no numbers. The word is stored and shown; the set only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The profile file cannot be used.
    Profile,
    /// Certificate or key missing, unreadable, too widely readable or not matching the profile.
    Certificate,
    /// The certificate's time is over.
    CertificateExpired,
    /// Entra refused the sign-in.
    SignIn,
    /// Graph refused the call (permission missing).
    Permission,
    /// Graph asked to wait longer than the poll may take.
    Throttled,
    /// No answer, a broken connection, or a server error that did not go away.
    Unavailable,
    /// An answer that is not what Graph documents: HTML, truncated JSON, an empty list, a foreign link.
    BadAnswer,
    /// The time for the poll was over.
    Timeout,
    /// The address is not on the list of allowed hosts.
    HostNotAllowed,
    /// A fault of this program or its machine.
    Internal,
}

impl FailureKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 11] = [
        Self::Profile,
        Self::Certificate,
        Self::CertificateExpired,
        Self::SignIn,
        Self::Permission,
        Self::Throttled,
        Self::Unavailable,
        Self::BadAnswer,
        Self::Timeout,
        Self::HostNotAllowed,
        Self::Internal,
    ];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Certificate => "certificate",
            Self::CertificateExpired => "certificate_expired",
            Self::SignIn => "sign_in",
            Self::Permission => "permission",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::BadAnswer => "bad_answer",
            Self::Timeout => "timeout",
            Self::HostNotAllowed => "host_not_allowed",
            Self::Internal => "internal",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A poll that brought no numbers: what happened and what to do, in words for a technician. Never holds a
/// token, a secret or a body of Graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollFailure {
    /// The class of failure.
    pub kind: FailureKind,
    /// What is wrong and where, in one sentence.
    pub message: String,
    /// What to do about it, in one sentence.
    pub fix: String,
}

impl PollFailure {
    /// Whether another failure asks for the same: messages hold numbers that differ each time.
    #[must_use]
    pub fn is_same_trouble(&self, other: &Self) -> bool {
        self.kind == other.kind && self.fix == other.fix
    }
}

/// How often tenants are polled and how long numbers count as fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollPolicy {
    /// Time between two polls of one tenant.
    pub interval: TimeDelta,
}

impl PollPolicy {
    /// Whether a tenant whose last poll began at `last_attempt` should be polled now. The timer's tick
    /// does not come at the exact moment, so up to a tenth of the interval early still counts.
    #[must_use]
    pub fn is_due(&self, last_attempt: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        last_attempt.is_none_or(|at| now - at >= self.interval - self.interval / 10 || at > now)
    }

    /// Age beyond which numbers are stale even when no poll has failed: three missed polls, but never
    /// less than five minutes.
    #[must_use]
    pub fn stale_after(&self) -> TimeDelta {
        (self.interval * 3).max(TimeDelta::minutes(5))
    }
}

#[cfg(test)]
mod tests;
