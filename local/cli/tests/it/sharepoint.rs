//! Making the lists in SharePoint: a stand-in for Entra, Graph and SharePoint, real files.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use clap::Parser as _;
use leitwarte_cli::{Cli, Context, Outcome, Settings, commands};
use leitwarte_core::Uuid;
use leitwarte_core::sharepoint::profile::SharePointProfile;
use leitwarte_graph_simulator::{
    AppConfig, ColumnConfig, ColumnKind, Config, Fault, FaultKind, KeyAndCertificate, LICENCE_LIST, Operation,
    PARAMETER_LIST, RegisteredCertificate, Simulator, SiteConfig, SiteRole, SiteVisit, Stock, TENANT_LIST,
    TenantConfig, rsa_certificate,
};
use leitwarte_runtime::clock;
use serde_json::{Value, json};
use tempfile::TempDir;

const HOME: Uuid = Uuid::from_u128(0x11);
const CLIENT: Uuid = Uuid::from_u128(0x22);
const SITE: &str = "https://contoso.sharepoint.com/sites/lizenzen";

/// One key for all tests of this process.
fn key() -> &'static KeyAndCertificate {
    static KEY: OnceLock<KeyAndCertificate> = OnceLock::new();
    KEY.get_or_init(|| {
        rsa_certificate("intranet", clock::now() - TimeDelta::days(1), clock::now() + TimeDelta::days(300)).unwrap()
    })
}

struct Rig {
    base: TempDir,
    simulator: Simulator,
    site: SiteConfig,
}

