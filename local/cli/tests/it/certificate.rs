//! Renewing a certificate: a stand-in for Entra, real files.

use std::path::Path;
use std::sync::Arc;

use clap::Parser as _;
use leitwarte_cli::{Cli, Context, Outcome, Settings, commands};
use leitwarte_core::Uuid;
use leitwarte_core::profile::TenantProfile;
use leitwarte_graph_simulator::{AppConfig, Config, RegisteredCertificate, Simulator, Stock, TenantConfig};
use leitwarte_runtime::clock;
use leitwarte_store::{CertificateKind, CertificateLook, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

const TENANT: Uuid = Uuid::from_u128(0x11);
const CLIENT: Uuid = Uuid::from_u128(0x22);

struct Rig {
    base: TempDir,
    simulator: Simulator,
}

impl Rig {
    /// A tenant whose certificate has so many days left, and whose Entra knows it.
    async fn new(days: u16) -> Self {
        let tenant = TenantConfig {
            key: "contoso".to_owned(),
            tenant_id: TENANT,
            name: "Contoso".to_owned(),
            apps: vec![AppConfig { client_id: CLIENT, certificates: Vec::new(), roles: Vec::new() }],
            stock: Stock::Fixed(Arc::from([])),
        };
        let simulator = Simulator::start(Config::new(vec![tenant])).await.unwrap();
        let rig = Self { base: tempfile::tempdir().unwrap(), simulator };
        let (tenant, client, days) = (TENANT.to_string(), CLIENT.to_string(), days.to_string());
        let words = ["onboard", "contoso", "--tenant-id", &tenant, "--client-id", &client, "--days", &days];
        assert_eq!(rig.run(&words).await.1, Outcome::Well);
        rig.upload("contoso.cer").await;
        let mut profile: Value =
            serde_json::from_str(&rig.read("config-profiles/config-contoso-profile.json")).unwrap();
        profile["authority_host"] = json!(rig.simulator.base_url());
        profile["graph_endpoint"] = json!(rig.simulator.base_url());
        std::fs::write(rig.path("config-profiles/config-contoso-profile.json"), profile.to_string()).unwrap();
        rig
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.base.path().join(path)
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    fn profile(&self) -> TenantProfile {
        TenantProfile::parse(&self.read("config-profiles/config-contoso-profile.json")).unwrap()
    }

    async fn run(&self, words: &[&str]) -> (String, Outcome) {
        let values = [
            ("PROFILES_DIR", self.path("config-profiles").display().to_string()),
            ("DATA_DIR", self.path("data").display().to_string()),
            ("GRAPH_EXTRA_HOSTS", self.simulator.host().to_owned()),
        ];
        let settings = Settings::new(values.map(|(name, value)| (name.to_owned(), value))).unwrap();
        let context = Context { settings, now: clock::now(), width: 100 };
        let command = Cli::parse_from([&["leitwarte"], words].concat()).command;
        let mut out = Vec::new();
        let outcome = commands::run(command, &context, &mut out).await.unwrap_or_else(|error| panic!("{error:#}"));
        (anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string(), outcome)
    }

    async fn renew(&self) -> (String, Outcome) {
        self.run(&["certificate", "renew", "contoso"]).await
    }

    /// What an administrator does in Entra.
    async fn upload(&self, file: &str) {
        let url = format!("{}/simulator/tenants/contoso/certificates", self.simulator.base_url());
        let pem = self.read(&format!("certs/contoso/{file}"));
        let answer = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(10))
            .build()
            .unwrap()
            .post(url)
            .body(pem)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 201);
    }

    /// The files of next certificates, without their folder, that end like this.
    fn next(&self, end: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("certs/contoso")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("mycert_contoso_") && name.ends_with(end)).collect()
    }
}

fn thumbprint_of(path: &Path) -> String {
    RegisteredCertificate::from_pem(&std::fs::read_to_string(path).unwrap()).unwrap().thumbprint()
}

#[tokio::test]
async fn the_profile_changes_only_when_entra_accepts_the_next_certificate() {
    let rig = Rig::new(30).await;
    let before = rig.profile();
    let (said, outcome) = rig.renew().await;
    assert_eq!(outcome, Outcome::Problem);
    assert!(said.contains("not in use yet") && said.contains("Upload certificate"), "{said}");
    assert_eq!(rig.profile(), before);
    let (pem, cer) = (rig.next(".pem"), rig.next(".cer"));
    assert_eq!((pem.len(), cer.len()), (1, 1));
    assert!(!rig.read(&format!("certs/contoso/{}", cer[0])).contains("PRIVATE"), "no key is uploaded");

    rig.upload(&cer[0]).await;
    let (said, outcome) = rig.renew().await;
    assert_eq!(outcome, Outcome::Well, "{said}");
    let after = rig.profile();
    assert_eq!(after.cert_path, format!("certs/contoso/{}", pem[0]));
    assert_eq!(after.normalised_thumbprint(), thumbprint_of(&rig.path(&after.cert_path)));
    assert_eq!(
        TenantProfile {
            cert_path: before.cert_path.clone(),
            thumbprint: before.thumbprint.clone(),
            expires: before.expires,
            ..after
        },
        before
    );
    assert!(rig.path("certs/contoso/mycert_contoso.pem").exists(), "the old one stays");

    let (said, outcome) = rig.renew().await;
    assert_eq!(outcome, Outcome::Well);
    assert!(said.contains("lasts 365 days") || said.contains("lasts 366 days"), "{said}");
    assert_eq!(rig.next(".pem"), pem, "and no third one is made");
}

