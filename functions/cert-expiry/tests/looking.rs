//! `cert-expiry` on real files and a real database.

use std::os::unix::fs::PermissionsExt as _;

use cert_expiry::{Deps, Report, handle};
use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::Uuid;
use leitwarte_core::message::Message;
use leitwarte_core::profile::FoundProfile;
use leitwarte_graph_simulator::rsa_certificate;
use leitwarte_runtime::ProfilesFolder;
use leitwarte_store::{Config, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

struct Rig {
    folder: TempDir,
    deps: Deps,
}

impl Rig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let profiles_dir = folder.path().join("config-profiles");
        std::fs::create_dir_all(profiles_dir.join("sharepoint")).unwrap();
        let database_url = format!("sqlite://{}/leitwarte.db", folder.path().display());
        let store = Store::open(&Config { database_url, read_only: false, max_connections: 1 }).await.unwrap();
        Self { folder, deps: Deps { store, profiles: ProfilesFolder::new(profiles_dir) } }
    }

    /// Writes a certificate that ends so many days after [`now`], and returns the fields of a profile that names it.
    fn certificate(&self, name: &str, days: i64) -> Value {
        let ends_at = now() + TimeDelta::days(days);
        let made = rsa_certificate(name, now() - TimeDelta::days(300), ends_at).unwrap();
        let file = self.folder.path().join(format!("{name}.pem"));
        std::fs::write(&file, &made.pem).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let thumbprint = leitwarte_graph::Credential::read(&file).unwrap().thumbprint_sha1();
        json!({
            "tenant_id": Uuid::from_u128(name.len() as u128 + 1), "tenant_name": name, "client_id": Uuid::from_u128(2),
            "thumbprint": thumbprint, "cert_path": format!("{name}.pem"), "expires": ends_at.date_naive()
        })
    }

    fn tenant(&self, name: &str, profile: &Value) {
        let file = self.deps.profiles.dir().join(format!("config-{name}-profile.json"));
        std::fs::write(file, profile.to_string()).unwrap();
    }

    async fn look(&self, days: i64) -> Report {
        handle(&self.deps, now() + TimeDelta::days(days)).await.unwrap()
    }

    /// What is to be sent: whose certificate and how many days.
    async fn told(&self, days: i64) -> Vec<(String, i64)> {
        let at = now() + TimeDelta::days(days);
        self.deps.store.spread_messages(&["mail".to_owned()], at).await.unwrap();
        let due = self.deps.store.due_deliveries(at).await.unwrap();
        due.iter()
            .map(|delivery| match &delivery.message {
                Message::Certificate(certificate) => (certificate.owner.clone(), certificate.days_left),
                Message::Shortage(_) | Message::RoleChange(_) => panic!("{delivery:?}"),
            })
            .collect()
    }
}

fn good(told: usize) -> Report {
    Report { good: 1, bad: Vec::new(), told }
}

#[tokio::test]
async fn people_are_told_at_60_30_7_and_0_days_once_each_and_not_after_a_renewal() {
    let rig = Rig::new().await;
    rig.tenant("contoso", &rig.certificate("contoso", 90));
    let mut told = Vec::new();
    for day in 0..=95 {
        told.extend(std::iter::repeat_n(90 - day, rig.look(day).await.told));
    }
    assert_eq!(told, [60, 30, 7, 0]);
    assert_eq!(rig.told(95).await.len(), 4);
    rig.tenant("contoso", &rig.certificate("contoso", 95 + 365));
    assert_eq!(rig.look(96).await, good(0), "quiet after the renewal");
    assert_eq!(rig.look(95 + 365 - 30).await, good(1), "and the new one is watched in turn");
}

