//! The lists in SharePoint at full size: how long a cycle takes, and whether many cycles leave every row there once.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::stock::LicenceStock;
use leitwarte_core::{TimeDelta, Uuid};
use leitwarte_graph::{AllowedHosts, GraphClient};
use leitwarte_graph_simulator::{
    AppConfig, Binding, LICENCE_LIST, Operation, RegisteredCertificate, Settings, Simulator, SiteConfig, SiteRole,
    Stock, TENANT_LIST, TenantConfig, Throttle, synthetic,
};
use leitwarte_runtime::clock;
use serde_json::{Map, Value, json};
use sync_sharepoint::{Deps, Event, handle};

use crate::polls::{Host, LATENCY_MS, SKUS, TENANTS};
use crate::report::Report;

/// The support company's own tenant.
const HOME: Uuid = Uuid::from_u128(0x5e17_a11c_e000);
const CLIENT: Uuid = Uuid::from_u128(0x5e17_c11e_e000);
/// One row in a hundred.
const CHANGED: usize = TENANTS * SKUS / 100;
const CYCLES: usize = 100;
/// As long as SharePoint counts resource units.
const MINUTE: Duration = Duration::from_secs(61);

/// Measures and adds the tables to the report.
pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let lists = Lists::start(folder.path())?;
    let host = Host::start(folder.path(), lists.simulator.host()).await?;
    cycles_as_microsoft_would_see_them(report, &lists, &host).await?;
    many_cycles(report, folder.path(), &lists, &host).await
}

async fn cycles_as_microsoft_would_see_them(report: &mut Report, lists: &Lists, host: &Host) -> Result<()> {
    let rows = TENANTS * SKUS;
    report.heading(&format!(
        "SharePoint: {rows} rows, Graph answers after {LATENCY_MS} ms, 1250 resource units a minute"
    ));
    report.row(&["", "rows a page", "time", "requests", "rows written", "resource units", "refused (429)"]);
    host.poll().await?;
    for (what, page, changed) in [
        ("first sync over rows of the system before", 200, 0),
        ("nothing new", 200, 0),
        ("1 % changed", 200, CHANGED),
        ("1 % changed", 1000, CHANGED),
        ("1 % changed", 5000, CHANGED),
        ("nothing new", 5000, 0),
    ] {
        lists.change(changed, page)?;
        host.poll().await?;
        // Each is measured as if it were the only one in its minute.
        tokio::time::sleep(MINUTE).await;
        lists.behave(page, true)?;
        let cycle = lists.cycle(host).await?;
        ensure!(cycle.written == changed, "{} rows written instead of {changed}", cycle.written);
        report.row(&[
            what,
            &page.to_string(),
            &format!("{:.1} s", cycle.seconds),
            &cycle.requests.to_string(),
            &cycle.written.to_string(),
            &cycle.units.to_string(),
            &cycle.refused.to_string(),
        ]);
    }
    let memory = host.peak_memory("sync-sharepoint")?;
    let trips = rows.div_ceil(200) + CHANGED.div_ceil(20);
    report.line(&format!(
        "Limit: pages come one after the other, each names the next: {trips} round trips of {LATENCY_MS} ms for 1 % at 200 rows a \
         page take at least {:.1} s. Peak memory of sync-sharepoint: {memory}.",
        seconds(trips)
    ));
    Ok(())
}