#[tokio::test]
async fn a_run_that_ended_anywhere_is_completed_by_the_next() {
    let rig = Rig::new(30).await;
    rig.renew().await;
    let (pem, cer) = (rig.next(".pem"), rig.next(".cer"));
    // Ended between the key and the certificate to upload.
    std::fs::remove_file(rig.path(&format!("certs/contoso/{}", cer[0]))).unwrap();
    assert_eq!(rig.renew().await.1, Outcome::Problem);
    assert_eq!((rig.next(".pem"), rig.next(".cer")), (pem.clone(), cer.clone()), "the same key");
    // A file that an interrupted run left half written is no certificate and harms nothing.
    std::fs::write(rig.path("certs/contoso/mycert_contoso_half.pem"), "-----BEGIN").unwrap();
    rig.upload(&cer[0]).await;
    assert_eq!(rig.renew().await.1, Outcome::Well);
    assert_eq!(rig.profile().cert_path, format!("certs/contoso/{}", pem[0]));
}

#[tokio::test]
async fn the_app_that_works_in_the_lists_gets_its_next_certificate_too() {
    let rig = Rig::new(30).await;
    // The same app and certificate, in a profile of the lists.
    let mut profile: Value = serde_json::from_str(&rig.read("config-profiles/config-contoso-profile.json")).unwrap();
    profile["sharepoint_infos"] = json!({ "site_id": "not yet", "note": "cert_path and \"thumbprint\" are above" });
    let file = "config-profiles/sharepoint/sp-config-intranet-profile.json";
    std::fs::create_dir(rig.path("config-profiles/sharepoint")).unwrap();
    std::fs::write(rig.path(file), format!("{profile:#}")).unwrap();
    let renew = ["certificate", "renew", "intranet", "--sharepoint"];
    let (said, outcome) = rig.run(&renew).await;
    assert_eq!(outcome, Outcome::Problem);
    assert!(said.contains("renew intranet --sharepoint"), "{said}");
    let folder = rig.path("certs/sharepoint/intranet");
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let public = names.into_iter().find(|name| Path::new(name).extension().is_some_and(|end| end == "cer")).unwrap();
    rig.upload(&format!("../sharepoint/intranet/{public}")).await;
    let (said, outcome) = rig.run(&renew).await;
    assert_eq!(outcome, Outcome::Well, "{said}");
    let after: Value = serde_json::from_str(&rig.read(file)).unwrap();
    assert_eq!(after["cert_path"], json!(format!("certs/sharepoint/intranet/{}", public.replace(".cer", ".pem"))));
    assert_eq!(after["thumbprint"], json!(thumbprint_of(&folder.join(public.replace(".cer", ".pem")))));
    assert_eq!(after["sharepoint_infos"], profile["sharepoint_infos"]);
    assert_eq!(rig.next(".pem"), Vec::<String>::new(), "the tenant's own is left alone");
}

#[tokio::test]
async fn an_expired_certificate_can_be_renewed_too() {
    let rig = Rig::new(30).await;
    let file = rig.path("config-profiles/config-contoso-profile.json");
    // As bad as expired: nothing can be read any more.
    let broken = rig.read("config-profiles/config-contoso-profile.json").replace("mycert_contoso.pem", "gone.pem");
    std::fs::write(file, broken).unwrap();
    rig.renew().await;
    rig.upload(&rig.next(".cer")[0]).await;
    assert_eq!(rig.renew().await.1, Outcome::Well);
}

#[tokio::test]
async fn the_list_says_what_does_not_work_and_how_old_it_is() {
    let rig = Rig::new(30).await;
    rig.run(&["migrate"]).await;
    let (said, outcome) = rig.run(&["certificate", "list"]).await;
    assert_eq!(outcome, Outcome::Problem);
    assert!(said.contains("invoke cert-expiry"), "{said}");
    let database_url = format!("sqlite://{}/leitwarte.db", rig.path("data").display());
    let config = leitwarte_store::Config { database_url, read_only: false, max_connections: 1 };
    let store = Store::open(&config).await.unwrap();
    let look = |key: &str, days: Option<i64>, problem: Option<&str>| CertificateLook {
        kind: CertificateKind::Tenant,
        key: key.to_owned(),
        owner: key.to_owned(),
        certificate: days.map(|days| ("AB".to_owned(), clock::now() + chrono::TimeDelta::days(days))),
        problem: problem.map(|problem| (problem.to_owned(), "Mend it.".to_owned())),
        note: None,
        told: true,
    };
    let looks = [look("fine", Some(200), None), look("soon", Some(20), None), look("broken", None, Some("No file."))];
    store.record_certificates(&looks, clock::now()).await.unwrap();
    store.close().await;
    let (said, outcome) = rig.run(&["certificate", "list"]).await;
    assert_eq!(outcome, Outcome::Problem);
    let order: Vec<_> = ["✘ broken", "! soon", "✔ fine", "Looked at just now"].map(|word| said.find(word)).into();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{said}");
    assert!(said.contains("Mend it."), "{said}");
    let (json, _) = rig.run(&["certificate", "list", "--json"]).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json[0]["key"], &json[0]["days_left"]), (&json!("broken"), &Value::Null));
}
