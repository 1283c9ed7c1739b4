//! The main path on real processes: `leitwarte up`, a foreign Graph stand-in, the timer, the database, the API.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use leitwarte_core::TimeDelta;
use leitwarte_core::status::StatusRow;
use leitwarte_core::stock::StockState;
use leitwarte_graph_simulator::{DemoRole, Fault, FaultKind, Operation, RetryAfter, Settings, Simulator, synthetic};
use leitwarte_tests::stack::{Options, Stack};
use leitwarte_tests::{tenants, wait};

/// A tick comes every minute; a debug build on a busy machine may take a while on top.
const A_TICK: Duration = Duration::from_secs(100);

struct Watched {
    simulator: Simulator,
    stack: Stack,
    http: reqwest::Client,
}

impl Watched {
    /// A running stack with the first `visible` of `count` tenants set up.
    async fn start(count: usize, visible: usize) -> Result<Self> {
        let folder = Stack::folder()?;
        let simulator = tenants::simulator(folder.path(), count).await?;
        for number in visible + 1..=count {
            fs::rename(profile(folder.path(), number), folder.path().join(number.to_string()))?;
        }
        let env = [("GRAPH_EXTRA_HOSTS", simulator.host().to_owned()), ("POLL_INTERVAL_SECONDS", "30".to_owned())];
        let env = env.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let stack = Stack::start_in(folder, Options { args: vec![], env }).await?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build()?;
        Ok(Self { simulator, stack, http })
    }

    async fn get(&self, path: &str) -> Result<reqwest::Response> {
        let token = self.simulator.api_token(DemoRole::Read, TimeDelta::minutes(10)).context("no token")?;
        Ok(self.http.get(self.stack.url(path)).bearer_auth(token).send().await?)
    }

    async fn rows(&self, path: &str) -> Result<Vec<StatusRow>> {
        Ok(self.get(path).await?.error_for_status()?.json().await?)
    }

    /// Waits until the whole list shows what `look` looks for.
    async fn until_shown(&self, what: &str, look: impl Fn(&[StatusRow]) -> bool) -> Vec<StatusRow> {
        wait::until(what, A_TICK, async || self.rows("/api/v1/licenses/status").await.ok().filter(|rows| look(rows)))
            .await
    }

