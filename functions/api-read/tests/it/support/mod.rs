//! The function with a real database, a real template and a sign-in host of its own.

use std::sync::LazyLock;

use api_read::Deps;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_core::profile::FoundProfile;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use leitwarte_core::{DateTime, TimeDelta, Utc, Uuid};
use leitwarte_gateway::RouteTable;
use leitwarte_runtime::Config;
use leitwarte_store::{Account, ClaimOne, PollResult, SignIn, SignedIn, Store};
use leitwarte_template::Template;
use leitwarte_web::permission::Role;
use leitwarte_web::session::SessionId;
use leitwarte_web::testing::{self, Authority, KEY, sign};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// The time of every test.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// The template of the project.
pub(crate) static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    Template::load(path.as_ref()).unwrap()
});

/// The gateway's own table of the template's routes.
static ROUTES: LazyLock<RouteTable> = LazyLock::new(|| RouteTable::new(&TEMPLATE));

/// The function and all it needs.
pub(crate) struct World {
    pub(crate) deps: Deps,
    pub(crate) authority: Authority,
    config: Config,
    folder: tempfile::TempDir,
}

/// An answer as the gateway would pass it on.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: i64,
    pub(crate) headers: HeaderMap,
    /// `Set-Cookie`, each.
    pub(crate) cookies: Vec<String>,
    pub(crate) body: Vec<u8>,
    /// The whole answer as Lambda carries it.
    pub(crate) payload_bytes: usize,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The slug of a problem.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        self.json()["type"].as_str().unwrap().trim_start_matches("/problems/").to_owned()
    }
}

impl World {
    /// No database yet.
    pub(crate) async fn without_database() -> Self {
        let authority = Authority::start().await;
        let folder = tempfile::tempdir().unwrap();
        authority.write_profile(folder.path());
        let database = format!("sqlite://{}/leitwarte.db", folder.path().display());
        let hosts = authority.extra_hosts();
        let profiles = folder.path().to_str().unwrap().to_owned();
        let config = Config::from_lookup(|name| match name {
            "PROFILES_DIR" => Some(profiles.clone()),
            "DATABASE_URL" => Some(database.clone()),
            "GRAPH_EXTRA_HOSTS" => Some(hosts.clone()),
            _ => None,
        });
        let config = config.unwrap();
        Self { deps: Deps::open(&config, now).await.unwrap(), authority, config, folder }
    }

    /// A database in which nothing was polled yet.
    pub(crate) async fn new() -> Self {
        let world = Self::without_database().await;
        world.writer().await;
        world
    }

    /// The database as poll-tenant opens it.
    pub(crate) async fn writer(&self) -> Store {
        let database_url = self.config.database_url.clone();
        let config = leitwarte_store::Config { database_url, read_only: false, max_connections: 2 };
        Store::open(&config).await.unwrap()
    }

    /// Damages the database so that no program can read it.
    pub(crate) fn damage_database(&self) {
        std::fs::write(self.folder.path().join("leitwarte.db"), "no database at all\n".repeat(1000)).unwrap();
    }

