//! Several emulators on one PostgreSQL: who runs what, and what happens when one of them or the database is gone.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::database::Postgres;
use crate::common::program::{self, Program, command, recorded};
use crate::common::proxy::{Line, Proxy};
use crate::common::{Host, SOON, eventually, eventually_within};
use leitwarte_database::Address;
use leitwarte_emulator::Config;
use serde_json::json;
use tokio::time::{Instant, timeout};

const WORK: &[(&str, &str)] = &[("work", "Timeout: 60")];

/// For what takes as long as it takes outside of tests to see that an emulator is dead.
const PATIENCE: Duration = Duration::from_mins(1);
/// Silence after which an emulator counts as dead in these tests.
const DEAD_AFTER: Duration = Duration::from_millis(900);

fn quick(config: &mut Config, address: Address) {
    config.shared_database = Some(address);
    config.limits.beat_every = Duration::from_millis(100);
    config.limits.dead_after = DEAD_AFTER;
}

/// An emulator whose functions connect by themselves.
async fn emulator(postgres: &Postgres) -> Host {
    Host::with(WORK, false, |config| config.shared_database = Some(postgres.address())).await
}

/// The same, quick to take others, and to be taken, for dead.
async fn quick_emulator(address: Address) -> Host {
    Host::with(WORK, false, |config| quick(config, address)).await
}

fn through(proxy: &Proxy, postgres: &Postgres) -> Address {
    let mut url = postgres.url();
    url.set_ip_host(proxy.address.ip()).unwrap();
    url.set_port(Some(proxy.address.port())).unwrap();
    Address::parse(url.as_str()).unwrap()
}

async fn proxy_to(postgres: &Postgres) -> Proxy {
    let url = postgres.url();
    Proxy::to(format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432))).await
}

async fn none_is_left(host: &Host) {
    eventually("no event is left", async || host.caller.report("work").await["pending_async"] == 0).await;
}

#[tokio::test]
async fn a_slot_that_two_timers_fire_at_two_emulators_becomes_one_event() {
    let postgres = Postgres::make().await;
    let (left, right) = tokio::join!(emulator(&postgres), emulator(&postgres));
    let mut duplicates = 0;
    for slot in 1..=20 {
        let slot = (slot * 60_000).to_string();
        let headers =
            [("x-amz-invocation-type", "Event"), ("x-leitwarte-schedule", "tick"), ("x-leitwarte-slot", slot.as_str())];
        let (one, other) =
            tokio::join!(left.caller.post("work", &headers, "{}"), right.caller.post("work", &headers, "{}"));
        assert_eq!((one.status, other.status), (202, 202));
        duplicates += [one, other].iter().filter(|reply| reply.header("x-leitwarte-duplicate") == "true").count();
    }
    assert_eq!(duplicates, 20, "one of each two");
    assert_eq!(postgres.count("SELECT COUNT(*) FROM events").await, 20);
}

#[tokio::test]
async fn an_event_is_run_where_a_process_of_its_function_is() {
    let postgres = Postgres::make().await;
    let (without, with) = tokio::join!(emulator(&postgres), emulator(&postgres));
    let runtime = with.runtime("work");
    let waiting = tokio::spawn({
        let runtime = runtime.clone();
        async move { runtime.next().await }
    });
    eventually("a process is there", async || with.caller.report("work").await["connected"] == 1).await;
    let sent = Instant::now();
    let id = without.caller.event("work", "1").await;
    let event = timeout(SOON, waiting).await.expect("the other takes it").unwrap();
    assert_eq!(event.id, id);
    assert!(sent.elapsed() < Duration::from_secs(3), "{:?}", sent.elapsed());
    runtime.answer(&event, "1").await;
    none_is_left(&with).await;
    none_is_left(&without).await;
}

#[tokio::test]
async fn a_busy_emulator_leaves_events_to_others() {
    let postgres = Postgres::make().await;
    let (busy, free) = tokio::join!(emulator(&postgres), emulator(&postgres));
    let busy_runtime = busy.runtime("work");
    let long = busy.caller.event("work", "1").await;
    assert_eq!(busy_runtime.next().await.id, long);

    let short = busy.caller.event("work", "2").await;
    let free_runtime = free.runtime("work");
    let event = timeout(SOON, free_runtime.next()).await.expect("it does not wait for the busy one");
    assert_eq!(event.id, short);
    free_runtime.answer(&event, "2").await;
}

