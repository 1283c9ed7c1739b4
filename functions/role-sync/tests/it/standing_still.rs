//! Changes that stand still, and processes that take up what another one has left.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::message::words::Language;
use leitwarte_core::roles::operation::{Phase, STANDS_STILL_AFTER};
use leitwarte_graph_simulator::{FaultKind, Operation};
use leitwarte_runtime::clock;
use role_sync::{Event, handle};

use crate::rig::Rig;

fn soon() -> DateTime<Utc> {
    clock::now() + STANDS_STILL_AFTER - TimeDelta::minutes(1)
}

fn later() -> DateTime<Utc> {
    clock::now() + STANDS_STILL_AFTER + TimeDelta::minutes(1)
}

/// The subjects and bodies of messages that were written since the last look.
async fn told(rig: &Rig) -> Vec<String> {
    if rig.store.spread_messages(&["mail".to_owned()], later()).await.unwrap() == 0 {
        return Vec::new();
    }
    let due = rig.store.due_deliveries(later()).await.unwrap();
    due.iter()
        .map(|one| one.message.text(Language::De))
        .map(|text| format!("{}\n{}", text.subject, text.plain()))
        .collect()
}

#[tokio::test]
async fn people_are_told_once_of_a_change_that_stands_still_beyond_its_point_of_no_return() {
    let rig = Rig::new().await;
    // One for each run.
    rig.fault(Operation::RevokeRole, FaultKind::Status { status: 403, retry_after: None }, 4);
    let number = rig.hand_over().await;
    rig.run(Event::Operation(number)).await.unwrap();
    assert_eq!(rig.operation(number).await.phase, Phase::Revoking);
    let tick =
        async |now| handle(&rig.deps_at(now), &Event::Tick, Instant::now() + Duration::from_mins(4)).await.unwrap();

    tick(soon).await;
    assert!(told(&rig).await.is_empty(), "it may still go on by itself");
    tick(later).await;
    let messages = told(&rig).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    for fact in [
        &format!("Rollenwechsel steht still: Nummer {number}"),
        "Vorstand Finanzen → Mitglied",
        "AppRoleAssignment.ReadWrite.All",
    ] {
        assert!(messages[0].contains(fact), "{fact} is missing in {}", messages[0]);
    }
    assert!(!messages[0].contains("Person "), "who it is stands on the page: {}", messages[0]);
    tick(later).await;
    assert!(told(&rig).await.is_empty(), "once is enough");

    tick(later).await;
    assert_eq!(rig.operation(number).await.phase, Phase::Done);
}

#[tokio::test]
async fn a_process_that_starts_goes_on_with_what_is_under_way_without_an_event() {
    let rig = Rig::new().await;
    let number = rig.hand_over().await;
    // A host that never has an event.
    let host = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_role-sync"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", host.local_addr().unwrap().to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "role-sync")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("DATA_DIR", rig.data_dir())
        .env("PROFILES_DIR", &rig.profiles)
        .env("GRAPH_EXTRA_HOSTS", rig.simulator.host())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let done = async {
        while rig.operation(number).await.phase != Phase::Done {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let done = tokio::time::timeout(Duration::from_secs(30), done).await;
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(done.is_ok(), "{:?}", rig.operation(number).await);
    assert_eq!(rig.state(1..=2).await, "mitglied/member, vorstand_finanzen/board_finance");
}
