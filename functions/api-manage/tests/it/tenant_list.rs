//! Switches where SharePoint is the master of them.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, OnceLock};

use http::Method;
use leitwarte_core::{TimeDelta, Uuid};
use leitwarte_graph_simulator::{
    AppConfig, Config, KeyAndCertificate, RegisteredCertificate, Simulator, SiteConfig, SiteRole, SiteVisit, Stock,
    TENANT_LIST, TenantConfig, rsa_certificate,
};
use leitwarte_runtime::clock;
use serde_json::{Value, json};

use crate::world::{Reply, World};

const HOME: Uuid = Uuid::from_u128(0xA11CE << 96);
const CLIENT: Uuid = Uuid::from_u128(0xC11E);

fn key() -> &'static KeyAndCertificate {
    static KEY: OnceLock<KeyAndCertificate> = OnceLock::new();
    KEY.get_or_init(|| {
        rsa_certificate("intranet", clock::now() - TimeDelta::days(1), clock::now() + TimeDelta::days(300)).unwrap()
    })
}

/// A world with a Tenantliste in which `contoso` stands with both switches on.
struct Lists {
    world: World,
    simulator: Simulator,
    path: String,
}

impl Lists {
    async fn new() -> Self {
        let certificate = Arc::new(RegisteredCertificate::from_pem(&key().pem).unwrap());
        let thumbprint = certificate.thumbprint();
        let app =
            AppConfig { client_id: CLIENT, certificates: vec![certificate], roles: vec!["Sites.Selected".to_owned()] };
        let tenant = TenantConfig {
            key: "intranet".to_owned(),
            tenant_id: HOME,
            name: "Intranet".to_owned(),
            apps: vec![app],
            stock: Stock::Fixed(Arc::from([])),
        };
        let site = SiteConfig::licence_lists(HOME, &[]).grant(CLIENT, SiteRole::Write);
        let config = Config { sites: vec![site.clone()], ..Config::new(vec![tenant]) };
        let simulator = Simulator::start(config).await.unwrap();
        let world = World::with_graph(Some(simulator.host())).await;
        let profiles = world.folder.path();
        std::fs::create_dir_all(profiles.join("sharepoint")).unwrap();
        std::fs::write(profiles.join("intranet.pem"), &key().pem).unwrap();
        std::fs::set_permissions(profiles.join("intranet.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
        let profile = json!({
            "tenant_id": HOME, "tenant_name": "intranet", "client_id": CLIENT, "thumbprint": thumbprint,
            "cert_path": "intranet.pem", "expires": "2030-01-01", "authority_host": simulator.base_url(),
            "graph_endpoint": simulator.base_url(), "sharepoint_infos": site.profile_infos(),
        });
        std::fs::write(profiles.join("sharepoint/sp-config-intranet-profile.json"), profile.to_string()).unwrap();
        let lists = Self { world, simulator, path: site.path };
        let row = json!({ "Title": "Contoso Zürich AG", "enabled": true, "monitoring": true });
        lists.person().add_row(TENANT_LIST, &row).unwrap();
        lists
    }

    /// A person in the browser.
    fn person(&self) -> SiteVisit<'_> {
        self.simulator.site(&self.path).unwrap()
    }

    /// Both switches as the list has them.
    fn in_list(&self) -> (Value, Value) {
        let row = self.person().rows(TENANT_LIST).unwrap().remove(0).fields;
        (row["enabled"].clone(), row["monitoring"].clone())
    }

    async fn patch(&self, if_match: &str, body: Value) -> Reply {
        self.world.send(Method::PATCH, "/api/v1/monitoring/tenants/contoso", Some(if_match), &body).await
    }

    /// Both switches as the database has them.
    async fn here(&self) -> (bool, bool) {
        let here = self.world.store.switches_of("contoso").await.unwrap().unwrap();
        (here.enabled, here.monitoring)
    }
}

fn by_ada(actions: &[&str]) -> Vec<(String, String)> {
    actions.iter().map(|&action| ("Ada Muster".to_owned(), action.to_owned())).collect()
}

const BOTH_ON: (Value, Value) = (Value::Bool(true), Value::Bool(true));

#[tokio::test]
async fn the_list_is_written_first_and_then_the_database() {
    let lists = Lists::new().await;
    let reply = lists.patch("\"1\"", json!({ "monitoring": false })).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(lists.in_list(), (json!(true), json!(false)));
    assert_eq!(lists.here().await, (true, false));
    assert_eq!(lists.world.log("contoso").await, by_ada(&["tenant-switched", "tenant-switch-asked"]));
}

#[tokio::test]
async fn what_somebody_changed_in_the_list_meanwhile_counts_and_is_shown() {
    let lists = Lists::new().await;
    lists.person().set_field(TENANT_LIST, 1, "enabled", false).unwrap();
    let reply = lists.patch("\"1\"", json!({ "monitoring": false })).await;
    assert_eq!((reply.status, reply.problem().as_str()), (412, "changed-meanwhile"));
    assert!(reply.json()["detail"].as_str().unwrap().contains("in the Tenantliste"), "{}", reply.json());
    let current = &reply.json()["current"];
    assert_eq!(
        (&current["enabled"], &current["monitoring"], &current["version"]),
        (&json!(false), &json!(true), &json!(2))
    );
    assert_eq!((lists.in_list(), lists.here().await), ((json!(false), json!(true)), (false, true)));
    let again = lists.patch("\"2\"", json!({ "monitoring": false })).await;
    assert_eq!((again.status, lists.in_list()), (200, (json!(false), json!(false))));
}

#[tokio::test]
async fn a_list_that_cannot_be_changed_means_that_nothing_is() {
    let lists = Lists::new().await;
    lists.person().set_role(CLIENT, Some(SiteRole::Read));
    let reply = lists.patch("\"1\"", json!({ "monitoring": false })).await;
    assert_eq!((reply.status, reply.problem().as_str()), (503, "sharepoint-unavailable"));
    assert!(reply.json()["detail"].as_str().unwrap().contains("so nothing was"), "{}", reply.json());
    assert_eq!((lists.in_list(), lists.here().await), (BOTH_ON, (true, true)));
    assert_eq!(lists.world.log("contoso").await, by_ada(&["tenant-switch-asked"]), "who asked is known all the same");
}

#[tokio::test]
async fn a_tenant_without_a_row_waits_for_the_sync_that_makes_it() {
    let lists = Lists::new().await;
    let address = "/api/v1/monitoring/tenants/fabrikam";
    let reply = lists.world.send(Method::PATCH, address, Some("*"), &json!({ "monitoring": false })).await;
    assert_eq!((reply.status, reply.problem().as_str()), (409, "not-in-tenant-list"));
}

#[tokio::test]
async fn a_broken_profile_of_sharepoint_does_not_let_the_switch_past_the_list() {
    let lists = Lists::new().await;
    let file = lists.world.folder.path().join("sharepoint/sp-config-intranet-profile.json");
    std::fs::write(file, "{").unwrap();
    let reply = lists.patch("\"1\"", json!({ "monitoring": false })).await;
    assert_eq!((reply.status, lists.here().await), (503, (true, true)));
    assert!(reply.json()["detail"].as_str().unwrap().contains("sp-config-intranet-profile.json"), "{}", reply.json());
}

#[tokio::test]
async fn when_the_database_does_not_follow_the_list_the_answer_says_so_and_who_asked_is_known() {
    let lists = Lists::new().await;
    let pool = lists.world.store.database().pool();
    let refuse = "CREATE TRIGGER refuse BEFORE UPDATE OF switches_version ON tenants \
                  BEGIN SELECT RAISE(ABORT, 'refused by the test'); END";
    sqlx::query(refuse).execute(pool).await.unwrap();
    let reply = lists.patch("\"1\"", json!({ "monitoring": false })).await;
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("has what you asked for") && detail.contains("follows with the next sync"), "{detail}");
    assert!(!detail.contains("Nothing was changed"), "{detail}");
    assert_eq!((lists.in_list(), lists.here().await), ((json!(true), json!(false)), (true, true)));
    assert_eq!(lists.world.log("contoso").await, by_ada(&["tenant-switch-asked"]));
}

#[tokio::test]
async fn of_two_lists_the_answer_says_which_was_changed() {
    let lists = Lists::new().await;
    let file = lists.world.folder.path().join("sharepoint/sp-config-second-profile.json");
    std::fs::write(&file, "{").unwrap();
    let reply = lists.patch("\"1\"", json!({ "monitoring": false })).await;
    assert_eq!((reply.status, reply.problem().as_str()), (503, "sharepoint-unavailable"));
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("profile `intranet` was changed, that of `second` not, and here nothing was"), "{detail}");
    assert_eq!((lists.in_list(), lists.here().await), ((json!(true), json!(false)), (true, true)));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(
        lists.patch("\"1\"", json!({ "monitoring": false })).await.status,
        200,
        "once more, and all say the same"
    );
    assert_eq!(lists.here().await, (true, false));
}
