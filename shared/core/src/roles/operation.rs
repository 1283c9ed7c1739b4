//! A change of roles under way: what it is to do and how far it is. All of it is stored, so that any process can go on
//! where another one stopped.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::words::Problem;

/// Somebody has to look at an operation that can only go on and has not got further for so long.
pub const STANDS_STILL_AFTER: TimeDelta = TimeDelta::minutes(10);

/// The same for one that takes step after step and does not come to its end.
pub const ENDLESS_AFTER: TimeDelta = TimeDelta::hours(2);

/// Why roles are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person changes the own role.
    Change,
    /// An office goes to a successor.
    HandOver,
    /// Two people exchange their offices.
    Exchange,
    /// Entra is brought back to what is stored here.
    Repair,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::HandOver => "hand_over",
            Self::Exchange => "exchange",
            Self::Repair => "repair",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Change, Self::HandOver, Self::Exchange, Self::Repair].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Accepted: what people hold in Entra is read.
    Reading,
    /// The new roles are granted, beside the old ones.
    Granting,
    /// Beyond the point of no return: the old ones are revoked.
    Revoking,
    /// Before it, something failed for good: what was granted is taken back.
    Undoing,
    /// The new roles hold, in Entra and here.
    Done,
    /// The old roles hold, in Entra and here.
    Aborted,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 6] =
        [Self::Reading, Self::Granting, Self::Revoking, Self::Undoing, Self::Done, Self::Aborted];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Granting => "granting",
            Self::Revoking => "revoking",
            Self::Undoing => "undoing",
            Self::Done => "done",
            Self::Aborted => "aborted",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == word)
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Aborted)
    }
}

/// One app role that somebody holds in Entra, of the application whose roles these are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The assignment's id.
    pub id: String,
    /// The app role's value; `None` for one without value (default access) or one that is gone.
    pub value: Option<String>,
    /// Assigned to the person, not to a group.
    pub direct: bool,
}

/// How far the new role of one person is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Grant {
    /// Nothing was sent.
    Unsent,
    /// It is about to be sent. A process that finds this did not write it: it may have been sent.
    Intended,
    /// It may have been sent, and nobody knows what became of it.
    Uncertain,
    /// Entra says that there is one already; it was not seen yet.
    Exists,
    /// This assignment.
    Made {
        /// The assignment's id.
        id: String,
        /// Whether this operation made it, and takes it back if it is given up.
        ours: bool,
    },
    /// Taken back, or never made.
    Removed,
}

/// The change of one person's role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Number of the person.
    pub person: i64,
    /// What the person was called when it was accepted.
    pub name: String,
    /// The person's account.
    pub object_id: Uuid,
    /// The role before; `None` only for a repair.
    pub from: Option<String>,
    /// The role after.
    pub to: String,
    /// Whether Entra has to show the role before; not for a repair, which is made because it does not.
    pub must_hold: bool,
    /// Roles of the table that Entra showed before anything was changed.
    pub found: Option<Vec<Held>>,
    /// How far the new role is.
    pub grant: Grant,
    /// Whether a grant was ever sent without an answer.
    pub was_uncertain: bool,
    /// Assignments that are known to be gone, whatever a list says that lags behind; also those that operations before
    /// revoked.
    pub gone: BTreeSet<String>,
}

/// A change of roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its number.
    pub number: i64,
    /// Grows with every step, so that nobody writes what another process has overtaken.
    pub version: i64,
    /// Why.
    pub kind: Kind,
    /// Who asked for it.
    pub asked_by: String,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// How far it is.
    pub phase: Phase,
    /// When it last got further.
    pub progress_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// One or two people; who gains an office comes first.
    pub moves: Vec<Move>,
    /// Why it was given up.
    pub problem: Option<Problem>,
    /// What keeps it from getting further at the moment.
    pub trouble: Option<Problem>,
}

impl Move {
    /// A change that has not begun.
    #[must_use]
    pub fn new(person: i64, name: &str, object_id: Uuid, from: Option<&str>, to: &str) -> Self {
        Self {
            person,
            name: name.to_owned(),
            object_id,
            from: from.map(str::to_owned),
            to: to.to_owned(),
            must_hold: true,
            found: None,
            grant: Grant::Unsent,
            was_uncertain: false,
            gone: BTreeSet::new(),
        }
    }

    /// The assignment of the new role, once it is known.
    #[must_use]
    pub fn granted(&self) -> Option<&str> {
        match &self.grant {
            Grant::Made { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Whether this assignment was there before the operation.
    pub(super) fn was_there(&self, id: &str) -> bool {
        self.found.iter().flatten().any(|held| held.id == id)
    }

    /// The assignments of old roles that are still to be revoked.
    pub(super) fn to_revoke(&self) -> impl Iterator<Item = &Held> {
        let granted = self.granted();
        let old = move |held: &&Held| held.direct && Some(held.id.as_str()) != granted && !self.gone.contains(&held.id);
        self.found.iter().flatten().filter(old)
    }
}

impl Operation {
    /// Whether somebody has to look after it: it can be neither given up nor finished. Before its point of no return it is
    /// given up by itself.
    #[must_use]
    pub fn stands_still(&self, now: DateTime<Utc>) -> bool {
        let only_on = matches!(self.phase, Phase::Revoking | Phase::Undoing);
        let stuck = self.trouble.is_some() && now - self.progress_at >= STANDS_STILL_AFTER;
        only_on && (stuck || now - self.accepted_at >= ENDLESS_AFTER)
    }

    /// As a process takes it over that finds it: what was about to be sent may have been sent.
    #[must_use]
    pub fn taken_over(mut self) -> Self {
        for one in &mut self.moves {
            if one.grant == Grant::Intended {
                one.grant = Grant::Uncertain;
                one.was_uncertain = true;
            }
        }
        self
    }
}
