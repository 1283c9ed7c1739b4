//! A function with its lists and its database, and what people, polls and flows do meanwhile.

use std::cell::Cell;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::profile::FoundProfile;
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use leitwarte_graph::{AllowedHosts, GraphClient, RetryPolicy};
use leitwarte_graph_simulator::{
    AppConfig, Config, FlowMessage, KeyAndCertificate, LICENCE_LIST, Notice, RegisteredCertificate, Settings,
    Simulator, SiteConfig, SiteRole, SiteVisit, Stock, TENANT_LIST, TenantConfig, rsa_certificate,
};
use leitwarte_runtime::clock;
use leitwarte_store::{ClaimOne, PollResult, Store};
use serde_json::{Map, Value, json};
use sync_sharepoint::{Deps, Event, ProfileReport, handle};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const HOME: Uuid = Uuid::from_u128(0xA11CE << 96);
const CLIENT: Uuid = Uuid::from_u128(0xC11E);
pub(crate) const POLICY: PollPolicy = PollPolicy { interval: TimeDelta::minutes(5) };

thread_local! {
    /// How far the function's clock is ahead: a test and the function it calls run on one thread.
    static AHEAD: Cell<TimeDelta> = const { Cell::new(TimeDelta::zero()) };
}

pub(crate) fn now() -> DateTime<Utc> {
    clock::now() + AHEAD.get()
}

pub(crate) fn minutes_pass(minutes: i64) {
    AHEAD.set(AHEAD.get() + TimeDelta::minutes(minutes));
}

/// One key for all tests of this process.
fn key() -> &'static KeyAndCertificate {
    static KEY: OnceLock<KeyAndCertificate> = OnceLock::new();
    KEY.get_or_init(|| {
        rsa_certificate("intranet", clock::now() - TimeDelta::days(1), clock::now() + TimeDelta::days(300)).unwrap()
    })
}

