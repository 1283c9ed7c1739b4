//! Every way a change of roles can be disturbed, on the real code.
//!
//! Real are: the function's worker (`role_sync::Worker`, its loop, lease and leases' end), the protocol and all rules of
//! `leitwarte_core::roles`, acceptance, steps, locks, ceilings and sign-ins of `leitwarte_store`, and a SQLite database in a
//! file, written as in production. Stand-ins are: Entra behind the `Directory` trait, one level above HTTP (the HTTP client
//! has tests of its own), whose lists lag behind; and the clock, so that no test waits.
//!
//! A run is a change of roles with up to two [`Disturbance`]s at numbered points: every call of Entra and every write of the
//! database is a point. After every effect, and after every write, the [`checker`] looks at both sides; a sign-in can
//! happen at any of them. A worker that is killed is dropped where it waits; the next one starts at the next minute, as the
//! schedule does it.

mod checker;
mod disturbance;
mod entra;
mod hands;
mod run;
mod source_order;
mod spaces;

use disturbance::{Disturbance, Kind};
use run::{Change, Lag, Outcome, Plan};

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
        // The aim; two workers that are both overtaken see the lag of lists twice.
        let bound = if plan.disturbances.len() > 1 { 125 } else { 120 };
        assert!(outcome.converged_s <= bound, "{plan:?} took {} s", outcome.converged_s);
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

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs every plan; each has to hold every invariant.
fn hold(what: &str, plans: impl Iterator<Item = Plan>) -> Tally {
    let mut tally = Tally::default();
    runtime().block_on(async {
        let mut stage = run::Stage::new().await;
        for plan in plans {
            // A database that holds many runs is slow.
            if tally.runs % 250 == 249 {
                stage = run::Stage::new().await;
            }
            let outcome = run::run(&stage, &plan).await;
            tally.add(&plan, outcome.unwrap_or_else(|broken| panic!("{broken}\nin {plan:#?}")));
        }
    });
    tally.print(what);
    tally
}

#[test]
fn undisturbed_changes_come_about_whatever_lags() {
    let plans =
        Change::ALL.into_iter().flat_map(|change| Lag::ALL.map(|lag| Plan { change, lag, disturbances: vec![] }));
    let tally = hold("undisturbed", plans);
    assert_eq!(tally.aborted, 0);
}

/// One test for each kind of change, so that they run beside each other.
fn every_single_disturbance_of(change: Change) {
    let plans = Lag::ALL.into_iter().flat_map(|lag| spaces::singles(change, lag));
    let tally = hold(&format!("one disturbance, {change:?}"), plans);
    assert!(tally.done > 0 && tally.aborted > 0);
}

#[test]
fn every_single_disturbance_of_a_hand_over_leaves_everything_old_or_everything_new() {
    every_single_disturbance_of(Change::HandOver);
}

#[test]
fn every_single_disturbance_of_an_exchange_leaves_everything_old_or_everything_new() {
    every_single_disturbance_of(Change::Exchange);
}

#[test]
fn every_single_disturbance_of_a_change_of_one_leaves_everything_old_or_everything_new() {
    every_single_disturbance_of(Change::Alone);
}

#[test]
fn every_single_disturbance_of_a_repair_leaves_everything_old_or_everything_new() {
    every_single_disturbance_of(Change::Repair);
}

/// The whole space of pairs is for `make roles-exhaustive`; here it is walked in large steps, the same ones each time.
/// `ROLES_EXHAUSTIVE` is the step.
#[test]
fn pairs_of_disturbances_leave_everything_old_or_everything_new() {
    let every = std::env::var("ROLES_EXHAUSTIVE").ok().and_then(|step| step.parse().ok()).unwrap_or(spaces::SAMPLE);
    let spaces = Change::ALL.into_iter().flat_map(|change| Lag::ALL.map(|lag| (change, lag)));
    let plans = spaces.flat_map(|(change, lag)| spaces::pairs(change, lag)).step_by(every);
    let tally = hold("two disturbances", plans);
    assert!(tally.done > 0 && tally.aborted > 0);
}

/// The order of the system before: remove, assign, database. The same checker has to find it broken.
#[test]
fn d1_d2_d3_the_order_of_the_system_before_is_found_broken() {
    let (mut runs, mut broken) = (0, Vec::new());
    runtime().block_on(async {
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
    let trace = runtime().block_on(async {
        let stage = run::Stage::new().await;
        let plan = Plan { change: Change::HandOver, lag: Lag::Answers(0), disturbances: vec![] };
        run::trace(&stage, &plan).await
    });
    let expected = "lease, sights, holders, step found, step grant_intended, app_role, grant, step grant_made, step grant_intended, \
                    app_role, grant, step grant_made, sights, step committed, revoke, step revoked, revoke, step revoked, \
                    sights, step finished, release";
    assert_eq!(trace.join(", "), expected);
    assert_eq!(Disturbance { at: 3, kind: Kind::KilledAfter }.to_string(), "killed after point 3");
}
