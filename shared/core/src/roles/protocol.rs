//! How an operation is carried out: pure decisions, each followed by one effect and one record.
//!
//! [`Operation::next`] says what to do, [`Operation::seen`] (in `seeing`) and [`Operation::failed`] say what an answer means,
//! and [`Operation::apply`] is the only way an operation changes. The order is what keeps the promises of the module: grant to
//! who gains, grant to who gives, see both, point of no return, revoke the old ones, see that again, write the database.
//! No answer counts for more than it can say: a list may lag behind by a minute, a lost answer may have been a success.

mod seeing;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::operation::{Grant, Held, Move, Operation, Phase};
use super::words::Problem;
pub use seeing::{LIST_LAG, Seen, Sight};

/// An operation that has not come to its point of no return by then is given up, so that nobody is locked for days.
pub const GIVE_UP_AFTER: TimeDelta = TimeDelta::hours(1);

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Read what everybody concerned holds in Entra.
    Look,
    /// Grant the new role of the move at this place.
    Grant {
        /// Place in `moves`.
        place: usize,
    },
    /// Revoke an assignment.
    Revoke {
        /// Place in `moves`.
        place: usize,
        /// The assignment's id.
        id: String,
    },
    /// Only write down.
    Record(Event),
    /// Nothing is left to do.
    Over,
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nobody knows whether it was done; it may work later.
    Passing(Problem),
    /// It was not done and will not be.
    Final(Problem),
}

/// One step of an operation, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Event {
    /// What everybody holds, roles of the table only.
    Found {
        /// One list for each move.
        held: Vec<Vec<Held>>,
    },
    /// The grant is about to be sent.
    GrantIntended {
        /// Place in `moves`.
        place: usize,
    },
    /// It was sent, and the answer was lost.
    GrantUncertain {
        /// Place in `moves`.
        place: usize,
        /// What happened.
        problem: Problem,
    },
    /// Entra made the assignment.
    GrantMade {
        /// Place in `moves`.
        place: usize,
        /// The assignment's id.
        id: String,
    },
    /// Entra says that it exists.
    GrantExists {
        /// Place in `moves`.
        place: usize,
    },
    /// It was read back.
    GrantSeen {
        /// Place in `moves`.
        place: usize,
        /// The assignment's id.
        id: String,
    },
    /// It is not there: it is sent again.
    GrantNotSeen {
        /// Place in `moves`.
        place: usize,
    },
    /// The grant was refused for good.
    GrantRefused {
        /// Place in `moves`.
        place: usize,
        /// Why.
        problem: Problem,
    },
    /// The point of no return: every new role is visible.
    Committed,
    /// An assignment is gone.
    Revoked {
        /// Place in `moves`.
        place: usize,
        /// The assignment's id.
        id: String,
    },
    /// There are more old ones than were found at first.
    More {
        /// Place in `moves`.
        place: usize,
        /// They.
        held: Vec<Held>,
    },
    /// Both sides agree: everything is new.
    Finished,
    /// Before the point of no return, it is given up.
    Failed {
        /// Why.
        problem: Problem,
    },
    /// A grant was never made.
    NeverMade {
        /// Place in `moves`.
        place: usize,
    },
    /// Both sides agree: everything is old.
    Aborted,
    /// It did not get further this time.
    Trouble {
        /// Why.
        problem: Problem,
    },
}

impl Operation {
    /// What to do next.
    #[must_use]
    pub fn next(&self, now: DateTime<Utc>) -> Task {
        match self.phase {
            Phase::Reading | Phase::Granting if now - self.accepted_at > GIVE_UP_AFTER => {
                let problem = self.trouble.clone().unwrap_or(Problem::TookTooLong);
                Task::Record(Event::Failed { problem })
            }
            Phase::Reading => Task::Look,
            Phase::Granting => self.next_grant().unwrap_or(Task::Look),
            Phase::Revoking => self.next_grant().or_else(|| self.next_revocation()).unwrap_or(Task::Look),
            Phase::Undoing => self.next_to_undo().unwrap_or(Task::Record(Event::Aborted)),
            Phase::Done | Phase::Aborted => Task::Over,
        }
    }

    /// One that Entra says exists has to be read back, which can wait until the others are sent: lists that lag behind are
    /// then waited for once.
    fn next_grant(&self) -> Option<Task> {
        let next = self.moves.iter().enumerate().find_map(|(place, one)| match one.grant {
            Grant::Unsent | Grant::Removed => Some(Task::Record(Event::GrantIntended { place })),
            Grant::Intended => Some(Task::Grant { place }),
            Grant::Uncertain => Some(Task::Look),
            Grant::Exists | Grant::Made { .. } => None,
        });
        next.or_else(|| self.moves.iter().any(|one| one.grant == Grant::Exists).then_some(Task::Look))
    }