/// A hundred cycles without latency and limits, so that they take minutes and not hours.
async fn many_cycles(report: &mut Report, folder: &Path, lists: &Lists, host: &Host) -> Result<()> {
    let profiles = folder.join("config-profiles");
    let database_url = format!("sqlite://{}", folder.join("data/leitwarte.db").display());
    let config = leitwarte_store::Config { database_url, read_only: false, max_connections: 2 };
    let store = leitwarte_store::Store::open(&config).await?;
    let hosts = AllowedHosts::parse(lists.simulator.host())?;
    let graph = GraphClient::new(leitwarte_graph::Config::new(&profiles, hosts, clock::now, clock::new_id))?;
    let policy = PollPolicy { interval: TimeDelta::minutes(5) };
    let deps = Deps::new(store, graph, profiles, policy, clock::now, clock::new_id).at_pace(u32::MAX);
    let started = Instant::now();
    let mut written = 0;
    for cycle in 0..CYCLES {
        lists.change(CHANGED, cycle)?;
        lists.behave(200, false)?;
        host.poll().await?;
        let run = handle(&deps, &Event::Now, Instant::now() + Duration::from_mins(4)).await?;
        let profile = run.profiles.first().context("a SharePoint profile")?;
        ensure!(profile.failure.is_none() && profile.left == 0, "cycle {cycle}: {profile:?}");
        written += profile.written;
    }
    let (rows, distinct) = lists.rows()?;
    let (twice, lost) = (rows - distinct, (TENANTS * SKUS).saturating_sub(distinct));
    report
        .heading(&format!("SharePoint: {CYCLES} cycles, 200 rows a page, 1 % changed in each, no latency, no limits"));
    report.row(&["cycles", "rows", "rows twice", "rows lost", "rows written", "time, polls included"]);
    report.row(&[
        &CYCLES.to_string(),
        &rows.to_string(),
        &twice.to_string(),
        &lost.to_string(),
        &written.to_string(),
        &format!("{:.0} s", started.elapsed().as_secs_f64()),
    ]);
    ensure!(written == CYCLES * CHANGED, "{written} rows written instead of {}", CYCLES * CHANGED);
    ensure!(twice == 0 && lost == 0, "{twice} rows are there twice, {lost} are lost");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn seconds(trips: usize) -> f64 {
    trips as f64 * LATENCY_MS as f64 / 1000.0
}

const SITE: &str = "sites/lizenzen";

/// The stand-in for Microsoft, on threads of its own.
struct Lists {
    simulator: Simulator,
    stocks: Vec<(String, Vec<LicenceStock>)>,
    _stop: mpsc::Sender<()>,
}

/// What one sync took.
struct Cycle {
    seconds: f64,
    requests: u64,
    written: usize,
    units: u64,
    refused: u64,
}

impl Lists {
    fn start(folder: &Path) -> Result<Self> {
        let (ready, started) = mpsc::channel();
        let (stop, stopped) = mpsc::channel::<()>();
        let folder = folder.to_owned();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            let serving = runtime.context("no runtime").map(|runtime| {
                let simulator = runtime.block_on(serve(&folder));
                (runtime, simulator)
            });
            let (_runtime, simulator) = match serving {
                Ok((runtime, simulator)) => (Some(runtime), simulator),
                Err(error) => (None, Err(error)),
            };
            // Whoever started this waits for it.
            let _ = ready.send(simulator);
            // Until the other end is dropped.
            let _ = stopped.recv();
        });
        let (simulator, stocks) = started.recv().map_err(|_| anyhow!("the simulator's thread ended"))??;
        Ok(Self { simulator, stocks, _stop: stop })
    }

    /// Pages of so many rows; as slow and as strict as Microsoft, or neither.
    fn behave(&self, page: usize, like_microsoft: bool) -> Result<()> {
        self.simulator.set_settings(Settings {
            latency_ms: if like_microsoft { LATENCY_MS } else { 0 },
            resource_units: like_microsoft.then_some(Throttle::SHAREPOINT),
            list_page_size: Some(page),
            ..Settings::default()
        })?;
        Ok(())
    }

    /// How many rows the Lizenzstatusliste has, and how many licences they stand for.
    fn rows(&self) -> Result<(usize, usize)> {
        let rows = self.simulator.site(SITE)?.rows(LICENCE_LIST)?;
        let distinct: HashSet<_> =
            rows.iter().map(|row| (row.get("tenant").to_string(), row.get("Title").to_string())).collect();
        Ok((rows.len(), distinct.len()))
    }

    /// Another number for one product of each of the first tenants, another one each round.
    fn change(&self, count: usize, round: usize) -> Result<()> {
        for (key, stock) in self.stocks.iter().take(count) {
            let mut stock = stock.clone();
            if let Some(licence) = stock.first_mut() {
                licence.enabled += 1 + i64::try_from(round)?;
            }
            self.simulator.set_stock(key, stock)?;
        }
        Ok(())
    }

    async fn cycle(&self, host: &Host) -> Result<Cycle> {
        let before = self.counts();
        let started = Instant::now();
        let report = host.invoke("sync-sharepoint").await?;
        let seconds = started.elapsed().as_secs_f64();
        let profile = &report["profiles"][0];
        ensure!(profile["failure"].is_null() && profile["left"] == 0, "the sync failed: {report}");
        let (after, written) = (self.counts(), profile["written"].as_u64().unwrap_or_default());
        Ok(Cycle {
            seconds,
            requests: profile["requests"].as_u64().unwrap_or_default(),
            written: usize::try_from(written)?,
            units: 2 * (after.0 - before.0),
            refused: after.1 - before.1,
        })
    }

    /// Pages and writes so far, each of two resource units; requests that were refused.
    fn counts(&self) -> (u64, u64) {
        let report = self.simulator.requests();
        let counted = [Operation::Items, Operation::Columns].map(|operation| report.requests("intranet", operation));
        let refused = report.total.values().map(|count| count.answers.get(&429).copied().unwrap_or_default()).sum();
        (counted.iter().sum::<u64>() + report.writes("intranet"), refused)
    }
}

