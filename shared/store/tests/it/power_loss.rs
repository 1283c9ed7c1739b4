//! What was acknowledged is on disk: a writer is killed at random moments while it records polls.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::conformance::{Database, Fresh, at, record, register, stock};
use leitwarte_core::change;
use leitwarte_store::{Config, Store};
use sqlx::Connection as _;

const DATABASE: &str = "LEITWARTE_TEST_DATABASE";
const LIFE: &str = "LEITWARTE_TEST_LIFE";
const KILLS: i64 = 200;
/// A kill comes within this time after the first acknowledgement.
const LONGEST_LIFE_US: u64 = 40_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_killed_two_hundred_times_has_kept_every_poll_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/leitwarte.db", folder.path().display());
    let database = Database::open(Fresh { url: url.clone(), guard: Box::new(folder) }).await;
    register(&database.store, &["contoso"]).await;
    database.store.close().await;
    let mut acknowledged = BTreeSet::new();
    for life in 0..KILLS {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "power_loss::child_records_polls_until_it_is_killed", "--nocapture"])
            .env(DATABASE, &url)
            .env(LIFE, life.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let number = |line: Option<std::io::Result<String>>| {
            line.map(|line| line.unwrap().strip_prefix("stored:").and_then(|number| number.parse::<i64>().ok()))
        };
        let first = loop {
            match number(lines.next()) {
                None => panic!("the writer ended by itself"),
                Some(None) => {}
                Some(Some(number)) => break number,
            }
        };
        tokio::time::sleep(Duration::from_micros(rand::random_range(0..LONGEST_LIFE_US))).await;
        writer.kill().unwrap();
        writer.wait().unwrap();
        acknowledged.insert(first);
        while let Some(number) = number(lines.next()) {
            acknowledged.extend(number);
        }
    }
    assert!(
        acknowledged.len() > usize::try_from(KILLS).unwrap(),
        "only {} polls: that proves little",
        acknowledged.len()
    );

    let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(verdict, "ok");
    let store = database.other_program().await;
    let changes: Vec<_> =
        store.history("contoso", None, at(0)).await.unwrap().into_iter().map(|entry| entry.change).collect();
    let kept: BTreeSet<i64> = changes.iter().filter_map(|change| Some(change.after.as_ref()?.consumed)).collect();
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged polls are lost: {lost:?}", lost.len(), acknowledged.len());
    assert_eq!(change::apply(&[], &changes), store.snapshot("contoso").await.unwrap().unwrap().stock);
    println!("{KILLS} kills: {} polls acknowledged, {} kept", acknowledged.len(), kept.len());
}

/// Run by the test above as a process of its own; without its variables there is nothing to do.
#[tokio::test]
async fn child_records_polls_until_it_is_killed() {
    let (Ok(database_url), Ok(life)) = (std::env::var(DATABASE), std::env::var(LIFE)) else { return };
    let life: i64 = life.parse().unwrap();
    let store = Store::open(&Config { database_url, read_only: false, max_connections: 2 }).await.unwrap();
    // Each life later than what the one before may have leased.
    for minutes in (life * 10_000 + 1..).step_by(2) {
        record(&store, "contoso", minutes, Ok(vec![stock(1, 10, minutes)])).await;
        let mut out = std::io::stdout();
        writeln!(out, "stored:{minutes}").unwrap();
        out.flush().unwrap();
    }
}