    fn next_revocation(&self) -> Option<Task> {
        self.moves
            .iter()
            .enumerate()
            .find_map(|(place, one)| one.to_revoke().next().map(|held| Task::Revoke { place, id: held.id.clone() }))
    }

    /// What nobody knows of is looked at first: its time runs from when the operation was given up, not from the last
    /// grant that was taken back.
    fn next_to_undo(&self) -> Option<Task> {
        if self.moves.iter().any(Move::may_have_been_made) {
            return Some(Task::Look);
        }
        self.moves.iter().enumerate().find_map(|(place, one)| match &one.grant {
            Grant::Made { id, ours: true } => Some(Task::Revoke { place, id: id.clone() }),
            _ => None,
        })
    }

    /// What a failed task means: a permanent failure before the point of no return gives the operation up, after it and
    /// while undoing it only waits.
    #[must_use]
    pub fn failed(&self, task: &Task, fault: Fault) -> Event {
        let before = matches!(self.phase, Phase::Reading | Phase::Granting);
        match (task, fault) {
            (Task::Grant { place }, Fault::Passing(problem)) => Event::GrantUncertain { place: *place, problem },
            (Task::Grant { place }, Fault::Final(problem)) if before => Event::GrantRefused { place: *place, problem },
            (_, Fault::Final(problem)) if before => Event::Failed { problem },
            (_, Fault::Final(problem) | Fault::Passing(problem)) => Event::Trouble { problem },
        }
    }

    /// Takes a step.
    pub fn apply(&mut self, event: Event, now: DateTime<Utc>) {
        self.version += 1;
        let trouble = match &event {
            Event::Trouble { problem } | Event::GrantUncertain { problem, .. } => Some(problem.clone()),
            _ => None,
        };
        if !matches!(event, Event::Trouble { .. }) {
            self.progress_at = now;
        }
        self.trouble = trouble;
        match event {
            Event::Found { held } => {
                for (one, held) in self.moves.iter_mut().zip(held) {
                    one.found = Some(held);
                }
                self.phase = Phase::Granting;
            }
            Event::GrantIntended { place } => self.set_grant(place, Grant::Intended),
            Event::GrantUncertain { place, .. } => {
                self.set_grant(place, Grant::Uncertain);
                self.doubt(place);
            }
            Event::GrantMade { place, id } => self.set_grant(place, Grant::Made { id, ours: true }),
            Event::GrantExists { place } => self.set_grant(place, Grant::Exists),
            Event::GrantSeen { place, id } => {
                let ours = self.moves.get(place).is_some_and(|one| one.was_uncertain && !one.was_there(&id));
                self.set_grant(place, Grant::Made { id, ours });
            }
            Event::GrantNotSeen { place } => {
                if self.moves.get(place).is_some_and(|one| matches!(one.grant, Grant::Made { ours: true, .. })) {
                    self.doubt(place);
                }
                self.set_grant(place, Grant::Intended);
            }
            Event::GrantRefused { place, problem } => {
                let doubtful = self.moves.get(place).is_some_and(|one| one.was_uncertain);
                self.set_grant(place, if doubtful { Grant::Uncertain } else { Grant::Unsent });
                self.give_up(problem);
            }
            Event::Committed => self.phase = Phase::Revoking,
            Event::Revoked { place, id } => self.revoked(place, id),
            Event::More { place, held } => {
                if let Some(one) = self.moves.get_mut(place) {
                    one.found.get_or_insert_default().extend(held);
                }
            }
            Event::Failed { problem } => self.give_up(problem),
            Event::NeverMade { place } => self.set_grant(place, Grant::Removed),
            Event::Finished => self.end(Phase::Done, now),
            Event::Aborted => self.end(Phase::Aborted, now),
            Event::Trouble { .. } => {}
        }
    }

    fn set_grant(&mut self, place: usize, grant: Grant) {
        if let Some(one) = self.moves.get_mut(place) {
            one.grant = grant;
        }
    }

    fn doubt(&mut self, place: usize) {
        if let Some(one) = self.moves.get_mut(place) {
            one.was_uncertain = true;
        }
    }

    fn revoked(&mut self, place: usize, id: String) {
        let Some(one) = self.moves.get_mut(place) else { return };
        if one.granted() == Some(id.as_str()) {
            one.grant = Grant::Removed;
        }
        one.gone.insert(id);
    }

    fn give_up(&mut self, problem: Problem) {
        if matches!(self.phase, Phase::Reading | Phase::Granting) {
            self.phase = Phase::Undoing;
            self.problem = Some(problem);
        }
    }

    fn end(&mut self, phase: Phase, now: DateTime<Utc>) {
        self.phase = phase;
        self.ended_at = Some(now);
    }
}

#[cfg(test)]
mod tests;
