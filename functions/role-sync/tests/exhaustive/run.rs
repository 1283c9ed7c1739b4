//! One run: people, a change that is accepted, workers until everything is at rest.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::Uuid;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::standing::{Drift, Effect, OpenSessions, Side};
use leitwarte_core::roles::wish::Wish;
use leitwarte_store::{Asked, Config, Decided, FoundPerson, Store};
use role_sync::{Event, LONGEST_TASK, StoredRoles, Worker};
use tempfile::TempDir;

use crate::checker::{Actor, Checker, sign_in};
use crate::disturbance::Disturbance;
use crate::entra::Entra;
use crate::hands::{Hands, Point, Scene, Signals, State};

/// The invocation's time limit.
const INVOCATION: TimeDelta = TimeDelta::seconds(240);
/// The schedule.
const EACH: i64 = 60;
/// A process that ends is followed by another one so soon, which goes on with what is under way.
const RESTART: TimeDelta = TimeDelta::seconds(5);
/// A second process that comes while the first one works: time for some steps if nobody has the lease, and none to wait.
const MOMENT: TimeDelta = TimeDelta::seconds(2);
/// A run that takes longer does not converge.
const MOST_TICKS: u32 = 60;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// An office goes to a successor.
    HandOver,
    /// Two exchange their offices.
    Exchange,
    /// One person steps down.
    Alone,
    /// Entra says less than what is stored, and an administrator has decided that this holds.
    Repair,
}

impl Change {
    pub(crate) const ALL: [Self; 4] = [Self::HandOver, Self::Exchange, Self::Alone, Self::Repair];
}

/// How lists lag behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lag {
    /// After each change, so many answers are of the time before.
    Answers(u32),
    /// They show what was so many seconds ago.
    Seconds(i64),
}

impl Lag {
    pub(crate) const ALL: [Self; 5] =
        [Self::Answers(0), Self::Answers(1), Self::Answers(2), Self::Answers(3), Self::Seconds(60)];
}

/// One run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) change: Change,
    pub(crate) lag: Lag,
    pub(crate) disturbances: Vec<Disturbance>,
}

/// How it ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// Everything is new, or everything is old.
    pub(crate) done: bool,
    /// How long after the last fault.
    pub(crate) converged_s: i64,
}

/// The database of many runs; each has a tenant of its own.
pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) table: RoleTable,
    runs: AtomicU32,
    _folder: TempDir,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        // Memory is as good as a disk here: what a power cut leaves is tested elsewhere.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let database_url = format!("sqlite://{}", folder.path().join("leitwarte.db").display());
        let store = Store::open(&Config { database_url, read_only: false, max_connections: 2 }).await.unwrap();
        Self { store, table: RoleTable::shipped(), runs: AtomicU32::new(0), _folder: folder }
    }

    /// People who have signed in, and Entra that knows them.
    pub(crate) async fn scene(&self, change: Change, lag: Lag, disturbances: Vec<Disturbance>) -> Scene {
        let run = u128::from(self.runs.fetch_add(1, Ordering::Relaxed));
        let tenant = Uuid::from_u128((0xC0_u128 << 120) + run);
        let began_at = DateTime::from_timestamp(1_900_000_000, 0).unwrap();
        let roles: &[(&str, &str, &str)] = match change {
            Change::HandOver => &[("gains", "head", "board_finance"), ("gives", "board_finance", "member")],
            Change::Exchange => {
                &[("other", "board_internal", "board_finance"), ("asks", "board_finance", "board_internal")]
            }
            Change::Alone => &[("asks", "head", "member")],
            Change::Repair => &[("differs", "member", "head")],
        };
        let mut actors: Vec<Actor> = (1_u128..)
            .zip(roles)
            .map(|(place, &(name, old, new))| Actor {
                number: 0,
                object_id: Uuid::from_u128(tenant.as_u128() + (place << 64)),
                name,
                old,
                new,
                stored: if change == Change::Repair { new } else { old },
                limit: (change == Change::Repair).then_some(old),
            })
            .collect();
        for actor in &actors {
            let value = self.table.role(actor.stored).unwrap().entra.clone();
            let session = format!("{tenant} {} first", actor.name);
            let before = began_at - TimeDelta::days(1);
            sign_in(&self.store, &self.table, tenant, actor, &session, (&[value], before), before).await;
        }
        for person in self.store.role_people(tenant).await.unwrap() {
            let actor = actors.iter_mut().find(|actor| Some(actor.object_id) == person.object_id).unwrap();
            actor.number = person.number;
        }
        let values = |actor: &Actor| self.table.role(actor.old).unwrap().entra.as_str();
        let held: Vec<_> = actors.iter().map(|actor| (actor.object_id, values(actor))).collect();
        let entra = Entra::new(lag, &held);
        Scene {
            roles: StoredRoles { store: self.store.clone(), tenant },
            state: Mutex::new(State::new(entra, disturbances, began_at, run << 64)),
            checker: Checker {
                store: self.store.clone(),
                tenant,
                table: self.table.clone(),
                actors,
                began_at: began_at - TimeDelta::minutes(1),
                broken: Mutex::default(),
            },
        }
    }

    /// The change is asked for and accepted.
    pub(crate) async fn accepted(&self, scene: &Scene, change: Change) -> i64 {
        if change == Change::Repair {
            return self.decided(scene).await;
        }
        let actors = &scene.checker.actors;
        let asking = actors.last().unwrap();
        let to = asking.new.to_owned();
        let wish = match change {
            Change::HandOver => Wish::HandOver { to, successor: actors[0].number },
            Change::Exchange | Change::Alone | Change::Repair => Wish::Change { to },
        };
        let tenant = scene.checker.tenant;
        let now = scene.state().now;
        let asked = self.store.ask_for_role(&self.table, (tenant, asking.number), &wish, None, now).await.unwrap();
        let Asked::Accepted(number) = asked else { panic!("{asked:?}") };
        scene.check("acceptance").await;
        number
    }
}

