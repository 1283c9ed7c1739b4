//! Failing at every single request in turn, and then once more without faults: the lists are as if nothing had happened,
//! and every flow has told once.

use std::time::Duration;

use leitwarte_graph_simulator::{Fault, FaultKind, LICENCE_LIST, Operation, RetryAfter};
use serde_json::json;
use sync_sharepoint::{Event, handle};

use crate::rig::{Rig, in_seconds, minutes_pass, stock};

/// More than any operation happens in one sync of these tests.
const MOST_REQUESTS: u32 = 40;

/// Three tenants, 27 licences of which three are short: two batches.
async fn poll(rig: &Rig) {
    let tenant = |first: u128| (first..first + 9).map(|id| stock(id, i64::from(id % 9 != 0))).collect::<Vec<_>>();
    rig.polled(&[("contoso", tenant(1)), ("fabrikam", tenant(101)), ("tailspin", tenant(201))]).await;
}

/// How the lists have to be, and what the flows have to tell.
async fn without_faults() -> (Vec<String>, Vec<String>) {
    let rig = Rig::new().await;
    poll(&rig).await;
    rig.synced().await;
    let mut told = rig.flows();
    told.sort();
    (rig.content(), told)
}

async fn judge(rig: &Rig, expected: &(Vec<String>, Vec<String>), mut told: Vec<String>, what: &str) {
    rig.synced().await;
    told.extend(rig.flows());
    told.sort();
    assert_eq!(told, expected.1, "{what}");
    assert_eq!(rig.content(), expected.0, "{what}");
    assert_eq!(rig.synced().await.written, 0, "{what}");
}

#[tokio::test]
async fn a12_failing_at_every_single_request_in_turn_changes_nothing_in_the_end() {
    let expected = without_faults().await;
    let status = |status| FaultKind::Status { status, retry_after: Some(RetryAfter::Seconds(0)) };
    let all = [status(500), status(429), FaultKind::LostAnswer, FaultKind::DropConnection, FaultKind::Truncate];
    let mut runs = 0;
    for operation in [Operation::Token, Operation::Columns, Operation::Items, Operation::Batch, Operation::CreateItem] {
        // One of many in a batch cannot lose the connection.
        let kinds = if operation == Operation::CreateItem { &all[..2] } else { &all[..] };
        for kind in kinds {
            for skip in 0..MOST_REQUESTS {
                let rig = Rig::new().await;
                poll(&rig).await;
                rig.simulator.inject(Fault::once("*", operation, kind.clone()).after(skip)).unwrap();
                rig.sync().await;
                let hit = !rig.simulator.requests().recent.is_empty()
                    && rig
                        .simulator
                        .requests()
                        .total
                        .get(&operation)
                        .is_some_and(|count| count.requests > u64::from(skip));
                // Flows run at any time, also between two runs of the function.
                let told = rig.flows();
                judge(&rig, &expected, told, &format!("{operation:?} {kind:?} after {skip}")).await;
                runs += 1;
                if !hit {
                    break;
                }
            }
        }
    }
    println!("{runs} runs with one fault each");
}

#[tokio::test]
async fn killed_at_every_single_request_it_is_completed_by_the_next_run() {
    let expected = without_faults().await;
    for operation in [Operation::Token, Operation::Items, Operation::Batch] {
        for skip in 0..MOST_REQUESTS {
            let rig = Rig::new().await;
            poll(&rig).await;
            rig.simulator.inject(Fault::once("*", operation, FaultKind::Hang).after(skip)).unwrap();
            let hangs = async {
                let asked = || rig.simulator.requests().total.get(&operation).map_or(0, |count| count.requests);
                while asked() <= u64::from(skip) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            // Dropped in the middle of whatever it does.
            let killed = tokio::select! {
                _ = handle(&rig.deps, &Event::Now, in_seconds(60)) => false,
                () = hangs => true,
            };
            let told = rig.flows();
            // Until then its lease lasts.
            minutes_pass(6);
            rig.simulator.reset();
            judge(&rig, &expected, told, &format!("killed at {operation:?} {skip}")).await;
            if !killed {
                break;
            }
        }
    }
}

#[tokio::test]
async fn of_two_runs_at_once_one_steps_back() {
    let rig = Rig::new().await;
    poll(&rig).await;
    let (one, other) = tokio::join!(rig.sync(), rig.sync());
    assert_eq!([one.busy, other.busy].iter().filter(|busy| **busy).count(), 1);
    rig.synced().await;
    assert_eq!(rig.licences().len(), 27);
}

#[tokio::test]
async fn what_a_person_changes_meanwhile_is_not_overwritten() {
    let rig = Rig::new().await;
    rig.polled(&[("contoso", vec![stock(1, 3)])]).await;
    rig.synced().await;
    let (id, _) = rig.licences().remove(0);
    rig.polled(&[("contoso", vec![stock(1, 0)])]).await;
    rig.simulator.inject(Fault::once("*", Operation::Batch, FaultKind::Latency { latency_ms: 300 })).unwrap();
    let before = rig.simulator.requests().total[&Operation::Batch].requests;
    let edit = async {
        while rig.simulator.requests().total[&Operation::Batch].requests == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // The row was read, and is not written yet.
        let told = json!({ "technician_informed": true });
        rig.person().set_fields(LICENCE_LIST, id, &told).unwrap();
    };
    tokio::join!(rig.synced(), edit);
    let row = rig.licences().remove(0).1;
    assert_eq!((&row["technician_informed"], row.get("trigger_inform_supporter")), (&json!(true), None));
    assert_eq!(row["Frei"], json!(0.0));
}
