//! What a look at Entra means for an operation. No answer counts for more than it can say: a list may lag behind by a minute, and
//! what it still shows may be over already.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Event;
use crate::roles::operation::{Grant, Held, Move, Operation, Phase};
use crate::roles::table::{RoleEntry, RoleTable};
use crate::roles::words::Problem;

/// Lists of assignments lag behind by up to a minute.
/// Source: Microsoft Learn, "Best practices for Microsoft Graph application permissions" and measurements.
pub const LIST_LAG: TimeDelta = TimeDelta::seconds(65);

/// A list that has shown a grant in none of so many answers in a row, and then in one more, does not have it: a time alone
/// says nothing of a copy that nobody has asked meanwhile.
pub(super) const ANSWERS_LAG: u32 = 3;

/// What should have become visible by then is gone: somebody else has removed it.
const VISIBLE_WITHIN: TimeDelta = TimeDelta::minutes(3);

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

impl Operation {
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
    pub(super) fn may_have_been_made(&self) -> bool {
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

fn entry_of<'a>(table: &'a RoleTable, held: &Held) -> Option<&'a RoleEntry> {
    held.value.as_deref().and_then(|value| table.of_entra(value))
}

fn is_exclusive(table: &RoleTable, role: &str) -> bool {
    table.role(role).is_some_and(|entry| entry.exclusive)
}

fn is_role(table: &RoleTable, held: &Held, role: Option<&str>) -> bool {
    entry_of(table, held).is_some_and(|entry| Some(entry.role.as_str()) == role)
}
