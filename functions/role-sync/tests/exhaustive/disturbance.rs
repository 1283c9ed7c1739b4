//! What can go wrong, and where.

use std::fmt;

/// How one point is disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request never arrives.
    RequestLost,
    /// It is done, and the answer never comes back.
    AnswerLost,
    /// Entra fails, for this call and the two that follow.
    Error,
    /// From here on Entra forbids it, until somebody gives the permission back ten minutes later.
    Forbidden,
    /// The process ends before it.
    KilledBefore,
    /// The process ends right after it.
    KilledAfter,
    /// The process stands still before it, until its lease is over and a second one has done what it could.
    OvertakenBefore,
    /// The same after it, before it knows the answer.
    OvertakenAfter,
    /// A second process starts after it, while the first one has the lease.
    SecondWorker,
    /// Both people sign in after it, with what Entra says at that moment.
    SignIn,
    /// Both people sign in after it, with tokens from before the change.
    OldSignIn,
}

impl Kind {
    /// Everything that can happen.
    pub(crate) const ALL: [Self; 11] = [
        Self::RequestLost,
        Self::AnswerLost,
        Self::Error,
        Self::Forbidden,
        Self::KilledBefore,
        Self::KilledAfter,
        Self::OvertakenBefore,
        Self::OvertakenAfter,
        Self::SecondWorker,
        Self::SignIn,
        Self::OldSignIn,
    ];

    /// Whether only a call of Entra can be disturbed so.
    pub(crate) fn needs_a_call(self) -> bool {
        matches!(self, Self::RequestLost | Self::AnswerLost | Self::Error | Self::Forbidden)
    }
}

/// One disturbance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disturbance {
    /// The number of the point, from 0.
    pub(crate) at: usize,
    /// What happens there.
    pub(crate) kind: Kind,
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.kind {
            Kind::RequestLost => "request lost at",
            Kind::AnswerLost => "answer lost at",
            Kind::Error => "error at",
            Kind::Forbidden => "forbidden from",
            Kind::KilledBefore => "killed before",
            Kind::KilledAfter => "killed after",
            Kind::OvertakenBefore => "overtaken before",
            Kind::OvertakenAfter => "overtaken after",
            Kind::SecondWorker => "second worker after",
            Kind::SignIn => "sign-ins after",
            Kind::OldSignIn => "sign-ins with old tokens after",
        };
        write!(f, "{words} point {}", self.at)
    }
}
