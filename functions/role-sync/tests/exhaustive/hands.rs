//! What a worker touches in a run: Entra, the database and the clock, with the disturbances of the plan at their points.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::Uuid;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::operation::{Held, Operation};
use leitwarte_core::roles::protocol::{Event, Fault, Sight};
use leitwarte_core::roles::words::Problem;
use leitwarte_graph::{Assignment, GrantAnswer, PrincipalKind, RevokeAnswer};
use leitwarte_store::{LastReconciliation, RolePerson, Stepped, StoreError};
use role_sync::edge::{Clock, Directory, Found, Ledger};
use role_sync::{LEASE, StoredRoles};
use tokio::sync::Notify;

use crate::checker::Checker;
use crate::disturbance::{Disturbance, Kind};
use crate::entra::Entra;

/// A call takes so long.
const CALL: TimeDelta = TimeDelta::milliseconds(200);
/// Somebody gives a permission back.
pub(crate) const HEALED_AFTER: TimeDelta = TimeDelta::minutes(10);

/// Everything that is the same for all workers of a run.
pub(crate) struct Scene {
    pub(crate) roles: StoredRoles,
    pub(crate) checker: Checker,
    pub(crate) state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) now: DateTime<Utc>,
    pub(crate) entra: Entra,
    pub(crate) disturbances: Vec<Disturbance>,
    /// When the last disturbance was over, but for [`Self::faults_over_by`].
    last_fault: DateTime<Utc>,
    /// Every point there was.
    pub(crate) trace: Vec<Point>,
    /// Whoever stands still does so until the own lease is over.
    pub(crate) past_the_lease: bool,
    failing: u32,
    forbidden: Option<(DateTime<Utc>, bool)>,
    /// A process stands still since then, and nobody has taken over yet.
    stands_since: Option<DateTime<Utc>>,
    ids: u128,
}

/// Where something can go wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) name: String,
    /// A call of Entra; else a write of the database, whose answer (SQLite's) is not lost unless the process ends.
    pub(crate) is_call: bool,
}

/// One worker's hands. Dropping a worker is the end of its process.
pub(crate) struct Hands<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) signals: Arc<Signals>,
}

/// What a worker tells and is told.
#[derive(Default)]
pub(crate) struct Signals {
    /// Its process ends.
    pub(crate) killed: Notify,
    /// Its process stands still; somebody has to let a second one work.
    pub(crate) standing: Notify,
    /// It may go on.
    pub(crate) go_on: Notify,
}

impl State {
    pub(crate) fn new(entra: Entra, disturbances: Vec<Disturbance>, now: DateTime<Utc>, ids: u128) -> Self {
        Self {
            now,
            entra,
            disturbances,
            last_fault: now,
            trace: Vec::new(),
            past_the_lease: false,
            failing: 0,
            forbidden: None,
            stands_since: None,
            ids,
        }
    }

    /// When the last disturbance was over of a change that ended then. Somebody who waits for a permission waits until it is
    /// given back, unless the change was given up before.
    pub(crate) fn faults_over_by(&self, end: DateTime<Utc>) -> DateTime<Utc> {
        let healed = self.forbidden.map(|(until, _)| until).filter(|until| *until <= end);
        self.last_fault.max(healed.unwrap_or(self.last_fault))
    }

    /// As long as its lease lasts, a process that stands still keeps the others from working.
    fn taken_over(&mut self) {
        if let Some(since) = self.stands_since.take() {
            self.last_fault = self.last_fault.max((since + LEASE).min(self.now));
        }
    }

    fn next(&mut self, point: Point) -> Option<Kind> {
        let at = self.trace.len();
        self.trace.push(point);
        let kind = self.disturbances.iter().find(|one| one.at == at).map(|one| one.kind);
        let over = match kind {
            None | Some(Kind::SignIn | Kind::OldSignIn) => self.last_fault,
            Some(Kind::OvertakenBefore | Kind::OvertakenAfter) => {
                self.stands_since = Some(self.now);
                self.now
            }
            Some(_) => self.now,
        };
        self.last_fault = self.last_fault.max(over);
        kind
    }
}

