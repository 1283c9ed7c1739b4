//! How an operation is carried out: pure decisions, each followed by one effect and one record.
//!
//! [`Operation::next`] says what to do, [`Operation::seen`] and [`Operation::failed`] say what an answer means, and
//! [`Operation::apply`] is the only way an operation changes. The order is what keeps the promises of the module: grant to
//! who gains, grant to who gives, see both, point of no return, revoke the old ones, see that again, write the database.
//! No answer counts for more than it can say: a list may lag behind by a minute, a lost answer may have been a success.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::operation::{Grant, Held, Move, Operation, Phase};
use super::table::RoleTable;
use super::words::Problem;

/// Lists of assignments lag behind by up to a minute.
/// Source: Microsoft Learn, "Best practices for Microsoft Graph application permissions" and measurements.
pub const LIST_LAG: TimeDelta = TimeDelta::seconds(65);

/// A list that has shown a grant in none of so many answers in a row, and then in one more, does not have it: a time alone
/// says nothing of a copy that nobody has asked meanwhile.
const ANSWERS_LAG: u32 = 3;

/// What should have become visible by then is gone: somebody else has removed it.
const VISIBLE_WITHIN: TimeDelta = TimeDelta::minutes(3);

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

/// What Entra shows of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Every assignment of our application's roles.
    Holds(Vec<Held>),
    /// There is no such account.
    NoAccount,
}

