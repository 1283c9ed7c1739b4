//! The invariants of role-sync.md, looked at after every effect.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::Uuid;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::standing::effective;
use leitwarte_store::{Account, RolePerson, SignIn, Store};

use crate::hands::Scene;

/// A person of the run.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    pub(crate) number: i64,
    pub(crate) object_id: Uuid,
    pub(crate) name: &'static str,
    pub(crate) old: &'static str,
    pub(crate) new: &'static str,
    /// What is stored here before: the old role, but for a repair.
    pub(crate) stored: &'static str,
    /// Its limit before and, if everything stays old, after.
    pub(crate) limit: Option<&'static str>,
}

/// Knows how everything began and how it may end, and notes what is not so.
pub(crate) struct Checker {
    pub(crate) store: Store,
    pub(crate) tenant: Uuid,
    pub(crate) table: RoleTable,
    pub(crate) actors: Vec<Actor>,
    pub(crate) began_at: DateTime<Utc>,
    pub(crate) broken: Mutex<Vec<String>>,
}

impl Checker {
    pub(crate) fn broken(&self) -> Option<String> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        (!broken.is_empty()).then(|| broken.join("\n"))
    }

    fn note(&self, scene: &Scene, when: &str, what: &str) {
        let trace: Vec<String> = scene.state().trace.iter().map(|point| point.name.clone()).collect();
        let trace = trace.join(", ");
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if !broken.iter().any(|known| known.starts_with(what)) {
            broken.push(format!("{what} (at {when}, after {trace})"));
        }
    }

    /// What has to hold at every moment.
    pub(crate) async fn check(&self, scene: &Scene, when: &str) {
        let people = self.store.role_people(self.tenant).await.unwrap();
        let held = |actor: &Actor| self.held(scene, actor);
        for actor in &self.actors {
            let held = held(actor);
            if held.is_empty() {
                self.note(scene, when, &format!("{} has no role in Entra", actor.name));
            }
            let Some(person) = person(&people, actor) else { continue };
            let counts = effective(&self.table, person.role.as_deref(), person.ceiling.as_deref());
            let highest = held.iter().map(|role| self.table.rank(Some(role))).max().unwrap_or(0);
            let takes_office = counts == Some(actor.new) && self.table.role(actor.new).is_some_and(|one| one.exclusive);
            let premature = self.table.rank(counts) > highest || (takes_office && !held.contains(actor.new));
            if premature {
                self.note(scene, when, &format!("{} counts as {counts:?} before Entra says so", actor.name));
            }
            if person.under_way.is_some()
                && self.table.rank(counts) > self.table.rank(Some(actor.new)).max(self.rank_kept(actor))
            {
                self.note(scene, when, &format!("the demotion of {} is not in effect", actor.name));
            }
        }
        let offices = self.actors.iter().flat_map(|actor| [actor.old, actor.new]);
        let offices: BTreeSet<&str> =
            offices.filter(|role| self.table.role(role).is_some_and(|entry| entry.exclusive)).collect();
        for office in offices {
            if !self.actors.iter().any(|actor| held(actor).contains(office)) {
                self.note(scene, when, &format!("the office {office} is vacant"));
            }
        }
    }

    /// While a change is under way nobody counts for more than the lower of old and new role.
    fn rank_kept(&self, actor: &Actor) -> u32 {
        self.table.rank(Some(actor.old)).min(self.table.rank(Some(actor.new)))
    }

    /// What has to hold when nothing is under way; tells whether everything is new.
    pub(crate) async fn at_rest(&self, scene: &Scene) -> bool {
        let people = self.store.role_people(self.tenant).await.unwrap();
        let is = |actor: &Actor, entra: &str, stored: &str, limit: Option<&str>| {
            let there = self.held(scene, actor) == BTreeSet::from([entra.to_owned()]);
            let here = person(&people, actor).is_some_and(|person| {
                (person.role.as_deref(), person.ceiling.as_deref()) == (Some(stored), limit)
                    && person.under_way.is_none()
            });
            there && here
        };
        let new = self.actors.iter().all(|actor| is(actor, actor.new, actor.new, None));
        let old = self.actors.iter().all(|actor| is(actor, actor.old, actor.stored, actor.limit));
        if !new && !old {
            let state: Vec<String> = self
                .actors
                .iter()
                .map(|actor| {
                    let here = person(&people, actor).map(|one| (one.role.clone(), one.ceiling.clone()));
                    format!("{}: Entra {:?}, here {here:?}", actor.name, self.held(scene, actor))
                })
                .collect();
            self.note(scene, "rest", &format!("neither all old nor all new: {}", state.join("; ")));
        }
        new
    }

    /// The roles a person really holds in Entra.
    fn held(&self, scene: &Scene, actor: &Actor) -> BTreeSet<String> {
        let values = scene.state().entra.values(actor.object_id);
        values.iter().filter_map(|value| self.table.of_entra(value)).map(|entry| entry.role.clone()).collect()
    }

    /// Everybody signs in, with a token of now or of the time before the change.
    pub(crate) async fn sign_in(&self, scene: &Scene, old: bool) {
        for actor in &self.actors {
            let (now, values, session) = {
                let mut state = scene.state();
                state.now += TimeDelta::milliseconds(1);
                (state.now, state.entra.values(actor.object_id), format!("{} {}", self.tenant, state.now))
            };
            let old_value = self.table.role(actor.old).unwrap().entra.clone();
            let (claims, issued_at) = if old { (vec![old_value], self.began_at) } else { (values, now) };
            sign_in(
                &self.store,
                &self.table,
                self.tenant,
                actor,
                &format!("{session} {}", actor.name),
                (&claims, issued_at),
                now,
            )
            .await;
        }
        self.check(scene, "a sign-in").await;
    }
}

fn person<'a>(people: &'a [RolePerson], actor: &Actor) -> Option<&'a RolePerson> {
    people.iter().find(|one| one.object_id == Some(actor.object_id))
}

/// A sign-in as the function `sign-in` records it.
pub(crate) async fn sign_in(
    store: &Store,
    table: &RoleTable,
    tenant: Uuid,
    actor: &Actor,
    session: &str,
    (claims, issued_at): (&[String], DateTime<Utc>),
    now: DateTime<Utc>,
) {
    let account = Account {
        tenant_id: tenant,
        object_id: actor.object_id,
        user_name: format!("{}@contoso.example", actor.name),
        name: actor.name.to_owned(),
    };
    let rights = BTreeSet::new();
    let sign_in = SignIn {
        account,
        claims,
        issued_at,
        table,
        rights: &rights,
        id_hash: session,
        attempt: session,
        replaces: None,
    };
    store.sign_in(&sign_in, now).await.unwrap();
}