impl Stage {
    /// A comparison finds the difference, and an administrator decides about it.
    async fn decided(&self, scene: &Scene) -> i64 {
        let actor = &scene.checker.actors[0];
        let (tenant, now) = (scene.checker.tenant, scene.state().now);
        let version = self.store.role_people(tenant).await.unwrap()[0].version;
        let drift = Drift::Differs { stored: Some(actor.stored.to_owned()), entra: actor.old.to_owned() };
        let effect = Effect::Limit(actor.old.to_owned());
        let found =
            FoundPerson { person: actor.number, version, drifts: vec![drift], effect, sessions: OpenSessions::Stay };
        self.store.record_reconciliation(tenant, &[found], &[], now).await.unwrap();
        let administrator = leitwarte_store::Actor { person: None, who: "an administrator" };
        let person = (tenant, actor.number);
        let decided =
            self.store.decide_drift(&self.table, person, (Side::Stored, None), administrator, now).await.unwrap();
        let Decided::Accepted(number) = decided else { panic!("{decided:?}") };
        scene.check("the decision").await;
        number
    }
}

/// Runs a plan: how it ended, and the points there were.
///
/// # Errors
/// What did not hold.
pub(crate) async fn run(stage: &Stage, plan: &Plan) -> Result<(Outcome, Vec<Point>), String> {
    let scene = stage.scene(plan.change, plan.lag, plan.disturbances.clone()).await;
    let number = stage.accepted(&scene, plan.change).await;
    let mut died = work(stage, &scene, &Event::Operation(number), INVOCATION).await;
    for _ in 0..MOST_TICKS {
        if let Some(broken) = scene.checker.broken() {
            return Err(broken);
        }
        let operation = stage.store.role_operation(number).await.unwrap().unwrap();
        if let Some(ended_at) = operation.ended_at {
            let done = scene.checker.at_rest(&scene).await;
            if let Some(broken) = scene.checker.broken() {
                return Err(broken);
            }
            let converged_s = (ended_at - scene.state().faults_over_by(ended_at)).num_seconds();
            let points = std::mem::take(&mut scene.state().trace);
            return Ok((Outcome { done, converged_s }, points));
        }
        if died {
            scene.state().now += RESTART;
        } else {
            next_minute(&scene);
        }
        died = work(stage, &scene, &Event::Tick, INVOCATION).await;
    }
    Err(format!("it does not come to rest: {:?}", stage.store.role_operation(number).await.unwrap()))
}

fn next_minute(scene: &Scene) {
    let mut state = scene.state();
    let second = state.now.timestamp();
    state.now = DateTime::<Utc>::from_timestamp(second - second.rem_euclid(EACH) + EACH, 0).unwrap();
}

/// One process, until it has nothing left to do or is killed; tells whether it was. When it stands still, a second one works
/// meanwhile, which is the next one that the schedule starts.
async fn work(stage: &Stage, scene: &Scene, event: &Event, time: TimeDelta) -> bool {
    let signals = Arc::new(Signals::default());
    let hands = Hands { scene, signals: Arc::clone(&signals) };
    let worker = Worker { directory: &hands, ledger: &hands, clock: &hands, table: &stage.table, sign_in: None };
    let end = scene.state().now + time;
    let mut running = pin!(worker.run(event, end));
    loop {
        tokio::select! {
            biased;
            _ = &mut running => return false,
            () = signals.killed.notified() => return true,
            () = signals.standing.notified() => {
                // The next one comes with the next minute and waits for the end of the lease; or it comes at once, and waits
                // for nothing.
                let past_the_lease = scene.state().past_the_lease;
                if past_the_lease {
                    next_minute(scene);
                }
                let time = if past_the_lease { INVOCATION } else { LONGEST_TASK + MOMENT };
                while Box::pin(work(stage, scene, &Event::Tick, time)).await {
                    scene.state().now += RESTART;
                }
                signals.go_on.notify_one();
            }
        }
    }
}
