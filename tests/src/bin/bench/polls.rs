//! A crowd of tenants: polling them, and reading what was stored through the gateway.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hyper::Method;
use leitwarte_core::{DateTime, Utc};
use leitwarte_tests::stack::{free_address, program, repository};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::invoke::until_it_answers;
use crate::load::{self, Call, Crowd};
use crate::pages;
use crate::report::Report;

pub(crate) const TENANTS: usize = 1000;
pub(crate) const SKUS: usize = 20;
pub(crate) const LATENCY_MS: u64 = 100;
const READING: Duration = Duration::from_secs(5);

/// Measures and adds the tables to the report.
pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_simulator, graph) = simulator(folder.path()).await?;
    let host = Host::start(folder.path(), &graph).await?;

    report.heading(&format!("Polling {TENANTS} tenants × {SKUS} products, Graph answers after {LATENCY_MS} ms"));
    report.row(&["", "time", "tenants read", "products that changed", "peak memory of poll-tenant"]);
    let first = host.poll().await?;
    report.row(&[
        "first poll: sign-in, read, store everything",
        &first.time,
        &first.tenants,
        &first.changed,
        &host.peak_memory("poll-tenant")?,
    ]);
    let second = host.poll().await?;
    report.row(&[
        "next poll: read, nothing new",
        &second.time,
        &second.tenants,
        &second.changed,
        &host.peak_memory("poll-tenant")?,
    ]);
    report.line(&format!(
        "Limit: {TENANTS} tenants need {} round trips of {LATENCY_MS} ms at the first poll and {TENANTS} at the next; \
         64 at a time take at least {:.1} s and {:.1} s.",
        TENANTS * 2,
        seconds_of_rounds(2),
        seconds_of_rounds(1)
    ));
    reads(report, &host, &graph).await?;
    drop(host);
    sick(report).await
}

/// Fifty tenants that never answer, spread over the crowd: what they cost the healthy ones.
async fn sick(report: &mut Report) -> Result<()> {
    report.heading("A first poll with sick tenants, whose sign-in hangs");
    report.row(&["hanging", "time until the last healthy tenant is stored"]);
    for hanging in [0, 50] {
        let folder = tempfile::tempdir()?;
        let (_simulator, graph) = simulator(folder.path()).await?;
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        for number in 0..hanging {
            let tenant = format!("tenant-{:04}", 1 + number * TENANTS / hanging);
            let fault = json!({ "tenant": tenant, "operation": "token", "kind": "hang", "times": 99 });
            let ordered = client.post(format!("http://{graph}/simulator/faults")).json(&fault).send().await?;
            ordered.error_for_status()?;
        }
        let host = Host::start(folder.path(), &graph).await?;
        let began = leitwarte_runtime::clock::now();
        let call = Call { headers: vec![("x-amz-invocation-type", "Event".to_owned())], ..host.poll_call() };
        text(&call).await?;
        let last = last_healthy(folder.path(), TENANTS - hanging).await?;
        report.row(&[&hanging.to_string(), &format!("{:.2} s", (last - began).as_seconds_f64())]);
    }
    Ok(())
}

/// Waits until `count` tenants were read and tells when the last of them was stored.
async fn last_healthy(folder: &Path, count: usize) -> Result<DateTime<Utc>> {
    let database_url = format!("sqlite://{}", folder.join("data/leitwarte.db").display());
    let config = leitwarte_store::Config { database_url, read_only: true, max_connections: 1 };
    let store = leitwarte_store::Store::open(&config).await?;
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let tenants = store.tenants().await?;
        let read: Vec<_> = tenants.iter().filter(|tenant| tenant.last_success_at.is_some()).collect();
        if read.len() == count {
            let mut last = DateTime::UNIX_EPOCH;
            for tenant in read {
                let runs = store.recent_polls(&tenant.key, 1).await?;
                last = runs.iter().map(|run| run.finished_at).fold(last, DateTime::max);
            }
            return Ok(last);
        }
        ensure!(Instant::now() < end, "only {} of {count} tenants were read within a minute", read.len());
    }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn seconds_of_rounds(trips: usize) -> f64 {
    (TENANTS * trips).div_ceil(64) as f64 * LATENCY_MS as f64 / 1000.0
}