#[tokio::test]
async fn an_emulator_that_stops_leaves_its_events_at_once() {
    let postgres = Postgres::make().await;
    let (leaving, staying) = tokio::join!(emulator(&postgres), emulator(&postgres));
    assert_eq!(postgres.count("SELECT COUNT(*) FROM emulators").await, 2);
    leaving.stop().await;
    assert_eq!(postgres.count("SELECT COUNT(*) FROM emulators").await, 1, "nobody has to watch it");
    staying.caller.event("work", "1").await;
    timeout(SOON, staying.runtime("work").next()).await.expect("the other goes on");
}

#[tokio::test]
async fn events_of_a_dead_emulator_are_run_by_another() {
    let postgres = Postgres::make().await;
    let (dying, other) = tokio::join!(quick_emulator(postgres.address()), quick_emulator(postgres.address()));
    let id = dying.caller.event("work", "1").await;
    assert_eq!(dying.runtime("work").next().await.id, id);
    drop(dying);
    let runtime = other.runtime("work");
    let event = timeout(SOON, runtime.next()).await.expect("the other takes it over");
    assert_eq!(event.id, id);
    runtime.answer(&event, "1").await;
    none_is_left(&other).await;
    assert!(other.metrics("/metrics").await.1.contains("\nemulator_takeovers_total 1\n"));
}

#[tokio::test]
async fn an_emulator_that_was_cut_off_and_comes_back_spoils_nothing_and_works_again() {
    let postgres = Postgres::make().await;
    let proxy = proxy_to(&postgres).await;
    let cut_off = quick_emulator(through(&proxy, &postgres)).await;
    let other = quick_emulator(postgres.address()).await;
    let id = cut_off.caller.event("work", "1").await;
    let first = cut_off.runtime("work");
    let first_event = first.next().await;
    proxy.set(Line::Cut);

    let second = other.runtime("work");
    let second_event = timeout(SOON, second.next()).await.expect("the other takes it over");
    assert_eq!((&first_event.id, &second_event.id), (&id, &id), "at least once");
    assert_eq!(first.fail(&first_event, "Late").await, 202);
    proxy.set(Line::Open);
    eventually("it is back", async || postgres.count("SELECT COUNT(*) FROM emulators").await == 2).await;
    second.answer(&second_event, "1").await;
    none_is_left(&other).await;
    none_is_left(&cut_off).await;

    let id = cut_off.caller.event("work", "2").await;
    drop(second);
    assert_eq!(timeout(SOON, first.next()).await.expect("it works again").id, id);
}

/// Answers every event and keeps their ids.
fn run_all(host: &Host) -> Arc<Mutex<BTreeSet<String>>> {
    let ran = Arc::new(Mutex::new(BTreeSet::new()));
    let (runtime, kept) = (host.runtime("work"), Arc::clone(&ran));
    tokio::spawn(async move {
        loop {
            let event = runtime.next().await;
            kept.lock().unwrap().insert(event.id.clone());
            runtime.answer(&event, "1").await;
        }
    });
    ran
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_event_is_lost_when_the_database_is_restarted_under_load() {
    let postgres = Postgres::make().await;
    let proxy = proxy_to(&postgres).await;
    let address = through(&proxy, &postgres);
    let host = Host::with(WORK, false, |config| config.shared_database = Some(address)).await;
    let ran = run_all(&host);
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let (caller, acknowledged) = (host.caller.clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                loop {
                    let reply = caller.post("work", &[("x-amz-invocation-type", "Event")], "1").await;
                    match reply.status {
                        202 => drop(acknowledged.lock().unwrap().insert(reply.header("x-amzn-requestid").to_owned())),
                        status => assert_eq!((status, reply.error_type()), (500, "ServiceException")),
                    }
                }
            })
        })
        .collect();
    for restart in 1..=5 {
        let before = acknowledged.lock().unwrap().len();
        eventually("events are taken", async || acknowledged.lock().unwrap().len() > before + 20).await;
        proxy.restart_server(Duration::from_millis(200 * restart)).await;
    }
    let before = acknowledged.lock().unwrap().len();
    eventually("events are taken again", async || acknowledged.lock().unwrap().len() > before + 20).await;
    for sender in senders {
        sender.abort();
        assert!(sender.await.is_err_and(|error| error.is_cancelled()), "a sender saw something strange");
    }
    none_is_left(&host).await;
    let acknowledged = acknowledged.lock().unwrap().clone();
    let lost: Vec<_> = acknowledged.difference(&ran.lock().unwrap()).cloned().collect();
    assert!(lost.is_empty(), "{} of {} acknowledged events are lost: {lost:?}", lost.len(), acknowledged.len());
}