    /// Writes a file among the profiles.
    pub(crate) fn write_profile(&self, name: &str, text: &str) {
        let file = self.folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Takes the sign-in profile away.
    pub(crate) fn remove_sign_in_profile(&self) {
        std::fs::remove_dir_all(self.folder.path().join("auth")).unwrap();
    }

    /// A token with these changes to the claims of a person without a role.
    pub(crate) fn token(&self, changes: &Value) -> String {
        sign(&testing::with(self.authority.person(now()), changes), &KEY)
    }

    /// Asks as the gateway does, which decodes the path and then matches the template's routes.
    pub(crate) async fn ask(&self, method: Method, address: &str, headers: &[(&str, &str)]) -> Reply {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let path = percent_decode_str(path).decode_utf8().unwrap();
        let matched = ROUTES.find(method.as_str(), &path).unwrap();
        let mut request = ApiGatewayV2httpRequest::default();
        request.raw_path = Some(path.to_string());
        request.raw_query_string = Some(query.to_owned());
        request.route_key = Some(matched.key.to_owned());
        request.path_parameters =
            matched.parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        request.request_context.http.method = method;
        request.request_context.request_id = Some("request-1".to_owned());
        for (name, value) in headers {
            request.headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        // Through JSON both ways, as on the wire.
        let request = serde_json::from_value(serde_json::to_value(&request).unwrap()).unwrap();
        let response = api_read::handle(&self.deps, request).await;
        let wire = serde_json::to_vec(&response).unwrap();
        let body = match response.body {
            None => Vec::new(),
            Some(body) => body.to_vec(),
        };
        let (headers, cookies) = (response.headers, response.cookies);
        Reply { status: response.status_code, headers, cookies, body, payload_bytes: wire.len() }
    }

    /// Asks as a person of the home tenant without a role.
    pub(crate) async fn get(&self, address: &str) -> Reply {
        self.get_with(address, &[]).await
    }

    pub(crate) async fn get_with(&self, address: &str, headers: &[(&str, &str)]) -> Reply {
        let bearer = format!("Bearer {}", self.token(&json!({})));
        let headers: Vec<_> = [("authorization", bearer.as_str())].into_iter().chain(headers.iter().copied()).collect();
        self.ask(Method::GET, address, &headers).await
    }
}

impl World {
    /// Begins a session of the person of this name with these rights, as sign-in does.
    pub(crate) async fn session(&self, name: &str, rights: &[Role], at: DateTime<Utc>) -> SessionId {
        let seed = name.bytes().fold(1_u128, |seed, byte| seed * 251 + u128::from(byte));
        let id = SessionId::new(
            [seed.to_be_bytes(), at.timestamp().to_be_bytes().repeat(2).try_into().unwrap()]
                .concat()
                .try_into()
                .unwrap(),
        );
        let account = Account {
            tenant_id: testing::TENANT.parse().unwrap(),
            object_id: Uuid::from_u128(seed),
            user_name: format!("{name}@contoso.example"),
            name: name.to_owned(),
        };
        let (rights, table) = (rights.iter().copied().collect(), RoleTable::default());
        let (id_hash, attempt) = (id.hash(), id.cookie_value());
        let sign_in = SignIn {
            account,
            claims: &[],
            issued_at: at,
            table: &table,
            rights: &rights,
            id_hash: &id_hash,
            attempt: &attempt,
            replaces: None,
        };
        let done = self.writer().await.sign_in(&sign_in, at).await.unwrap();
        assert!(matches!(done, SignedIn::Done { .. }), "{done:?}");
        id
    }

    /// Asks with the cookie of a session.
    pub(crate) async fn ask_with_session(&self, method: Method, address: &str, session: &SessionId) -> Reply {
        let cookie = format!("leitwarte={}", session.cookie_value());
        self.ask(method, address, &[("cookie", &cookie)]).await
    }
}

/// The stock of one product.
pub(crate) fn stock(sku_id: Uuid, part_number: &str, enabled: i64, consumed: i64) -> LicenceStock {
    LicenceStock {
        sku_id,
        part_number: part_number.to_owned(),
        applies_to: AppliesTo::User,
        capability_status: CapabilityStatus::Enabled,
        enabled,
        warning: 0,
        suspended: 0,
        locked_out: 0,
        consumed,
    }
}

/// A tenant's profile.
pub(crate) fn profile(key: &str, tenant_name: &str) -> FoundProfile {
    let tenant_id = Uuid::from_u128(key.bytes().fold(1, |id, byte| id * 251 + u128::from(byte)));
    let profile = json!({
        "tenant_id": tenant_id, "tenant_name": tenant_name, "client_id": Uuid::from_u128(7),
        "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678", "cert_path": "certs/cert.pem",
        "expires": "2030-01-01"
    });
    FoundProfile::read(key, &profile.to_string())
}

pub(crate) fn failure() -> PollFailure {
    PollFailure {
        kind: FailureKind::SignIn,
        message: "Entra refused the sign-in of northwind.".to_owned(),
        fix: "Upload the certificate.".to_owned(),
    }
}

/// Records one poll of each tenant, as poll-tenant does.
pub(crate) async fn record(
    store: &Store,
    at: DateTime<Utc>,
    polls: Vec<(&str, Result<Vec<LicenceStock>, PollFailure>)>,
) {
    let mut results = Vec::new();
    for (key, stock) in polls {
        let ClaimOne::Claimed(claim) = store.claim_one(key, at, TimeDelta::minutes(1)).await.unwrap() else {
            panic!("cannot claim {key}")
        };
        let certificate_ends_at = stock.is_ok().then(|| at + TimeDelta::days(90));
        results.push(PollResult {
            claim,
            started_at: at,
            finished_at: at,
            stock,
            requests: 2,
            retries: 0,
            certificate_ends_at,
        });
    }
    store.record_polls(&results).await.unwrap();
}

/// `SPE_E3` and `POWER_BI_STANDARD`, known to the catalogue; the second is free of charge.
pub(crate) const E3: Uuid = Uuid::from_u128(0x05e9_a617_0261_4cee_bb44_138d_3ef5_d965);
pub(crate) const POWER_BI_FREE: Uuid = Uuid::from_u128(0xa403_ebcc_fae0_4ca2_8c8c_7a90_7fd6_c235);

impl World {
    /// Four tenants of different character, polled a minute ago.
    pub(crate) async fn with_tenants() -> Self {
        let world = Self::new().await;
        let store = world.writer().await;
        let profiles = vec![
            profile("contoso", "Contoso Zürich AG"),
            profile("fabrikam", "fabrikam"),
            profile("northwind", "northwind"),
            profile("tailspin", "Tailspin/Toys 100%"),
        ];
        store.register_profiles(profiles, now()).await.unwrap();
        let polled_at = now() - TimeDelta::minutes(1);
        let polls = vec![
            ("contoso", Ok(vec![stock(E3, "SPE_E3", 50, 53), stock(POWER_BI_FREE, "POWER_BI_STANDARD", 1_000_000, 4)])),
            ("fabrikam", Ok(vec![stock(E3, "SPE_E3", 100, 20)])),
            ("northwind", Err(failure())),
        ];
        record(&store, polled_at, polls).await;
        store.finish_tick(polled_at).await.unwrap();
        world
    }
}
