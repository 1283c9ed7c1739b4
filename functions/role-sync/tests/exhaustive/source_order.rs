//! The order of the system before, as a negative control: for each person remove, then assign; the database last.

use std::pin::pin;
use std::sync::Arc;

use leitwarte_core::roles::protocol::Event;
use role_sync::edge::{Clock as _, Directory as _, Ledger as _};

use crate::disturbance::{Disturbance, Kind};
use crate::hands::{Hands, Scene, Signals, app_role_of};
use crate::run::{Change, Lag, Stage};

/// Points: two calls for each of two people.
const CALLS: usize = 4;

pub(crate) fn singles() -> impl Iterator<Item = Vec<Disturbance>> {
    let kinds = Kind::ALL
        .into_iter()
        .filter(|kind| !matches!(kind, Kind::OvertakenBefore | Kind::OvertakenAfter | Kind::SecondWorker));
    let all = (0..=CALLS).flat_map(move |at| kinds.clone().map(move |kind| Disturbance { at, kind }));
    // The last point is the database.
    all.filter(|one| one.at < CALLS || !one.kind.needs_a_call()).map(|one| vec![one])
}

/// Runs it once.
///
/// # Errors
/// What did not hold.
pub(crate) async fn run(stage: &Stage, disturbances: Vec<Disturbance>) -> Result<(), String> {
    let scene = stage.scene(Change::HandOver, Lag::Answers(0), disturbances).await;
    let number = stage.accepted(&scene, Change::HandOver).await;
    let signals = Arc::new(Signals::default());
    let hands = Hands { scene: &scene, signals: Arc::clone(&signals) };
    let finished = {
        let mut running = pin!(change(&scene, &hands));
        tokio::select! {
            finished = &mut running => finished,
            () = signals.killed.notified() => false,
        }
    };
    // The database in one transaction, unless there was an exception before; then it stays as it was.
    let operation = stage.store.role_operation(number).await.unwrap().unwrap();
    if operation.ended_at.is_none() {
        let event = if finished { Event::Finished } else { Event::Aborted };
        let mut running = pin!(hands.step(&operation, &event, hands.now()));
        let written = tokio::select! {
            _ = &mut running => true,
            () = signals.killed.notified() => false,
        };
        if !written {
            let operation = stage.store.role_operation(number).await.unwrap().unwrap();
            if operation.ended_at.is_none() {
                stage.store.step_role_operation(&operation, &Event::Aborted, hands.now()).await.unwrap();
            }
        }
    }
    scene.checker.at_rest(&scene).await;
    scene.checker.broken().map_or(Ok(()), Err)
}

/// `updateUserRole` for the one who gives and then for the one who gains; an error ends it.
async fn change(scene: &Scene, hands: &Hands<'_>) -> bool {
    for actor in scene.checker.actors.iter().rev() {
        let assignment = scene.state().entra.ids(actor.object_id).first().cloned().unwrap_or_default();
        if hands.revoke(&assignment).await.is_err() {
            return false;
        }
        let value = scene.checker.table.role(actor.new).unwrap().entra.clone();
        if hands.grant(actor.object_id, app_role_of(&value)).await.is_err() {
            return false;
        }
    }
    true
}