async fn reads(report: &mut Report, host: &Host, graph: &str) -> Result<()> {
    let token = text(&Call { path: "/demo/token?role=Read".to_owned(), ..get(graph, "") }).await?;
    let authorization = format!("Bearer {}", token.trim());
    let all = Call {
        headers: vec![("authorization", authorization.clone()), ("accept-encoding", "gzip".to_owned())],
        ..get(&host.gateway, "/api/v1/licenses/status")
    };
    let one = Call {
        headers: vec![("authorization", authorization)],
        ..get(&host.gateway, "/api/v1/licenses/status/tenant-0500")
    };

    report.heading(&format!("Reading through the gateway, {} rows stored", TENANTS * SKUS));
    report.row(&["", "p50", "p99", "per second"]);
    let mut connection = load::connect(&all.address).await?;
    let body = load::once(&mut connection, &all).await?;
    let mut after_polls_ms = vec![];
    for _ in 0..5 {
        host.poll().await?;
        let started = Instant::now();
        load::once(&mut connection, &all).await?;
        after_polls_ms.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    after_polls_ms.sort_by(f64::total_cmp);
    let [middle, slowest] = [after_polls_ms[2], after_polls_ms[4]].map(|ms| format!("{ms:.1} ms"));
    report.row(&["all rows, the first read after a poll (of 5: middle, slowest)", &middle, &slowest, "–"]);
    for (name, call, callers) in [
        (format!("all rows again ({} KB gzip), 1 caller", body.len() / 1000), &all, 1),
        ("one tenant, 1 caller".to_owned(), &one, 1),
        ("one tenant, 10 callers".to_owned(), &one, 10),
    ] {
        let measured = load::run(call, Crowd::restless(callers), READING).await?;
        let [p50, p99] = [0.5, 0.99].map(|share| format!("{:.2} ms", measured.quantile_ms(share)));
        report.row(&[&name, &p50, &p99, &format!("{:.0}", measured.per_second)]);
    }
    pages::measure(report, &host.gateway, &all.headers).await
}

fn get(address: &str, path: &str) -> Call {
    Call { method: Method::GET, address: address.to_owned(), path: path.to_owned(), headers: vec![], body: "" }
}

async fn text(call: &Call) -> Result<String> {
    let mut connection = load::connect(&call.address).await?;
    Ok(String::from_utf8(load::once(&mut connection, call).await?.to_vec())?)
}

/// Starts the simulator; returns it with its `host:port`.
async fn simulator(folder: &Path) -> Result<(Child, String)> {
    let numbers = [TENANTS.to_string(), SKUS.to_string(), LATENCY_MS.to_string()];
    let mut process = Command::new(program("graph-simulator"))
        .args(["--tenants", &numbers[0], "--skus", &numbers[1], "--latency-ms", &numbers[2], "--dir"])
        .arg(folder)
        .env("RUST_LOG", "warn")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start graph-simulator")?;
    let mut lines = BufReader::new(process.stdout.take().context("no stdout")?).lines();
    let line = lines.next_line().await?.context("the simulator ended")?;
    let address = line.rsplit_once("http://").context("no address in the simulator's line")?.1.to_owned();
    Ok((process, address))
}

/// Emulator and gateway without the timer, so that polls only happen when asked for.
pub(crate) struct Host {
    invoke: String,
    gateway: String,
    emulator: Child,
    _gateway_process: Child,
}

/// What one poll told, in words.
pub(crate) struct Polled {
    time: String,
    tenants: String,
    pub(crate) changed: String,
}

impl Host {
    pub(crate) async fn start(folder: &Path, graph: &str) -> Result<Self> {
        let [invoke, gateway, metrics] = [free_address()?, free_address()?, free_address()?];
        let start = |name: &str, args: &[&str]| {
            Command::new(program(name))
                .args(args)
                .current_dir(repository())
                .env("DATA_DIR", folder.join("data"))
                .env("PROFILES_DIR", folder.join("config-profiles"))
                .env("GRAPH_EXTRA_HOSTS", graph)
                .env("POLL_INTERVAL_SECONDS", "10")
                .env("INVOKE_ADDR", &invoke)
                .env("GATEWAY_ADDR", &gateway)
                .env("METRICS_ADDR", &metrics)
                .env("RUST_LOG", "warn")
                .stdout(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .with_context(|| format!("cannot start {name}"))
        };
        let host = Self {
            emulator: start("emulator", &["--spawn"])?,
            _gateway_process: start("gateway", &[])?,
            invoke,
            gateway,
        };
        until_it_answers(&get(&host.gateway, "/health")).await?;
        Ok(host)
    }

    fn poll_call(&self) -> Call {
        Call { method: Method::POST, body: "{}", ..get(&self.invoke, "/2015-03-31/functions/poll-tenant/invocations") }
    }

    pub(crate) async fn poll(&self) -> Result<Polled> {
        let started = Instant::now();
        let answer = self.invoke("poll-tenant").await?;
        let seconds = started.elapsed().as_secs_f64();
        let failed = answer["failed"].as_array().map_or(0, Vec::len);
        ensure!(failed == 0 && answer["polled"] == TENANTS, "the poll failed: {answer}");
        Ok(Polled {
            time: format!("{seconds:.2} s"),
            tenants: answer["polled"].to_string(),
            changed: answer["changed"].to_string(),
        })
    }

    /// Invokes a function and waits for its answer.
    pub(crate) async fn invoke(&self, function: &str) -> Result<Value> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let call = Call { method: Method::POST, body: "{}", ..get(&self.invoke, &path) };
        Ok(serde_json::from_str(&text(&call).await?)?)
    }

    /// The largest resident memory of a function's process so far.
    pub(crate) fn peak_memory(&self, function: &str) -> Result<String> {
        let emulator = self.emulator.id().context("the emulator ended")?;
        for entry in std::fs::read_dir("/proc")? {
            let status = std::fs::read_to_string(entry?.path().join("status")).unwrap_or_default();
            let field = |name: &str| {
                status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default().to_owned()
            };
            if field("PPid:") == emulator.to_string() && field("Name:") == function {
                let kilobytes: u64 = field("VmHWM:").trim_end_matches(" kB").parse()?;
                return Ok(format!("{} MiB", kilobytes / 1024));
            }
        }
        anyhow::bail!("{function} is not running")
    }
}
