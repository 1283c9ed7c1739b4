//! The function with a database and an Entra, and people who have signed in.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::auth_profile::Role;
use leitwarte_core::roles::table::SHIPPED;
use leitwarte_core::roles::wish::Wish;
use leitwarte_core::roles::{Operation, RoleTable};
use leitwarte_graph::{AllowedHosts, GraphClient, RetryPolicy};
use leitwarte_graph_simulator::{
    AppConfig, ApplicationConfig, Config, DirectoryConfig, Fault, FaultKind, GroupConfig, KeyAndCertificate,
    RegisteredCertificate, Settings, Simulator, Stock, TenantConfig, UserConfig, rsa_certificate,
};
use leitwarte_runtime::{FunctionError, clock};
use leitwarte_store::{Account, Asked, SignIn, Store};
use role_sync::{Deps, Event, MachineClock, Report, handle};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const HOME: Uuid = Uuid::from_u128(0xA11CE << 96);
const CLIENT: Uuid = Uuid::from_u128(0x501E);
pub(crate) const INTRANET: Uuid = Uuid::from_u128(0x1247);
const PRINCIPAL: Uuid = Uuid::from_u128(0x5E12);
pub(crate) const GROUP: Uuid = Uuid::from_u128(0x6120);

/// What the people of a rig hold in Entra at first; the person number is the place, from 1.
pub(crate) const PEOPLE: [&str; 4] = ["vorstand_finanzen", "ressortleiter", "mitglied", "vorstand_intern"];

/// One key for all tests of this process.
fn key() -> &'static KeyAndCertificate {
    static KEY: OnceLock<KeyAndCertificate> = OnceLock::new();
    KEY.get_or_init(|| {
        rsa_certificate("roles", clock::now() - TimeDelta::days(1), clock::now() + TimeDelta::days(300)).unwrap()
    })
}

pub(crate) struct Rig {
    pub(crate) simulator: Simulator,
    pub(crate) store: Store,
    pub(crate) deps: Deps,
    graph: GraphClient,
    pub(crate) table: RoleTable,
    pub(crate) profiles: PathBuf,
    folder: TempDir,
}

/// The account of a person.
pub(crate) fn account(person: i64) -> Uuid {
    Uuid::from_u128(0xACC0 + u128::try_from(person).unwrap())
}

impl Rig {
    pub(crate) async fn new() -> Self {
        let rig = Self::without_sign_ins().await;
        for (person, value) in (1..).zip(PEOPLE) {
            rig.sign_in(person, &[value]).await;
        }
        rig
    }

