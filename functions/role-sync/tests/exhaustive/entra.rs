//! Entra in memory: app role assignments, uniqueness, and lists that lag behind.

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::Uuid;
use leitwarte_core::roles::Held;

use crate::run::Lag;

/// One assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assigned {
    pub(crate) id: String,
    pub(crate) person: Uuid,
    pub(crate) value: String,
}

/// The directory of one tenant.
#[derive(Debug)]
pub(crate) struct Entra {
    assigned: Vec<Assigned>,
    next: u32,
    lag: Lag,
    /// What lists show for so many more answers.
    stale: Option<(Vec<Assigned>, u32)>,
    /// What was there before each change, and when that was.
    before: Vec<(DateTime<Utc>, Vec<Assigned>)>,
}

impl Entra {
    pub(crate) fn new(lag: Lag, people: &[(Uuid, &str)]) -> Self {
        let mut entra = Self { assigned: Vec::new(), next: 0, lag, stale: None, before: Vec::new() };
        for (person, value) in people {
            entra.add(*person, value);
        }
        entra
    }

    fn add(&mut self, person: Uuid, value: &str) -> String {
        self.next += 1;
        let id = format!("a{}", self.next);
        self.assigned.push(Assigned { id: id.clone(), person, value: value.to_owned() });
        id
    }

    fn changing(&mut self, now: DateTime<Utc>) {
        self.before.push((now, self.assigned.clone()));
        if let Lag::Answers(answers) = self.lag {
            let shown = self.stale.take().map_or_else(|| self.assigned.clone(), |(shown, _)| shown);
            self.stale = (answers > 0).then_some((shown, answers));
        }
    }

    /// The new assignment's id; `None` when there is one already.
    pub(crate) fn grant(&mut self, person: Uuid, value: &str, now: DateTime<Utc>) -> Option<String> {
        if self.values(person).iter().any(|held| held == value) {
            return None;
        }
        self.changing(now);
        Some(self.add(person, value))
    }

    /// Whether it was there.
    pub(crate) fn revoke(&mut self, id: &str, now: DateTime<Utc>) -> bool {
        if !self.assigned.iter().any(|one| one.id == id) {
            return false;
        }
        self.changing(now);
        self.assigned.retain(|one| one.id != id);
        true
    }

    /// What a person really holds.
    pub(crate) fn values(&self, person: Uuid) -> Vec<String> {
        self.assigned.iter().filter(|one| one.person == person).map(|one| one.value.clone()).collect()
    }

    /// The assignments of a person, as they really are.
    pub(crate) fn ids(&self, person: Uuid) -> Vec<String> {
        self.assigned.iter().filter(|one| one.person == person).map(|one| one.id.clone()).collect()
    }

    /// What one answer shows of these people, which may be over already.
    pub(crate) fn list(&mut self, people: &[Uuid], now: DateTime<Utc>) -> Vec<Vec<Held>> {
        let shown = self.holders(now);
        let of = |id: &Uuid| shown.iter().filter(|(person, _)| person == id).map(|(_, held)| held.clone()).collect();
        people.iter().map(of).collect()
    }

    /// What one answer shows of everybody.
    pub(crate) fn holders(&mut self, now: DateTime<Utc>) -> Vec<(Uuid, Held)> {
        let shown = match (&mut self.stale, self.lag) {
            (Some((shown, left)), _) => {
                let shown = shown.clone();
                *left -= 1;
                if *left == 0 {
                    self.stale = None;
                }
                shown
            }
            (None, Lag::Seconds(seconds)) => {
                let as_of = now - TimeDelta::seconds(seconds);
                let before = self.before.iter().find(|(at, _)| *at > as_of);
                before.map_or_else(|| self.assigned.clone(), |(_, before)| before.clone())
            }
            (None, Lag::Answers(_)) => self.assigned.clone(),
        };
        let held = |one: Assigned| (one.person, Held { id: one.id, value: Some(one.value), direct: true });
        shown.into_iter().map(held).collect()
    }
}