impl Scene {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks whether everything still holds.
    pub(crate) async fn check(&self, when: &str) {
        self.checker.check(self, when).await;
    }
}

impl Hands<'_> {
    async fn dead(&self) -> ! {
        self.signals.killed.notify_one();
        std::future::pending().await
    }

    /// Stands still while a second one works: past the own lease, or only for the moment in which that one finds it taken.
    async fn stand_still(&self, past_the_lease: bool) {
        self.scene.state().past_the_lease = past_the_lease;
        self.signals.standing.notify_one();
        self.signals.go_on.notified().await;
    }

    async fn before(&self, name: &str, is_call: bool) -> Option<Kind> {
        let kind = self.scene.state().next(Point { name: name.to_owned(), is_call });
        match kind {
            Some(Kind::KilledBefore) => self.dead().await,
            Some(Kind::OvertakenBefore) => self.stand_still(true).await,
            _ => {}
        }
        kind
    }

    async fn after(&self, kind: Option<Kind>) {
        match kind {
            Some(Kind::KilledAfter) => self.dead().await,
            Some(Kind::OvertakenAfter) => self.stand_still(true).await,
            Some(Kind::SecondWorker) => self.stand_still(false).await,
            Some(Kind::SignIn) => self.scene.checker.sign_in(self.scene, false).await,
            Some(Kind::OldSignIn) => self.scene.checker.sign_in(self.scene, true).await,
            _ => {}
        }
    }

    /// A call of Entra: lost, failing, forbidden, or done.
    async fn call<T>(&self, name: &str, writes: bool, effect: impl FnOnce(&mut State) -> T) -> Result<T, Fault> {
        let kind = self.before(name, true).await;
        let (answer, effect) = {
            let mut state = self.scene.state();
            state.now += CALL;
            let now = state.now;
            if kind == Some(Kind::Error) {
                state.failing = 3;
            }
            if kind == Some(Kind::Forbidden) {
                state.forbidden = Some((now + HEALED_AFTER, !writes));
            }
            let forbidden = state.forbidden.is_some_and(|(until, all)| now < until && (all || writes));
            if forbidden {
                state.last_fault = state.last_fault.max(now);
                (Err(Fault::Final(problem("403"))), None)
            } else if state.failing > 0 {
                state.failing -= 1;
                state.last_fault = state.last_fault.max(now);
                (Err(Fault::Passing(problem("503"))), None)
            } else if kind == Some(Kind::RequestLost) {
                (Err(Fault::Passing(problem("no answer"))), None)
            } else {
                let done = effect(&mut state);
                (Ok(done), Some(kind == Some(Kind::AnswerLost)))
            }
        };
        // What was only read has changed nothing.
        if writes {
            self.scene.check(name).await;
        }
        self.after(kind).await;
        if effect == Some(true) { Err(Fault::Passing(problem("no answer"))) } else { answer }
    }
}

fn problem(message: &str) -> Problem {
    Problem::Entra { message: message.to_owned(), fix: String::new() }
}

impl Directory for Hands<'_> {
    async fn app_role(&self, value: &str) -> Result<Option<Uuid>, Fault> {
        self.call("app_role", false, |_| Some(app_role_of(value))).await
    }

    async fn sights(&self, people: &[Uuid]) -> Result<Vec<Sight>, Fault> {
        let shown = |state: &mut State| {
            let now = state.now;
            state.entra.list(people, now).into_iter().map(Sight::Holds).collect()
        };
        self.call("sights", false, shown).await
    }

    async fn holders(&self) -> Result<Vec<Assignment>, Fault> {
        let shown = |state: &mut State| {
            let now = state.now;
            let holder = |(person, held): (Uuid, Held)| Assignment {
                principal: person,
                kind: PrincipalKind::User,
                name: String::new(),
                held,
            };
            state.entra.holders(now).into_iter().map(holder).collect()
        };
        self.call("holders", false, shown).await
    }

    async fn grant(&self, person: Uuid, app_role: Uuid) -> Result<GrantAnswer, Fault> {
        let value = value_of(app_role);
        let done = |state: &mut State| {
            let now = state.now;
            state.entra.grant(person, &value, now).map_or(GrantAnswer::Exists, GrantAnswer::Made)
        };
        self.call("grant", true, done).await
    }

    async fn revoke(&self, assignment: &str) -> Result<RevokeAnswer, Fault> {
        let done = |state: &mut State| {
            let now = state.now;
            if state.entra.revoke(assignment, now) { RevokeAnswer::Done } else { RevokeAnswer::Gone }
        };
        self.call("revoke", true, done).await
    }

    async fn object_ids(&self, user_names: &[String]) -> Result<Vec<Option<Uuid>>, Fault> {
        self.call("object_ids", false, |_| vec![None; user_names.len()]).await
    }
}