    async fn poll(&self, key: &str) -> Result<std::process::Output> {
        self.stack.leitwarte(&["invoke", "poll-tenant", "--payload", &format!(r#"{{"tenant":"{key}"}}"#)]).await
    }
}

fn profile(folder: &std::path::Path, number: usize) -> std::path::PathBuf {
    folder.join(format!("config-profiles/config-{}-profile.json", synthetic::tenant_key(number)))
}

fn tenants_in(rows: &[StatusRow]) -> Vec<&str> {
    let mut names: Vec<&str> = rows.iter().map(|row| row.tenant.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[tokio::test]
async fn tenants_are_polled_at_start_and_on_the_schedule_and_a_new_profile_is_enough() -> Result<()> {
    let watched = Watched::start(3, 2).await?;
    let rows =
        watched.until_shown("both tenants", |rows| tenants_in(rows).len() == 2 && rows.iter().all(|row| !row.stale));
    let rows = rows.await;
    assert_eq!(tenants_in(&rows), ["tenant-0001", "tenant-0002"]);
    assert_eq!(rows.len(), 6, "three products each");

    let stock =
        synthetic::prepare(tempfile::tempdir()?.path(), "http://127.0.0.1:1", 1, 3, leitwarte_runtime::clock::now())?;
    let stock = stock.tenants[0].stock.at(leitwarte_runtime::clock::now());
    watched.simulator.set_stock("tenant-0001", tenants::with_free(&stock, 0, -7))?;
    fs::rename(watched.stack.path().join("3"), profile(watched.stack.path(), 3))?;

    let rows = watched
        .until_shown("the third tenant and the new number", |rows| {
            tenants_in(rows).len() == 3 && rows.iter().any(|row| row.free_units == Some(-7))
        })
        .await;
    let worst = rows.iter().find(|row| row.free_units == Some(-7)).expect("over-assigned");
    assert_eq!((worst.tenant.as_str(), worst.state), ("tenant-0001", StockState::Short));

    let (status, output) = watched.stack.stop().await?;
    assert!(status.success(), "{output}");
    Ok(())
}

#[tokio::test]
async fn whatever_graph_answers_the_api_shows_the_right_stock_or_the_last_good_one_with_the_reason() -> Result<()> {
    let watched = Watched::start(1, 1).await?;
    let key = "tenant-0001";
    let path = "/api/v1/licenses/status/tenant-0001";
    let good = watched.until_shown("the tenant", |rows| rows.len() == 3 && rows.iter().all(|row| !row.stale)).await;
    let numbers = |rows: &[StatusRow]| {
        rows.iter().map(|row| (row.skuid, row.available_units, row.consumed_units, row.free_units)).collect::<Vec<_>>()
    };

    // Faults that pass, or that the client gets around: the poll succeeds and the numbers are right.
    let passing = [
        FaultKind::Status { status: 429, retry_after: Some(RetryAfter::Seconds(1)) },
        FaultKind::Status { status: 503, retry_after: Some(RetryAfter::Seconds(0)) },
        FaultKind::Unauthorized,
    ];
    for kind in passing {
        watched.simulator.inject(Fault::once(key, Operation::Skus, kind.clone()))?;
        let polled = String::from_utf8(watched.poll(key).await?.stdout)?;
        assert!(polled.contains(r#""failed": []"#), "{kind:?}: {polled}");
        let rows = watched.rows(path).await?;
        assert_eq!(numbers(&rows), numbers(&good), "{kind:?}");
        assert!(rows.iter().all(|row| !row.stale), "{kind:?}");
    }

    // One product a page: the same numbers, from three pages; a 401 between two of them changes nothing.
    watched.simulator.set_settings(Settings { page_size: Some(1), ..watched.simulator.settings() })?;
    watched.simulator.inject(Fault::once(key, Operation::Skus, FaultKind::Unauthorized).after(1))?;
    watched.poll(key).await?;
    assert_eq!(numbers(&watched.rows(path).await?), numbers(&good), "paged");
    watched.simulator.reset();

    // Faults that stay: the last good numbers, marked stale, with the reason. Never fewer rows, never none.
    for kind in [FaultKind::Html, FaultKind::Empty, FaultKind::ForeignNextLink] {
        watched.simulator.inject(Fault::once(key, Operation::Skus, kind.clone()).times(50))?;
        let polled = watched.poll(key).await?;
        let words = String::from_utf8(polled.stderr)?;
        assert!(
            !polled.status.success() && words.contains("bad_answer"),
            "{kind:?} must not look like success: {words}"
        );
        let rows = watched.rows(path).await?;
        assert_eq!(numbers(&rows), numbers(&good), "{kind:?}");
        for row in &rows {
            assert!(row.stale, "{kind:?}");
            assert!(row.stale_reason.as_ref().is_some_and(|reason| reason.len() > 20), "{kind:?}: {row:?}");
            assert_ne!(row.state, StockState::Fine, "{kind:?}: old numbers never look fine");
        }
        watched.simulator.reset();
    }

    let polled = watched.poll(key).await?;
    assert!(polled.status.success(), "{}", String::from_utf8_lossy(&polled.stderr));
    assert!(watched.rows(path).await?.iter().all(|row| !row.stale), "a good poll clears the reason");
    Ok(())
}

#[tokio::test]
async fn a_broken_profile_is_shown_with_its_reason_and_stops_nobody_else() -> Result<()> {
    const BROKEN: &str = "config-tenant-0002-profile.json";
    let watched = Watched::start(2, 1).await?;
    fs::write(profile(watched.stack.path(), 2), r#"{"tenant_id": "not a guid", "colour": "red"}"#)?;
    // At first it is a tenant that has not been polled.
    let told = |row: &StatusRow| row.stale_reason.as_ref().is_some_and(|reason| reason.contains(BROKEN));
    let rows = watched.until_shown("both", |rows| tenants_in(rows).len() == 2 && rows.iter().any(told)).await;
    let broken: Vec<_> = rows.iter().filter(|row| row.tenant == "tenant-0002").collect();
    assert_eq!(broken.len(), 1, "one row without numbers: {broken:?}");
    assert_eq!((broken[0].free_units, broken[0].state, broken[0].stale), (None, StockState::Unknown, true));
    assert!(told(broken[0]), "{:?}", broken[0].stale_reason);
    assert!(rows.iter().filter(|row| row.tenant == "tenant-0001").all(|row| !row.stale));

    let unknown = watched.get("/api/v1/licenses/status/nobody").await?;
    assert_eq!(unknown.status(), 404);
    assert_eq!(unknown.headers()["content-type"], "application/problem+json");
    Ok(())
}

#[tokio::test]
async fn a_killed_emulator_is_replaced_and_the_stack_goes_on() -> Result<()> {
    let watched = Watched::start(1, 1).await?;
    watched.until_shown("the tenant", |rows| rows.len() == 3).await;
    let functions = watched.stack.processes("api-read")?;
    watched.stack.signal("emulator", rustix::process::Signal::KILL)?;
    wait::until("the API to answer from a new process", Duration::from_mins(1), async || {
        let is_new = watched.stack.processes("api-read").is_ok_and(|now| !now.is_empty() && now != functions);
        if is_new { watched.rows("/api/v1/licenses/status").await.ok() } else { None }
    })
    .await;
    let polled = watched.poll("tenant-0001").await?;
    assert!(polled.status.success(), "{}", String::from_utf8_lossy(&polled.stderr));
    Ok(())
}

#[tokio::test]
async fn nothing_but_the_main_page_health_and_readiness_answers_without_a_token() -> Result<()> {
    let watched = Watched::start(1, 1).await?;
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()?;
    for (path, status) in [
        ("/", 200),
        ("/health", 200),
        ("/ready", 200),
        ("/api/v1/licenses/status", 401),
        ("/api/v1/licenses/status/show", 401),
        ("/api/v1/licenses/status/tenant-0001", 401),
        ("/api/v1/licenses/status/nobody", 401),
        ("/nowhere", 401),
        // Pages lead people to sign-in.
        ("/api/v1/docs", 303),
        ("/overview", 303),
    ] {
        let answer = http.get(watched.stack.url(path)).send().await?;
        assert_eq!(answer.status(), status, "{path}");
    }
    let expired = watched.simulator.api_token(DemoRole::Admin, TimeDelta::minutes(-5)).context("no token")?;
    let answer = watched.http.get(watched.stack.url("/api/v1/licenses/status")).bearer_auth(expired).send().await?;
    assert_eq!(answer.status(), 401, "an expired token");
    Ok(())
}