type Started = (Simulator, Vec<(String, Vec<LicenceStock>)>);

/// The crowd of tenants, and lists that the system before has filled for it.
async fn serve(folder: &Path) -> Result<Started> {
    let binding = Binding::bind(([127, 0, 0, 1], 0).into(), None).await?;
    let now = clock::now();
    let mut config = synthetic::prepare(folder, binding.base_url(), TENANTS, SKUS, now)?;
    let stocks: Vec<_> =
        config.tenants.iter().map(|tenant| (tenant.key.clone(), tenant.stock.at(now).to_vec())).collect();
    let names: Vec<&str> = stocks.iter().map(|(key, _)| key.as_str()).collect();
    let mut site = SiteConfig::licence_lists(HOME, &names).grant(CLIENT, SiteRole::Write);
    let pem = std::fs::read_to_string(folder.join("certs/shared/mycert_shared.pem"))?;
    let certificate = Arc::new(RegisteredCertificate::from_pem(&pem)?);
    fill(&mut site, &stocks, &certificate);
    let app =
        AppConfig { client_id: CLIENT, certificates: vec![certificate], roles: vec!["Sites.Selected".to_owned()] };
    config.tenants.push(TenantConfig {
        key: "intranet".to_owned(),
        tenant_id: HOME,
        name: "intranet".to_owned(),
        apps: vec![app],
        stock: Stock::Fixed(Arc::from([])),
    });
    profile(folder, &site)?;
    config.sites.push(site);
    Ok((binding.serve(config)?, stocks))
}

/// Rows for every tenant and product, named as the system before named them.
fn fill(site: &mut SiteConfig, stocks: &[(String, Vec<LicenceStock>)], certificate: &RegisteredCertificate) {
    let row = |value: Value| value.as_object().cloned().unwrap_or_default();
    let day = certificate.not_after.date_naive();
    for list in &mut site.lists {
        if list.name == TENANT_LIST {
            list.rows.iter_mut().for_each(|row: &mut Map<String, Value>| {
                row.insert("cert_expires".to_owned(), json!(format!("{day}T00:00:00Z")));
            });
        }
        if list.name == LICENCE_LIST {
            let licences = stocks.iter().flat_map(|(key, stock)| stock.iter().map(move |licence| (key, licence)));
            list.rows.extend(licences.map(|(key, licence)| {
                let free = licence.enabled - licence.consumed;
                // Who is short was told by the system before.
                row(json!({
                    "Title": licence.part_number, "tenant": key, "Verfügbar": licence.enabled, "Gebraucht": licence.consumed,
                    "Frei": free, "technician_informed": free <= 0,
                }))
            }));
        }
    }
}

/// The profile of the lists: the crowd's certificate, another tenant and app.
fn profile(folder: &Path, site: &SiteConfig) -> Result<()> {
    let profiles = folder.join("config-profiles");
    let text = std::fs::read_to_string(profiles.join("config-tenant-0001-profile.json"))?;
    let mut profile: Value = serde_json::from_str(&text)?;
    profile["tenant_id"] = json!(HOME);
    profile["tenant_name"] = json!("intranet");
    profile["client_id"] = json!(CLIENT);
    profile["sharepoint_infos"] = site.profile_infos();
    std::fs::create_dir_all(profiles.join("sharepoint"))?;
    Ok(std::fs::write(profiles.join("sharepoint/sp-config-intranet-profile.json"), profile.to_string())?)
}