    pub(crate) async fn without_sign_ins() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let profiles = folder.path().join("config-profiles");
        std::fs::create_dir_all(profiles.join("roles")).unwrap();
        std::fs::write(profiles.join("roles/roles.json"), SHIPPED).unwrap();
        let pem = profiles.join("roles.pem");
        std::fs::write(&pem, &key().pem).unwrap();
        std::fs::set_permissions(&pem, std::fs::Permissions::from_mode(0o600)).unwrap();
        let simulator = Simulator::start(entra()).await.unwrap();
        let profile = json!({
            "tenant_id": HOME, "tenant_name": "contoso", "client_id": CLIENT, "cert_path": "roles.pem",
            "thumbprint": RegisteredCertificate::from_pem(&key().pem).unwrap().thumbprint(), "expires": "2030-01-01",
            "authority_host": simulator.base_url(), "graph_endpoint": simulator.base_url(), "application_id": INTRANET,
        });
        std::fs::write(profiles.join("roles/role-sync-profile.json"), profile.to_string()).unwrap();
        let database_url = format!("sqlite://{}", folder.path().join("leitwarte.db").display());
        let store = leitwarte_store::Config { database_url, read_only: false, max_connections: 4 };
        let store = Store::open(&store).await.unwrap();
        let hosts = AllowedHosts::parse(simulator.host()).unwrap();
        let mut graph = leitwarte_graph::Config::new(&profiles, hosts, clock::now, clock::new_id);
        let short = Duration::from_millis(2);
        graph.retry = RetryPolicy { first_delay: short, max_delay: short, ..RetryPolicy::default() };
        let graph = GraphClient::new(graph).unwrap();
        let deps = deps(&store, &graph, &profiles, &simulator, clock::now);
        Self { simulator, store, deps, graph, table: RoleTable::shipped(), profiles, folder }
    }

    /// The function with another clock.
    pub(crate) fn deps_at(&self, now: fn() -> DateTime<Utc>) -> Deps {
        deps(&self.store, &self.graph, &self.profiles, &self.simulator, now)
    }

    /// The folder of the database.
    pub(crate) fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// A person signs in with these roles in the token.
    pub(crate) async fn sign_in(&self, person: i64, values: &[&str]) {
        self.sign_in_with(person, values, BTreeSet::new(), clock::now()).await;
    }

    /// A person signed in with these rights by app roles; the hash of the session's id.
    pub(crate) async fn sign_in_with(
        &self,
        person: i64,
        values: &[&str],
        rights: BTreeSet<Role>,
        now: DateTime<Utc>,
    ) -> String {
        let account = Account {
            tenant_id: HOME,
            object_id: account(person),
            user_name: format!("person{person}@contoso.example"),
            name: format!("Person {person}"),
        };
        let claims: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        let session = format!("{person} {}", clock::new_id());
        let sign_in = SignIn {
            account,
            claims: &claims,
            issued_at: now,
            table: &self.table,
            rights: &rights,
            id_hash: &session,
            attempt: &session,
            replaces: None,
        };
        self.store.sign_in(&sign_in, now).await.unwrap();
        session
    }

    pub(crate) async fn ask(&self, person: i64, wish: Wish) -> Asked {
        self.store.ask_for_role(&self.table, (HOME, person), &wish, None, clock::now()).await.unwrap()
    }

    /// Person 1 hands the finance office over to person 2 and becomes a member.
    pub(crate) async fn hand_over(&self) -> i64 {
        let asked = self.ask(1, Wish::HandOver { to: "member".to_owned(), successor: 2 }).await;
        let Asked::Accepted(number) = asked else { panic!("{asked:?}") };
        number
    }

    pub(crate) async fn run(&self, event: Event) -> Result<Report, FunctionError> {
        handle(&self.deps, &event, Instant::now() + Duration::from_mins(4)).await
    }

    pub(crate) async fn operation(&self, number: i64) -> Operation {
        self.store.role_operation(number).await.unwrap().unwrap()
    }

    /// What people hold in Entra and here, from person 1 on: `entra/here` or `entra/here<ceiling`.
    pub(crate) async fn state(&self, people: std::ops::RangeInclusive<i64>) -> String {
        let stored = self.store.role_people(HOME).await.unwrap();
        let of = |person: i64| {
            let held = self.simulator.roles_of(account(person), INTRANET).join("+");
            let one = stored.iter().find(|one| one.number == person).unwrap();
            let ceiling = one.ceiling.as_deref().map(|ceiling| format!("<{ceiling}")).unwrap_or_default();
            format!("{held}/{}{ceiling}", one.role.as_deref().unwrap_or("-"))
        };
        people.map(of).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn fault(&self, operation: leitwarte_graph_simulator::Operation, kind: FaultKind, times: u32) {
        self.simulator.inject(Fault::once("contoso", operation, kind).times(times)).unwrap();
    }
}

fn deps(
    store: &Store,
    graph: &GraphClient,
    profiles: &Path,
    simulator: &Simulator,
    now: fn() -> DateTime<Utc>,
) -> Deps {
    let hosts = leitwarte_core::hosts::AllowedHosts::parse(simulator.host()).unwrap();
    let machine = MachineClock { now, new_id: clock::new_id };
    Deps::new(store.clone(), graph.clone(), (profiles.to_owned(), hosts), machine)
}

fn entra() -> Config {
    let certificate = Arc::new(RegisteredCertificate::from_pem(&key().pem).unwrap());
    let permissions = ["AppRoleAssignment.ReadWrite.All", "Application.Read.All", "User.Read.All"];
    let app = AppConfig {
        client_id: CLIENT,
        certificates: vec![certificate],
        roles: permissions.map(str::to_owned).to_vec(),
    };
    let tenant = TenantConfig {
        key: "contoso".to_owned(),
        tenant_id: HOME,
        name: "Contoso".to_owned(),
        apps: vec![app],
        stock: Stock::Fixed(Arc::from([])),
    };
    let table = RoleTable::shipped();
    let values = table.roles().iter().map(|entry| entry.entra.clone());
    let intranet = ApplicationConfig {
        client_id: INTRANET,
        service_principal: PRINCIPAL,
        app_roles: values.chain(["Licences.Read".to_owned(), "Kassier".to_owned()]).collect(),
    };
    let user = |person: i64| UserConfig {
        object_id: account(person),
        user_name: format!("person{person}@contoso.example"),
        name: format!("Person {person}"),
    };
    let directory = DirectoryConfig {
        tenant_id: HOME,
        applications: vec![intranet],
        users: (1..=6).map(user).collect(),
        groups: vec![GroupConfig { object_id: GROUP, name: "Heads".to_owned(), members: vec![account(5)] }],
        assignments: (1..).zip(PEOPLE).map(|(person, value)| (account(person), INTRANET, value.to_owned())).collect(),
    };
    // Small pages, so that there are several.
    let settings = Settings { page_size: Some(2), ..Settings::default() };
    Config { directory: Some(directory), settings, ..Config::new(vec![tenant]) }
}
