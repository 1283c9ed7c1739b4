//! A database with one tenant, a profiles' folder, and `notify` on both.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::hosts::AllowedHosts;
use leitwarte_core::profile::FoundProfile;
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use leitwarte_graph::{GraphClient, RetryPolicy};
use leitwarte_runtime::{FunctionError, clock};
use leitwarte_store::{ClaimOne, PollResult, Store};
use notify::{Deps, Report};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

fn start() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

thread_local! {
    static NOW: std::cell::Cell<i64> = const { std::cell::Cell::new(0) };
}

fn now() -> DateTime<Utc> {
    start() + TimeDelta::minutes(NOW.get())
}

pub(crate) struct Rig {
    pub(crate) folder: TempDir,
    pub(crate) deps: Deps,
}

impl Rig {
    pub(crate) async fn new(extra_hosts: &str) -> Self {
        NOW.set(0);
        let folder = tempfile::tempdir().unwrap();
        let profiles_dir = folder.path().join("config-profiles");
        std::fs::create_dir_all(profiles_dir.join("notifications")).unwrap();
        let config = leitwarte_store::Config {
            database_url: format!("sqlite://{}/leitwarte.db", folder.path().display()),
            read_only: false,
            max_connections: 2,
        };
        let store = Store::open(&config).await.unwrap();
        let profile = json!({
            "tenant_id": Uuid::from_u128(1), "tenant_name": "Contoso AG", "client_id": Uuid::from_u128(2),
            "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678", "cert_path": "c.pem", "expires": "2030-01-01"
        });
        let found = vec![FoundProfile::read("contoso", &profile.to_string())];
        store.register_profiles(found, now()).await.unwrap();
        let allowed = leitwarte_graph::AllowedHosts::parse(extra_hosts).unwrap();
        let mut graph = leitwarte_graph::Config::new(&profiles_dir, allowed, clock::now, clock::new_id);
        let short = Duration::from_millis(2);
        graph.retry = RetryPolicy { first_delay: short, max_delay: short, ..RetryPolicy::default() };
        let deps = Deps {
            store,
            profiles_dir,
            hosts: AllowedHosts::parse(extra_hosts).unwrap(),
            http: notify::client().unwrap(),
            graph: GraphClient::new(graph).unwrap(),
            proxy: None,
            clock: now,
            new_id: clock::new_id,
        };
        Self { folder, deps }
    }

    #[expect(clippy::unused_self, reason = "reads like what happens")]
    pub(crate) fn wait(&self, minutes: i64) {
        NOW.set(NOW.get() + minutes);
    }

    /// Writes a file with a secret, readable for its owner only, beside the profiles' folder.
    pub(crate) fn secret(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub(crate) fn channels(&self, channels: &Value) {
        let profile = json!({ "language": "en", "channels": channels }).to_string();
        std::fs::write(self.deps.profiles_dir.join("notifications/notifications.json"), profile).unwrap();
    }

    /// A poll finds this many licences assigned of ten, of each of the given products.
    pub(crate) async fn poll(&self, consumed: &[i64]) {
        self.wait(5);
        let stock = (1..).zip(consumed).map(|(id, consumed)| LicenceStock {
            sku_id: Uuid::from_u128(id),
            part_number: format!("PRODUCT_{id}"),
            applies_to: AppliesTo::User,
            capability_status: CapabilityStatus::Enabled,
            enabled: 10,
            warning: 0,
            suspended: 0,
            locked_out: 0,
            consumed: *consumed,
        });
        let claimed = self.deps.store.claim_one("contoso", now(), TimeDelta::minutes(1)).await.unwrap();
        let ClaimOne::Claimed(claim) = claimed else { panic!("{claimed:?}") };
        let result = PollResult {
            claim,
            started_at: now(),
            finished_at: now(),
            stock: Ok(stock.collect()),
            requests: 1,
            retries: 0,
            certificate_ends_at: None,
        };
        self.deps.store.record_polls(&[result]).await.unwrap();
    }

    pub(crate) async fn try_notify(&self) -> Result<Report, FunctionError> {
        notify::handle(&self.deps, Instant::now() + Duration::from_mins(5)).await
    }

    pub(crate) async fn notify(&self) -> Report {
        self.try_notify().await.unwrap()
    }
}

pub(crate) fn sent(new: usize, sent: usize) -> Report {
    Report { new, sent, ..Report::default() }
}