#[tokio::test]
async fn a_machine_that_was_off_tells_the_most_urgent_alone_and_a_clock_set_back_nothing_milder() {
    let rig = Rig::new().await;
    rig.tenant("contoso", &rig.certificate("contoso", 90));
    assert_eq!(rig.look(86).await.told, 1);
    assert_eq!(rig.told(86).await, [("contoso".to_owned(), 4)]);
    assert_eq!(rig.look(50).await.told, 0);
    assert_eq!(rig.look(87).await.told, 0);
}

#[tokio::test]
async fn what_is_wrong_with_one_is_said_with_the_fix_and_keeps_no_other_from_being_looked_at() {
    let rig = Rig::new().await;
    rig.tenant("good", &rig.certificate("good", 300));
    rig.tenant("expired", &rig.certificate("expired", -1));
    let mut mismatch = rig.certificate("mismatch", 300);
    mismatch["thumbprint"] = json!("A1B2C3D4E5F60718293A4B5C6D7E8F9012345678");
    rig.tenant("mismatch", &mismatch);
    let mut missing = rig.certificate("missing", 300);
    missing["cert_path"] = json!("nowhere.pem");
    rig.tenant("missing", &missing);
    std::fs::write(rig.deps.profiles.dir().join("config-broken-profile.json"), "{").unwrap();
    std::fs::write(rig.deps.profiles.dir().join("sharepoint/sp-config-lists-profile.json"), "{}").unwrap();

    let report = rig.look(0).await;
    assert_eq!((report.good, report.bad.len(), report.told), (1, 5, 1), "{report:?}");
    for words in ["expired on", "A1B2C3D4", "nowhere.pem", "config-broken-profile.json", "sp-config-lists-profile.json"]
    {
        assert!(report.bad.iter().any(|line| line.contains(words)), "{words} is missing in {:#?}", report.bad);
    }
    let known = rig.deps.store.certificates().await.unwrap();
    assert_eq!(known.len(), 6);
    assert_eq!(known.last().unwrap().look.key, "good", "what does not work comes first");
}

#[tokio::test]
async fn a_profile_that_is_switched_off_tells_nobody_and_one_that_is_gone_is_forgotten() {
    let rig = Rig::new().await;
    let mut profile = rig.certificate("contoso", 5);
    profile["enabled"] = json!(false);
    rig.tenant("contoso", &profile);
    assert_eq!(rig.look(0).await, good(0));
    std::fs::remove_file(rig.deps.profiles.dir().join("config-contoso-profile.json")).unwrap();
    rig.look(0).await;
    assert_eq!(rig.deps.store.certificates().await.unwrap(), []);
}

#[tokio::test]
async fn the_certificates_own_date_reaches_the_tenant_and_a_differing_profile_is_noted() {
    let rig = Rig::new().await;
    let mut profile = rig.certificate("contoso", 100);
    profile["expires"] = json!("2020-01-01");
    rig.tenant("contoso", &profile);
    rig.deps.store.register_profiles(vec![FoundProfile::read("contoso", &profile.to_string())], now()).await.unwrap();
    rig.look(0).await;
    let tenant = rig.deps.store.tenants().await.unwrap().remove(0);
    let ends_on = tenant.certificate_ends_at.map(|at| at.date_naive());
    assert_eq!(ends_on, Some((now() + TimeDelta::days(100)).date_naive()));
    let note = rig.deps.store.certificates().await.unwrap().remove(0).look.note.unwrap();
    assert!(note.contains("2020-01-01") && note.contains("certificate"), "{note}");
}

#[tokio::test]
async fn without_a_folder_nothing_is_forgotten() {
    let rig = Rig::new().await;
    rig.tenant("contoso", &rig.certificate("contoso", 300));
    rig.look(0).await;
    let elsewhere = Deps { store: rig.deps.store.clone(), profiles: ProfilesFolder::new("/nowhere".into()) };
    let error = handle(&elsewhere, now()).await.unwrap_err().to_string();
    assert!(error.contains("/nowhere") && error.contains("PROFILES_DIR"), "{error}");
    assert_eq!(rig.deps.store.certificates().await.unwrap().len(), 1);
}