impl Rig {
    /// A site without lists, in which the app has this role.
    async fn new(role: SiteRole) -> Self {
        let certificate = Arc::new(RegisteredCertificate::from_pem(&key().pem).unwrap());
        let thumbprint = certificate.thumbprint();
        let roles = vec!["Sites.Selected".to_owned()];
        let tenant = TenantConfig {
            key: "intranet".to_owned(),
            tenant_id: HOME,
            name: "Intranet".to_owned(),
            apps: vec![AppConfig { client_id: CLIENT, certificates: vec![certificate], roles }],
            stock: Stock::Fixed(Arc::from([])),
        };
        let site = SiteConfig::empty(HOME).grant(CLIENT, role);
        let config = Config { sites: vec![site.clone()], ..Config::new(vec![tenant]) };
        let rig = Self { base: tempfile::tempdir().unwrap(), simulator: Simulator::start(config).await.unwrap(), site };
        std::fs::create_dir_all(rig.path("config-profiles/sharepoint")).unwrap();
        std::fs::write(rig.path("config-profiles/sp.pem"), &key().pem).unwrap();
        std::fs::set_permissions(rig.path("config-profiles/sp.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
        rig.write(&json!({
            "tenant_id": HOME, "tenant_name": "intranet", "client_id": CLIENT, "thumbprint": thumbprint,
            "cert_path": "sp.pem", "expires": "2030-01-01", "authority_host": rig.simulator.base_url(),
            "graph_endpoint": rig.simulator.base_url(),
        }));
        rig
    }

    fn path(&self, path: &str) -> PathBuf {
        self.base.path().join(path)
    }

    fn file(&self) -> PathBuf {
        self.path("config-profiles/sharepoint/sp-config-home-profile.json")
    }

    fn write(&self, profile: &Value) {
        std::fs::write(self.file(), format!("{profile:#}\n")).unwrap();
    }

    fn read(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    fn person(&self) -> SiteVisit<'_> {
        self.simulator.site(&self.site.path).unwrap()
    }

    async fn run(&self, words: &[&str]) -> anyhow::Result<(String, Outcome)> {
        let values = [
            ("PROFILES_DIR", self.path("config-profiles").display().to_string()),
            ("DATA_DIR", self.path("data").display().to_string()),
            ("GRAPH_EXTRA_HOSTS", self.simulator.host().to_owned()),
        ];
        let settings = Settings::new(values.map(|(name, value)| (name.to_owned(), value))).unwrap();
        let context = Context { settings, now: clock::now(), width: 100 };
        let command = Cli::parse_from([&["leitwarte", "sharepoint", "provision"], words].concat()).command;
        let mut out = Vec::new();
        let outcome = commands::run(command, &context, &mut out).await?;
        Ok((anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string(), outcome))
    }

    async fn provision(&self, words: &[&str]) -> (String, Outcome) {
        self.run(words).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Names of lists and columns as people see them, without what SharePoint makes by itself.
    fn seen(&self) -> Vec<(String, Vec<String>)> {
        let columns =
            |list: &String| self.person().columns(list).unwrap().into_iter().map(|(_, shown)| shown).collect();
        self.person().lists().into_iter().map(|list| (list.clone(), columns(&list))).collect()
    }
}

/// As the source document has them.
fn expected() -> Vec<(String, Vec<String>)> {
    let list = |name: &str, columns: &[&str]| (name.to_owned(), columns.iter().map(|&name| name.to_owned()).collect());
    vec![
        list(PARAMETER_LIST, &["Parameter", "Parameterwert"]),
        list(TENANT_LIST, &["Titel", "enabled", "monitoring", "cert_expires"]),
        list(
            LICENCE_LIST,
            &[
                "Lizenzname",
                "Verfügbar",
                "Gebraucht",
                "Frei",
                "tenant",
                "trigger_inform_supporter",
                "technician_informed",
            ],
        ),
    ]
}

#[tokio::test]
async fn an_empty_site_gets_the_three_lists_and_the_profile_names_them() {
    let rig = Rig::new(SiteRole::Manage).await;
    let (said, outcome) = rig.provision(&["--site", SITE, "--write"]).await;
    assert_eq!(outcome, Outcome::Well, "{said}");
    assert_eq!(rig.seen(), expected());
    assert!(said.contains("made the list Tenantliste with enabled, monitoring, cert_expires"), "{said}");
    let lists = SharePointProfile::parse(&rig.read()).unwrap().lists;
    assert_eq!(lists.site_id, rig.site.id());
    assert_eq!(lists.license_list_id, rig.person().list_id(LICENCE_LIST).unwrap());
    assert_eq!(lists.field_mapping.available, "Verf_x00fc_gbar");
    let parameters: Vec<Value> =
        rig.person().rows(PARAMETER_LIST).unwrap().iter().map(|row| row.get("Title").clone()).collect();
    assert_eq!(parameters, ["sendermail", "recipientmail", "communication"]);

    let (before, writes) = (rig.read(), rig.simulator.requests().writes("intranet"));
    let (said, outcome) = rig.provision(&[]).await;
    assert_eq!((outcome, rig.read()), (Outcome::Well, before), "{said}");
    assert!(said.contains("All lists and columns are there") && said.contains("names them"), "{said}");
    assert_eq!(rig.simulator.requests().writes("intranet"), writes, "a second run writes nothing");
}

#[tokio::test]
async fn a_dry_run_says_it_all_and_does_nothing() {
    let rig = Rig::new(SiteRole::Read).await;
    let before = rig.read();
    let (said, outcome) = rig.provision(&["--site", SITE, "--dry-run"]).await;
    assert_eq!((outcome, rig.read(), rig.seen()), (Outcome::Well, before, vec![]));
    for words in ["would make the list Parameterliste with Parameterwert", "would make the row recipientmail"] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
}

#[tokio::test]
async fn without_writing_the_ids_are_told() {
    let rig = Rig::new(SiteRole::Manage).await;
    let before = rig.read();
    let (said, _) = rig.provision(&["home", "--site", SITE]).await;
    assert_eq!(rig.read(), before);
    let id = rig.person().list_id(TENANT_LIST).unwrap().to_string();
    assert!(
        said.contains("\"sharepoint_infos\": {") && said.contains(&format!("\"tenant_list_id\": \"{id}\"")),
        "{said}"
    );
}

#[tokio::test]
async fn what_people_deleted_is_made_again_and_what_they_renamed_is_kept() {
    let rig = Rig::new(SiteRole::Manage).await;
    rig.provision(&["--site", SITE, "--write"]).await;
    let person = rig.person();
    person.delete_column(LICENCE_LIST, "Frei").unwrap();
    person.rename_column(LICENCE_LIST, "Verfügbar", "Gekauft").unwrap();
    person.rename_column(TENANT_LIST, "Titel", "Kunde").unwrap();
    person.delete_row(PARAMETER_LIST, 2).unwrap();
    let (said, outcome) = rig.provision(&["--write"]).await;
    assert_eq!(outcome, Outcome::Well, "{said}");
    let mut wanted = expected();
    wanted[1].1[0] = "Kunde".to_owned();
    wanted[2].1 =
        ["Lizenzname", "Gekauft", "Gebraucht", "tenant", "trigger_inform_supporter", "technician_informed", "Frei"]
            .map(str::to_owned)
            .into();
    assert_eq!(rig.seen(), wanted);
    assert!(said.contains("made the column Frei") && said.contains("made the row recipientmail"), "{said}");
    assert!(!said.contains("sendermail"), "{said}");
}

#[tokio::test]
async fn a_column_of_another_kind_stops_it_before_anything_is_done() {
    let rig = Rig::new(SiteRole::Manage).await;
    rig.provision(&["--site", SITE, "--write"]).await;
    let person = rig.person();
    person.delete_column(LICENCE_LIST, "Frei").unwrap();
    person.delete_column(LICENCE_LIST, "Gebraucht").unwrap();
    person.add_column(LICENCE_LIST, ColumnConfig::new("Frei", ColumnKind::Text)).unwrap();
    let before = rig.seen();
    let (said, outcome) = rig.provision(&[]).await;
    assert_eq!((outcome, rig.seen()), (Outcome::Problem, before));
    assert!(said.contains("`Frei` of the Lizenzstatusliste does not hold a number"), "{said}");
}

#[tokio::test]
async fn a_missing_permission_is_named_with_the_request_that_gives_it() {
    let rig = Rig::new(SiteRole::Write).await;
    let (said, outcome) = rig.provision(&["--site", SITE]).await;
    assert_eq!((outcome, rig.seen()), (Outcome::Problem, vec![]));
    let request = format!("POST {}/v1.0/sites/{}/permissions", rig.simulator.base_url(), rig.site.id());
    for words in ["Sites.Manage.All", "Sites.Selected", &request, &CLIENT.to_string(), "run this again"] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
}

#[tokio::test]
async fn whatever_is_missing_in_the_profile_is_asked_for() {
    let rig = Rig::new(SiteRole::Manage).await;
    let error = rig.run(&[]).await.unwrap_err().to_string();
    assert!(error.contains("--site"), "{error}");
    let (said, outcome) = rig.provision(&["--site", "https://contoso.sharepoint.com/sites/other"]).await;
    assert_eq!(outcome, Outcome::Problem);
    assert!(said.contains("404") && said.contains("site's address"), "{said}");
    let error = rig.run(&["nobody"]).await.unwrap_err().to_string();
    assert!(error.contains("`nobody`") && error.contains("home"), "{error}");
}

#[tokio::test]
async fn failing_at_every_single_request_in_turn_it_is_completed_by_the_next_run() {
    let refused = FaultKind::Status { status: 403, retry_after: None };
    let mut faults = vec![(Operation::AnyRequest, refused)];
    for operation in [Operation::CreateList, Operation::UpdateColumn, Operation::CreateItem] {
        faults.extend([FaultKind::LostAnswer, FaultKind::DropConnection].map(|kind| (operation, kind)));
    }
    for (operation, kind) in faults {
        for skip in 0..40 {
            let rig = Rig::new(SiteRole::Manage).await;
            rig.simulator.inject(Fault::once("*", operation, kind.clone()).after(skip)).unwrap();
            let (said, outcome) = rig.provision(&["--site", SITE, "--write"]).await;
            rig.simulator.reset();
            let (again, whole) = rig.provision(&["--site", SITE, "--write"]).await;
            assert_eq!(
                (whole, rig.seen()),
                (Outcome::Well, expected()),
                "{operation:?} {kind:?} {skip}: {said}{again}"
            );
            let rows = rig.person().rows(PARAMETER_LIST).unwrap();
            assert_eq!(rows.len(), 3, "{operation:?} {kind:?} {skip}: no row twice");
            if outcome == Outcome::Well {
                assert!(skip > 0, "{operation:?} is never asked for");
                break;
            }
            assert!(said.contains("un this again"), "{operation:?} {kind:?} {skip}: {said}");
        }
    }
}