/// App role ids are made of the values: a value's bytes, read as a number.
pub(crate) fn app_role_of(value: &str) -> Uuid {
    let table = leitwarte_core::roles::RoleTable::shipped();
    let place = table.roles().iter().position(|entry| entry.entra == value).unwrap();
    Uuid::from_u128(0xA990 + u128::try_from(place).unwrap())
}

fn value_of(app_role: Uuid) -> String {
    let table = leitwarte_core::roles::RoleTable::shipped();
    table.roles().iter().find(|entry| app_role_of(&entry.entra) == app_role).unwrap().entra.clone()
}

impl Ledger for Hands<'_> {
    async fn lease(&self, what: &str, holder: &str, now: DateTime<Utc>, time: TimeDelta) -> Result<bool, StoreError> {
        let kind = self.before("lease", false).await;
        let taken = self.scene.roles.lease(what, holder, now, time).await;
        if matches!(taken, Ok(true)) {
            self.scene.state().taken_over();
        }
        self.after(kind).await;
        taken
    }

    async fn release(&self, what: &str, holder: &str) -> Result<(), StoreError> {
        let kind = self.before("release", false).await;
        let released = self.scene.roles.release(what, holder).await;
        self.after(kind).await;
        released
    }

    async fn under_way(&self) -> Result<Vec<i64>, StoreError> {
        self.scene.roles.under_way().await
    }

    async fn operation(&self, number: i64) -> Result<Option<Operation>, StoreError> {
        self.scene.roles.operation(number).await
    }

    async fn step(&self, before: &Operation, event: &Event, now: DateTime<Utc>) -> Result<Stepped, StoreError> {
        let word = serde_json::to_value(event).unwrap()["step"].as_str().unwrap().to_owned();
        let name = format!("step {word}");
        let kind = self.before(&name, false).await;
        let stepped = self.scene.roles.step(before, event, now).await;
        self.scene.check(&name).await;
        self.after(kind).await;
        stepped
    }

    async fn alert(&self, number: i64, table: &RoleTable, now: DateTime<Utc>) -> Result<bool, StoreError> {
        // Nothing of the change depends on it, so it is no point.
        self.scene.roles.alert(number, table, now).await
    }

    async fn people(&self) -> Result<Vec<RolePerson>, StoreError> {
        self.scene.roles.people().await
    }

    async fn last_reconciliation(&self) -> Result<Option<LastReconciliation>, StoreError> {
        // Comparing has tests of its own; here it is never due.
        Ok(Some(LastReconciliation { at: self.scene.state().now, problem: None }))
    }

    async fn reconciled(&self, found: Result<Found, Problem>, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.scene.roles.reconciled(found, now).await
    }

    async fn fill_object_id(&self, person: i64, object_id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.scene.roles.fill_object_id(person, object_id, now).await
    }
}

impl Clock for Hands<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.scene.state().now
    }

    fn new_id(&self) -> Uuid {
        let mut state = self.scene.state();
        state.ids += 1;
        Uuid::from_u128(state.ids)
    }

    async fn pause(&self, time: Duration) {
        self.scene.state().now += TimeDelta::from_std(time).unwrap();
    }
}