#[tokio::test]
async fn events_of_a_claim_whose_answer_was_lost_do_not_wait_for_the_end_of_its_lease() {
    let postgres = Postgres::make().await;
    let proxy = proxy_to(&postgres).await;
    let address = through(&proxy, &postgres);
    let host = Host::with(WORK, false, |config| config.shared_database = Some(address)).await;
    let id = host.caller.event("work", "1").await;
    proxy.set(Line::LosesCommits);
    let runtime = host.runtime("work");
    let taken = tokio::spawn(async move {
        let event = runtime.next().await;
        runtime.answer(&event, "1").await;
        event.id
    });
    eventually("it is claimed", async || {
        postgres.count("SELECT COUNT(*) FROM events WHERE lease_owner IS NOT NULL").await == 1
    })
    .await;
    proxy.set(Line::Open);
    assert_eq!(timeout(SOON, taken).await.expect("it runs soon").unwrap(), id);
    none_is_left(&host).await;
}

#[tokio::test]
async fn a_database_that_is_cut_off_without_a_word_is_noticed_and_used_again_when_it_is_back() {
    let postgres = Postgres::make().await;
    let proxy = proxy_to(&postgres).await;
    let address = through(&proxy, &postgres);
    let host = Host::with(WORK, false, |config| config.shared_database = Some(address)).await;
    host.caller.event("work", "1").await;
    proxy.set(Line::Silent);
    let begun = Instant::now();
    let reply = host.caller.post("work", &[("x-amz-invocation-type", "Event")], "1").await;
    assert_eq!((reply.status, reply.error_type()), (500, "ServiceException"));
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    proxy.set(Line::Open);
    eventually("events are taken again", async || {
        host.caller.post("work", &[("x-amz-invocation-type", "Event")], "1").await.status == 202
    })
    .await;
}

fn shared_program(folder: &std::path::Path, postgres: &Postgres) -> Program {
    Program::start(command(folder, &[("scripted", "Timeout: 60")], true).env("DATABASE_URL", postgres.url().as_str()))
}

#[tokio::test]
async fn two_emulators_with_processes_of_their_own_run_each_event_once_and_one_goes_on_when_the_other_is_killed() {
    let postgres = Postgres::make().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (record, go) = (folders[0].path().join("record"), folders[0].path().join("go"));
    let (mut one, other) = (shared_program(folders[0].path(), &postgres), shared_program(folders[1].path(), &postgres));
    let mut sent = Vec::new();
    for n in 0..60 {
        let caller = if n % 2 == 0 { &one.caller } else { &other.caller };
        sent.push(caller.event("scripted", json!({"record": record}).to_string()).await);
    }
    sent.sort();
    eventually("every event has run", async || recorded(&record) == sent).await;
    eventually("none is left", async || postgres.count("SELECT COUNT(*) FROM events").await == 0).await;
    let lines = std::fs::read_to_string(&record).unwrap().lines().count();
    assert_eq!(lines, sent.len(), "none has run twice");

    let first = json!({"do": "wait", "until": go, "record": record}).to_string();
    let mut waiting = Vec::new();
    for _ in 0..2 {
        waiting.push(one.caller.event("scripted", first.clone()).await);
    }
    let in_flight = async |program: &Program| program.caller.report("scripted").await["in_flight"] == 1;
    eventually("both work", async || in_flight(&one).await && in_flight(&other).await).await;
    let killed = Instant::now();
    one.kill();
    program::touch(&go);
    eventually_within(PATIENCE, "the events of both are finished", async || {
        postgres.count("SELECT COUNT(*) FROM events").await == 0
    })
    .await;
    assert!(waiting.iter().all(|id| recorded(&record).contains(id)));
    println!("events of a killed emulator had run after {:?}", killed.elapsed());
    assert!(killed.elapsed() > Duration::from_secs(10), "they were taken from an emulator that could still live");
}
