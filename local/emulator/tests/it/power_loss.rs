//! What was acknowledged is on disk: the emulator is killed at random moments while events come in.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::common::Caller;
use crate::common::program::{Program, command};
use tokio::task::JoinSet;

const KILLS: usize = 200;
const SENDERS: usize = 4;
/// A kill comes within this time after the emulator said that it is there.
const LONGEST_LIFE_US: u64 = 60_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emulator_killed_two_hundred_times_has_kept_every_event_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    // No process of the function connects, so every event stays in the queue.
    let mut command = command(folder.path(), &[("work", "")], false);
    let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let mut acknowledged = BTreeSet::new();
    for _ in 0..KILLS {
        let mut emulator = Program::start(&mut command);
        let caller = Caller { http: http.clone(), ..emulator.caller.clone() };
        let mut senders: JoinSet<_> = (0..SENDERS).map(|_| send_until_it_dies(caller.clone())).collect();
        tokio::time::sleep(Duration::from_micros(rand::random_range(0..LONGEST_LIFE_US))).await;
        emulator.kill();
        while let Some(sent) = senders.join_next().await {
            acknowledged.extend(sent.unwrap());
        }
    }
    assert!(acknowledged.len() > KILLS, "only {} events were acknowledged: that proves little", acknowledged.len());

    let kept = events_in(&folder.path().join("data/queue.db")).await;
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged events are lost: {lost:?}", lost.len(), acknowledged.len());
    println!("{KILLS} kills: {} events acknowledged, {} kept", acknowledged.len(), kept.len());
}

/// Brings events in and returns the ids of those that were acknowledged.
async fn send_until_it_dies(caller: Caller) -> Vec<String> {
    let mut acknowledged = Vec::new();
    loop {
        let url = format!("{}/2015-03-31/functions/work/invocations", caller.base);
        let request = caller.http.post(url).header("x-amz-invocation-type", "Event").body(r#"{"n":1}"#);
        let Ok(response) = request.send().await else { return acknowledged };
        assert_eq!(response.status(), 202);
        acknowledged.push(response.headers()["x-amzn-requestid"].to_str().unwrap().to_owned());
    }
}

/// Reads the file as it lies there, without any emulator, and checks it.
async fn events_in(queue: &Path) -> BTreeSet<String> {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&format!("sqlite://{}", queue.display())).await.unwrap();
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&pool).await.unwrap();
    assert_eq!(verdict, "ok");
    let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM events").fetch_all(&pool).await.unwrap();
    pool.close().await;
    ids.into_iter().collect()
}
