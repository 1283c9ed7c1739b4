//! A thousand tenants with twenty products each behind 100 ms of latency, healthy and with fifty that hang. Prints,
//! and fails beyond the limits of the issue. The simulator is a process of its own, so that memory counts for the
//! function alone. Run with `cargo test --release -p poll-tenant --test speed -- --ignored --nocapture`.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use chrono::TimeDelta;
use leitwarte_graph_simulator::{Binding, Fault, FaultKind, Operation, Settings, synthetic};
use leitwarte_runtime::{Config, clock};
use poll_tenant::{Deps, Event, Report, handle};
use support::in_seconds;

const TENANTS: usize = 1000;
const PRODUCTS: usize = 20;
const LATENCY_MS: u64 = 100;
const FOLDER: &str = "LEITWARTE_TEST_FOLDER";
const HANGING: &str = "LEITWARTE_TEST_HANGING";

struct Simulator(Child);

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs this program once more, as the simulator.
async fn started(folder: &Path, hanging: usize) -> (Simulator, Arc<Deps>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_simulator", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .env(HANGING, hanging.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let host = lines.into_iter().find_map(|line| line.split_once("http://").map(|(_, host)| host.to_owned()));
    let simulator = Simulator(child);
    let host = host.expect("the simulator starts");
    let config = Config::from_lookup(|name| match name {
        "PROFILES_DIR" => Some(folder.join("config-profiles").display().to_string()),
        "DATA_DIR" => Some(folder.join("data").display().to_string()),
        "GRAPH_EXTRA_HOSTS" => Some(host.clone()),
        "POLL_INTERVAL_SECONDS" => Some("10".to_owned()),
        _ => None,
    });
    let deps = Deps::open(&config.unwrap(), clock::now, clock::new_id).await.unwrap();
    (simulator, deps)
}

#[tokio::test]
#[ignore = "run by the tests below as a process of its own"]
async fn child_simulator() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let hanging: usize = std::env::var(HANGING).unwrap().parse().unwrap();
    let binding = Binding::bind("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
    let base_url = binding.base_url().to_owned();
    let crowd = synthetic::prepare(Path::new(&folder), &base_url, TENANTS, PRODUCTS, clock::now()).unwrap();
    let simulator = binding.serve(crowd).unwrap();
    simulator.set_settings(Settings { latency_ms: LATENCY_MS, ..Settings::default() }).unwrap();
    for number in 0..hanging {
        let tenant = synthetic::tenant_key(1 + number * TENANTS / hanging);
        simulator.inject(Fault::once(tenant, Operation::Token, FaultKind::Hang).times(99)).unwrap();
    }
    println!("ready {base_url}");
    std::future::pending::<()>().await;
}

/// The largest resident memory of this process so far, in MiB.
fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

async fn tick(deps: &Arc<Deps>, seconds: u64) -> Report {
    handle(deps, Event::default(), in_seconds(seconds)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; meaningful in a release build"]
async fn a_thousand_tenants_within_ten_seconds_and_100_mib() {
    let folder = tempfile::tempdir().unwrap();
    let (_simulator, deps) = started(folder.path(), 0).await;
    for what in ["first poll", "next poll", "next poll"] {
        let report = tick(&deps, 300).await;
        let memory = peak_memory_mib();
        println!(
            "{what}: {} ms, {} tenants, {} changes, {memory} MiB",
            report.duration_ms, report.polled, report.changed
        );
        assert_eq!((report.polled, report.failed.len()), (TENANTS, 0));
        assert!(report.duration_ms < 10_000 && memory < 100, "{report:?}, {memory} MiB");
        tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; meaningful in a release build"]
async fn fifty_hanging_tenants_hold_up_the_healthy_by_at_most_a_tenth() {
    let mut last_healthy = Vec::new();
    for hanging in [0, 50] {
        let folder = tempfile::tempdir().unwrap();
        let (_simulator, deps) = started(folder.path(), hanging).await;
        let began = clock::now();
        let report = tick(&deps, 25).await;
        assert_eq!(report.failed.len(), hanging);
        last_healthy.push(last_success(folder.path()).await - began);
        println!(
            "{hanging} hanging: the last healthy tenant after {} ms",
            last_healthy[hanging / 50].num_milliseconds()
        );
    }
    assert!(last_healthy[1] <= last_healthy[0] * 11 / 10, "{last_healthy:?}");
}

/// When the last poll that brought numbers ended.
async fn last_success(folder: &Path) -> chrono::DateTime<chrono::Utc> {
    let database_url = format!("sqlite://{}", folder.join("data/leitwarte.db").display());
    let config = leitwarte_store::Config { database_url, read_only: true, max_connections: 1 };
    let store = leitwarte_store::Store::open(&config).await.unwrap();
    let mut last = chrono::DateTime::UNIX_EPOCH + TimeDelta::zero();
    for tenant in store.tenants().await.unwrap() {
        for run in store.recent_polls(&tenant.key, 1).await.unwrap() {
            if run.failure.is_none() {
                last = last.max(run.finished_at);
            }
        }
    }
    last
}