/// What a look means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Write this down.
    Event(Event),
    /// It may only lag behind: look again.
    Wait,
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

    /// What a look at everybody concerned means; `in_vain` looks right before it meant nothing.
    #[must_use]
    pub fn seen(&self, table: &RoleTable, sights: &[Sight], in_vain: u32, now: DateTime<Utc>) -> Seen {
        let waited = now - self.progress_at;
        match self.phase {
            Phase::Reading => self.seen_first(table, sights, waited),
            Phase::Granting => self.seen_grants(table, sights, waited),
            Phase::Revoking => self.seen_result(table, sights, waited),
            Phase::Undoing => self.seen_remains(table, sights, waited, in_vain),
            Phase::Done | Phase::Aborted => Seen::Wait,
        }
    }

    fn seen_first(&self, table: &RoleTable, sights: &[Sight], waited: TimeDelta) -> Seen {
        let mut found = Vec::with_capacity(sights.len());
        for (one, sight) in self.moves.iter().zip(sights) {
            let failed = |problem| Seen::Event(Event::Failed { problem });
            let Sight::Holds(held) = sight else { return failed(one.account_gone()) };
            let known = |held: &&Held| entry_of(table, held).is_some();
            if let Some(group) = held.iter().filter(known).find(|held| !held.direct) {
                let role = entry_of(table, group).map(|entry| entry.role.clone()).unwrap_or_default();
                return failed(Problem::ThroughGroup { name: one.name.clone(), role });
            }
            if one.must_hold && !held.iter().any(|held| is_role(table, held, one.from.as_deref())) {
                let role = one.from.clone().unwrap_or_default();
                let problem = Problem::NotInEntra { name: one.name.clone(), role };
                return if waited < LIST_LAG { Seen::Wait } else { failed(problem) };
            }
            found.push(held.iter().filter(known).cloned().collect());
        }
        Seen::Event(Event::Found { held: found })
    }

    /// Whether somebody gets an office that one person alone may hold: then everybody who holds it has to be looked at before
    /// anything is granted.
    #[must_use]
    pub fn fills_an_office(&self, table: &RoleTable) -> bool {
        self.phase == Phase::Reading && self.moves.iter().any(|one| is_exclusive(table, &one.to))
    }

    /// What it means who holds which role of the application, by object id and name; `None`: nobody else has such an office.
    #[must_use]
    pub fn seen_holders<'a>(
        &self,
        table: &RoleTable,
        holders: impl IntoIterator<Item = (Uuid, &'a str, &'a Held)>,
        in_vain: u32,
        now: DateTime<Utc>,
    ) -> Option<Seen> {
        let concerned = |id: Uuid| self.moves.iter().any(|one| one.object_id == id);
        let (name, office) = holders.into_iter().filter(|(id, ..)| !concerned(*id)).find_map(|(_, name, held)| {
            let office = &entry_of(table, held)?.role;
            let is_filled = is_exclusive(table, office) && self.moves.iter().any(|one| one.to == *office);
            is_filled.then(|| (name.to_owned(), office.clone()))
        })?;
        // It may be over already.
        if now - self.progress_at < LIST_LAG || in_vain < ANSWERS_LAG {
            return Some(Seen::Wait);
        }
        Some(Seen::Event(Event::Failed { problem: Problem::HeldByAnother { name, office } }))
    }

    fn seen_grants(&self, table: &RoleTable, sights: &[Sight], waited: TimeDelta) -> Seen {
        for (place, (one, sight)) in self.moves.iter().zip(sights).enumerate() {
            let Sight::Holds(held) = sight else {
                return Seen::Event(Event::Failed { problem: one.account_gone() });
            };
            if let Some(seen) = one.seen_grant(place, table, held, waited) {
                return seen;
            }
        }
        self.visible(sights, waited).unwrap_or(Seen::Event(Event::Committed))
    }

    /// Looks for what is not visible, though it was granted.
    fn visible(&self, sights: &[Sight], waited: TimeDelta) -> Option<Seen> {
        let missing = |(_, (one, sight)): &(usize, (&Move, &Sight))| match sight {
            Sight::Holds(held) => !held.iter().any(|held| Some(held.id.as_str()) == one.granted()),
            Sight::NoAccount => false,
        };
        let (place, _) = self.moves.iter().zip(sights).enumerate().find(missing)?;
        Some(if waited < VISIBLE_WITHIN { Seen::Wait } else { Seen::Event(Event::GrantNotSeen { place }) })
    }

    fn seen_result(&self, table: &RoleTable, sights: &[Sight], waited: TimeDelta) -> Seen {
        for (place, (one, sight)) in self.moves.iter().zip(sights).enumerate() {
            let Sight::Holds(held) = sight else { continue };
            if let Some(seen) = one.seen_grant(place, table, held, waited) {
                return seen;
            }
            let others = held.iter().filter(|held| {
                let expected = one.granted() == Some(held.id.as_str()) || one.gone.contains(&held.id);
                held.direct && !expected && entry_of(table, held).is_some()
            });
            let others: Vec<Held> = others.cloned().collect();
            if !others.is_empty() {
                return Seen::Event(Event::More { place, held: others });
            }
        }
        self.visible(sights, waited).unwrap_or(Seen::Event(Event::Finished))
    }

    fn seen_remains(&self, table: &RoleTable, sights: &[Sight], waited: TimeDelta, in_vain: u32) -> Seen {
        for (place, (one, sight)) in self.moves.iter().zip(sights).enumerate() {
            if !one.may_have_been_made() {
                continue;
            }
            let Sight::Holds(held) = sight else { return Seen::Event(Event::NeverMade { place }) };
            return match one.new_assignment(table, held) {
                Some(id) => Seen::Event(Event::GrantSeen { place, id }),
                None if waited < LIST_LAG || in_vain < ANSWERS_LAG => Seen::Wait,
                None => Seen::Event(Event::NeverMade { place }),
            };
        }
        Seen::Wait
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

impl Move {
    /// What a look means for a grant that is not certain; `None` when it is.
    fn seen_grant(&self, place: usize, table: &RoleTable, held: &[Held], waited: TimeDelta) -> Option<Seen> {
        match &self.grant {
            // Only one that was not there before can be the answer to what was sent.
            Grant::Uncertain => Some(Seen::Event(match self.new_assignment(table, held) {
                Some(id) => Event::GrantSeen { place, id },
                None => Event::GrantNotSeen { place },
            })),
            // Entra has said that there is one: it may be older than the operation, but not one that is known to be gone.
            Grant::Exists => {
                let there = held
                    .iter()
                    .find(|held| held.direct && is_role(table, held, Some(&self.to)) && !self.gone.contains(&held.id));
                Some(match there {
                    Some(held) => Seen::Event(Event::GrantSeen { place, id: held.id.clone() }),
                    None if waited < VISIBLE_WITHIN => Seen::Wait,
                    None => Seen::Event(Event::GrantNotSeen { place }),
                })
            }
            _ => None,
        }
    }

    /// An assignment of the new role that was neither there before nor is known to be gone.
    fn new_assignment(&self, table: &RoleTable, held: &[Held]) -> Option<String> {
        let fresh = held.iter().find(|held| {
            let known = self.was_there(&held.id) || self.gone.contains(&held.id);
            held.direct && !known && is_role(table, held, Some(&self.to))
        });
        fresh.map(|held| held.id.clone())
    }

    /// Whether a grant may be in Entra whose id is not known.
    fn may_have_been_made(&self) -> bool {
        match self.grant {
            Grant::Intended | Grant::Uncertain => true,
            Grant::Exists => self.was_uncertain,
            Grant::Unsent | Grant::Made { .. } | Grant::Removed => false,
        }
    }

    fn account_gone(&self) -> Problem {
        Problem::AccountGone { name: self.name.clone() }
    }
}

fn entry_of<'a>(table: &'a RoleTable, held: &Held) -> Option<&'a super::RoleEntry> {
    held.value.as_deref().and_then(|value| table.of_entra(value))
}

fn is_exclusive(table: &RoleTable, role: &str) -> bool {
    table.role(role).is_some_and(|entry| entry.exclusive)
}

fn is_role(table: &RoleTable, held: &Held, role: Option<&str>) -> bool {
    entry_of(table, held).is_some_and(|entry| Some(entry.role.as_str()) == role)
}

#[cfg(test)]
mod tests;
