//! Every way a change of roles can be disturbed, on the real code.
//!
//! Real are: the function's worker (`role_sync::Worker`, its loop, lease and leases' end), the protocol and all rules of
//! `leitwarte_core::roles`, acceptance, steps, locks, ceilings and sign-ins of `leitwarte_store`, and a SQLite database in a
//! file, written as in production. Stand-ins are: Entra behind the `Directory` trait, one level above HTTP (the HTTP client
//! has tests of its own), whose lists lag behind; and the clock, so that no test waits.
//!
//! A run is a change of roles with up to two [`Disturbance`]s at numbered points: every call of Entra and every write of the
//! database is a point. After every effect, and after every write, the [`checker`] looks at both sides; a sign-in can
//! happen at any of them. A worker that is killed is dropped where it waits; the next one starts seconds later, as the
//! next process does it; one that stops by itself is followed with the next minute, as the schedule does it.

mod checker;
mod disturbance;
mod entra;
mod hands;
mod run;
mod source_order;
mod spaces;

use disturbance::{Disturbance, Kind};
use hands::Point;
use run::{Change, Lag, Outcome, Plan};
use spaces::{Steps, disturbances};

/// After the last fault everybody is at rest so soon, in seconds.
const CONVERGED_S: i64 = 120;

/// Runs with their tally.
#[derive(Debug, Default)]
struct Tally {
    runs: usize,
    done: usize,
    aborted: usize,
    slowest_s: i64,
    /// How that one was disturbed.
    slowest: String,
}

impl Tally {
    fn add(&mut self, plan: &Plan, outcome: Outcome) {
        self.runs += 1;
        match outcome {
            Outcome { done: true, .. } => self.done += 1,
            Outcome { .. } => self.aborted += 1,
        }
        assert!(outcome.converged_s <= CONVERGED_S, "{plan:?} took {} s", outcome.converged_s);
        if outcome.converged_s > self.slowest_s {
            self.slowest_s = outcome.converged_s;
            self.slowest = format!("{plan:?}");
        }
    }

    fn print(&self, what: &str) {
        let Self { runs, done, aborted, slowest_s, slowest } = self;
        println!(
            "{what}: {runs} runs, {done} all new, {aborted} all old, at rest at most {slowest_s} s after the last fault\n  ({slowest})"
        );
    }
}

/// One kind of change, run again and again.
struct Walk {
    stage: run::Stage,
    change: Change,
    tally: Tally,
}

impl Walk {
    async fn new(change: Change) -> Self {
        Self { stage: run::Stage::new().await, change, tally: Tally::default() }
    }

    /// Runs it, which has to hold every invariant; the points there were.
    async fn run(&mut self, lag: Lag, disturbances: &[Disturbance]) -> Vec<Point> {
        // A database that holds many runs is slow.
        if self.tally.runs % 250 == 249 {
            self.stage = run::Stage::new().await;
        }
        let plan = Plan { change: self.change, lag, disturbances: disturbances.to_vec() };
        let ran = run::run(&self.stage, &plan).await;
        let (outcome, points) = ran.unwrap_or_else(|broken| panic!("{broken}\nin {plan:#?}"));
        self.tally.add(&plan, outcome);
        points
    }

    /// Disturbs it at every point; then, as far as `pairs` goes, at every later point of that disturbed run too.
    async fn all(&mut self, lag: Lag, pairs: Option<Steps>) {
        let undisturbed = self.run(lag, &[]).await;
        for first in disturbances(&undisturbed, 0).step_by(pairs.map_or(1, |steps| steps.first)) {
            let points = self.run(lag, &[first]).await;
            let Some(steps) = pairs else { continue };
            for second in disturbances(&points, first.at + 1).step_by(steps.second) {
                self.run(lag, &[first, second]).await;
            }
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn walk(what: &str, change: Change, pairs: Option<Steps>) {
    for lag in Lag::ALL {
        let tally = block_on(async {
            let mut walk = Walk::new(change).await;
            walk.all(lag, pairs.map(|steps| steps.of(lag))).await;
            walk.tally
        });
        tally.print(&format!("{what}, {change:?}, {lag:?}"));
        assert!(tally.done > 0 && tally.aborted > 0);
    }
}

/// One test for each kind of change, so that they run beside each other.
macro_rules! walks {
    ($($change:ident: $singles:ident, $pairs:ident;)*) => {$(
        #[test]
        fn $singles() {
            walk("one disturbance", Change::$change, None);
        }

        /// `make roles-exhaustive` walks the whole space of pairs; here it is walked in large steps, the same ones each time.
        #[test]
        fn $pairs() {
            let everything = std::env::var_os("ROLES_EXHAUSTIVE").is_some();
            walk("two disturbances", Change::$change, Some(if everything { Steps::ALL } else { Steps::SAMPLE }));
        }
    )*};
}

walks! {
    HandOver: every_single_disturbance_of_a_hand_over_leaves_everything_old_or_everything_new,
        pairs_of_disturbances_of_a_hand_over_leave_everything_old_or_everything_new;
    Exchange: every_single_disturbance_of_an_exchange_leaves_everything_old_or_everything_new,
        pairs_of_disturbances_of_an_exchange_leave_everything_old_or_everything_new;
    Alone: every_single_disturbance_of_a_change_of_one_leaves_everything_old_or_everything_new,
        pairs_of_disturbances_of_a_change_of_one_leave_everything_old_or_everything_new;
    Repair: every_single_disturbance_of_a_repair_leaves_everything_old_or_everything_new,
        pairs_of_disturbances_of_a_repair_leave_everything_old_or_everything_new;
}

#[test]
fn undisturbed_changes_come_about_whatever_lags() {
    for change in Change::ALL {
        let tally = block_on(async {
            let mut walk = Walk::new(change).await;
            for lag in Lag::ALL {
                walk.run(lag, &[]).await;
            }
            walk.tally
        });
        tally.print(&format!("undisturbed, {change:?}"));
        assert_eq!(tally.aborted, 0);
    }
}

/// The order of the system before: remove, assign, database. The same checker has to find it broken.
#[test]
fn d1_d2_d3_the_order_of_the_system_before_is_found_broken() {
    let (mut runs, mut broken) = (0, Vec::new());
    block_on(async {
        let stage = run::Stage::new().await;
        for disturbances in std::iter::once(vec![]).chain(source_order::singles()) {
            runs += 1;
            if let Err(what) = source_order::run(&stage, disturbances).await {
                broken.push(what);
            }
        }
    });
    println!("the order of the system before: {} of {runs} runs broke an invariant", broken.len());
    let has = |words: &str| broken.iter().any(|what| what.contains(words));
    assert!(has("has no role in Entra"), "D1");
    assert!(has("is vacant"), "D1");
    assert!(has("neither all old nor all new"), "D2 and D3");
}

#[test]
fn the_points_are_what_the_comment_says() {
    let points = block_on(async { Walk::new(Change::HandOver).await.run(Lag::Answers(0), &[]).await });
    let names: Vec<String> = points.into_iter().map(|point| point.name).collect();
    let expected = "lease, sights, holders, step found, step grant_intended, app_role, grant, step grant_made, step grant_intended, \
                    app_role, grant, step grant_made, sights, step committed, revoke, step revoked, revoke, step revoked, \
                    sights, step finished, release";
    assert_eq!(names.join(", "), expected);
    assert_eq!(Disturbance { at: 3, kind: Kind::KilledAfter }.to_string(), "killed after point 3");
}