pub(crate) struct Rig {
    pub(crate) simulator: Simulator,
    pub(crate) site: SiteConfig,
    pub(crate) store: Store,
    pub(crate) deps: Arc<Deps>,
    pub(crate) profiles: PathBuf,
    _folder: TempDir,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::with_permission("Sites.Selected").await
    }

    pub(crate) async fn with_permission(permission: &str) -> Self {
        // Small pages, so that there are several.
        Self::with(permission, 50, |deps| deps).await
    }

    /// With pages of so many rows, and a function that was changed somehow.
    pub(crate) async fn with(permission: &str, page: usize, change: impl Fn(Deps) -> Deps) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let profiles = folder.path().join("config-profiles");
        std::fs::create_dir_all(profiles.join("sharepoint")).unwrap();
        let pem = profiles.join("intranet.pem");
        std::fs::write(&pem, &key().pem).unwrap();
        std::fs::set_permissions(&pem, std::fs::Permissions::from_mode(0o600)).unwrap();
        let certificate = Arc::new(RegisteredCertificate::from_pem(&key().pem).unwrap());
        let app = AppConfig { client_id: CLIENT, certificates: vec![certificate], roles: vec![permission.to_owned()] };
        let tenant = TenantConfig {
            key: "intranet".to_owned(),
            tenant_id: HOME,
            name: "Intranet".to_owned(),
            apps: vec![app],
            stock: Stock::Fixed(Arc::from([])),
        };
        let site = SiteConfig::licence_lists(HOME, &[]).grant(CLIENT, SiteRole::Write);
        let settings = Settings { list_page_size: Some(page), ..Settings::default() };
        let simulator = Simulator::start(Config { sites: vec![site.clone()], settings, ..Config::new(vec![tenant]) })
            .await
            .unwrap();
        let database_url = format!("sqlite://{}", folder.path().join("leitwarte.db").display());
        let store = leitwarte_store::Config { database_url, read_only: false, max_connections: 4 };
        let store = Store::open(&store).await.unwrap();
        let hosts = AllowedHosts::parse(simulator.host()).unwrap();
        let mut graph = leitwarte_graph::Config::new(&profiles, hosts, clock::now, clock::new_id);
        let short = Duration::from_millis(2);
        graph.retry = RetryPolicy { first_delay: short, max_delay: short, ..RetryPolicy::default() };
        let graph = GraphClient::new(graph).unwrap();
        let deps = Deps::new(store.clone(), graph, profiles.clone(), POLICY, now, clock::new_id);
        let deps = Arc::new(change(deps));
        let rig = Self { simulator, site, store, deps, profiles, _folder: folder };
        rig.profile("intranet", |_| ());
        rig
    }

    /// Writes a SharePoint profile, changed by `change`.
    pub(crate) fn profile(&self, key: &str, change: impl Fn(&mut Value)) {
        let thumbprint = RegisteredCertificate::from_pem(&self::key().pem).unwrap().thumbprint();
        let mut profile = json!({
            "tenant_id": HOME, "tenant_name": "intranet", "client_id": CLIENT, "thumbprint": thumbprint,
            "cert_path": "intranet.pem", "expires": "2030-01-01", "authority_host": self.simulator.base_url(),
            "graph_endpoint": self.simulator.base_url(), "sharepoint_infos": self.site.profile_infos(),
        });
        change(&mut profile);
        let file = self.profiles.join(format!("sharepoint/sp-config-{key}-profile.json"));
        std::fs::write(file, profile.to_string()).unwrap();
    }

    /// What a poll found in each of these tenants.
    pub(crate) async fn polled(&self, found: &[(&str, Vec<LicenceStock>)]) {
        self.profiles_are(&found.iter().map(|(key, _)| (*key, true)).collect::<Vec<_>>()).await;
        self.polled_again(found).await;
    }

    /// Whose profiles are there, and whether each is switched on in its file.
    pub(crate) async fn profiles_are(&self, tenants: &[(&str, bool)]) {
        let profile = |&(key, enabled): &(&str, bool)| {
            let profile = json!({
                "tenant_id": Uuid::from_u128(key.bytes().fold(1, |id, byte| id * 251 + u128::from(byte))),
                "tenant_name": key, "client_id": CLIENT, "cert_path": "c.pem", "expires": "2030-01-01",
                "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678", "enabled": enabled,
            });
            FoundProfile::read(key, &profile.to_string())
        };
        self.store.register_profiles(tenants.iter().map(profile).collect(), now()).await.unwrap();
    }

    /// What another poll found in some of them.
    pub(crate) async fn polled_again(&self, found: &[(&str, Vec<LicenceStock>)]) {
        let mut results = Vec::new();
        for (key, stock) in found {
            let claimed = self.store.claim_one(key, now(), TimeDelta::minutes(1)).await.unwrap();
            let ClaimOne::Claimed(claim) = claimed else { continue };
            results.push(PollResult {
                claim,
                started_at: now(),
                finished_at: now(),
                stock: Ok(stock.clone()),
                requests: 1,
                retries: 0,
                certificate_ends_at: DateTime::from_timestamp(1_900_000_000, 0),
            });
        }
        self.store.record_polls(&results).await.unwrap();
    }

    /// One run of the function, and how the profile `intranet` fared.
    pub(crate) async fn sync(&self) -> ProfileReport {
        let report = handle(&self.deps, &Event::Now, in_seconds(60)).await.unwrap();
        report.profiles.into_iter().find(|profile| profile.profile == "intranet").unwrap()
    }

    /// One run that has to work.
    pub(crate) async fn synced(&self) -> ProfileReport {
        let report = self.sync().await;
        assert_eq!((&report.failure, report.left, report.busy), (&None, 0, false), "{report:?}");
        report
    }

    /// A person in the browser.
    pub(crate) fn person(&self) -> SiteVisit<'_> {
        self.simulator.site(&self.site.path).unwrap()
    }

    pub(crate) fn licences(&self) -> Vec<(u64, Map<String, Value>)> {
        self.rows(LICENCE_LIST)
    }

    pub(crate) fn tenants(&self) -> Vec<(u64, Map<String, Value>)> {
        self.rows(TENANT_LIST)
    }

    fn rows(&self, list: &str) -> Vec<(u64, Map<String, Value>)> {
        self.person().rows(list).unwrap().into_iter().map(|row| (row.id, row.fields)).collect()
    }

    /// What both lists say, without the rows' numbers.
    pub(crate) fn content(&self) -> Vec<String> {
        let rows = self.licences().into_iter().chain(self.tenants());
        let mut rows: Vec<String> = rows.map(|(_, fields)| Value::Object(fields).to_string()).collect();
        rows.sort();
        rows
    }

    /// Licences that a flow told of.
    pub(crate) fn flows(&self) -> Vec<String> {
        let shortage = |FlowMessage { notice, .. }| match notice {
            Notice::Shortage { tenant, licence, .. } => Some(format!("{tenant}: {licence}")),
            Notice::Certificate { .. } => None,
        };
        self.person().run_flows().unwrap().into_iter().filter_map(shortage).collect()
    }
}

pub(crate) fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

/// Ten licences of a product, of which so many are free.
pub(crate) fn stock(id: u128, free: i64) -> LicenceStock {
    LicenceStock {
        sku_id: Uuid::from_u128(id),
        part_number: format!("PRODUCT_{id}"),
        applies_to: AppliesTo::User,
        capability_status: CapabilityStatus::Enabled,
        enabled: 10,
        warning: 0,
        suspended: 0,
        locked_out: 0,
        consumed: 10 - free,
    }
}
