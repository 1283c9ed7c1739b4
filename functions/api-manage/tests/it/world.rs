//! What the tests share.

#[allow(dead_code, reason = "shared with tests that use all of it")]
use std::collections::BTreeSet;
use std::sync::LazyLock;

use api_manage::Deps;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use leitwarte_core::profile::FoundProfile;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use leitwarte_core::{DateTime, TimeDelta, Utc, Uuid};
use leitwarte_gateway::RouteTable;
use leitwarte_runtime::{Config, clock};
use leitwarte_store::{Account, ClaimOne, PollResult, SignIn, Store};
use leitwarte_template::Template;
use leitwarte_web::permission::Role;
use leitwarte_web::session::SessionId;
use leitwarte_web::testing::{self, Authority, KEY, sign};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// The time of every test of this process: near the machine's own, by which the stand-in for Graph judges signatures.
static NOW: LazyLock<DateTime<Utc>> = LazyLock::new(|| DateTime::from_timestamp(clock::now().timestamp(), 0).unwrap());

pub(crate) fn now() -> DateTime<Utc> {
    *NOW
}

/// The address of the pages.
pub(crate) const SITE: &str = "https://leitwarte.contoso.example";

/// The template of the project.
pub(crate) static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    Template::load(path.as_ref()).unwrap()
});

static ROUTES: LazyLock<RouteTable> = LazyLock::new(|| RouteTable::new(&TEMPLATE));

/// The product of these tests.
pub(crate) const E3: Uuid = Uuid::from_u128(0x05e9_a617_0261_4cee_bb44_138d_3ef5_d965);

/// The function and all it needs.
pub(crate) struct World {
    pub(crate) deps: Deps,
    pub(crate) authority: Authority,
    pub(crate) store: Store,
    /// The host of the functions: takes every event for `poll-tenant` and `role-sync`.
    pub(crate) host: MockServer,
    pub(crate) folder: tempfile::TempDir,
}

/// An answer as the gateway would pass it on.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: i64,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
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
    /// Two tenants, of which `contoso` has a shortage (incident 1).
    pub(crate) async fn new() -> Self {
        Self::with_graph(None).await
    }

    /// The same, with a stand-in for Graph at this `host:port` allowed.
    pub(crate) async fn with_graph(graph: Option<&str>) -> Self {
        let authority = Authority::start().await;
        let folder = tempfile::tempdir().unwrap();
        authority.write_profile(folder.path());
        let host = MockServer::start().await;
        Mock::given(method("POST"))
            .and(path_regex("^/2015-03-31/functions/(poll-tenant|role-sync)/invocations$"))
            .and(header("x-amz-invocation-type", "Event"))
            .respond_with(ResponseTemplate::new(202))
            .mount(&host)
            .await;
        let database = format!("sqlite://{}/leitwarte.db", folder.path().display());
        let profiles = folder.path().to_str().unwrap().to_owned();
        let hosts = [Some(authority.extra_hosts()), graph.map(str::to_owned)].into_iter().flatten().collect::<Vec<_>>();
        let (hosts, target) = (hosts.join(" "), host.address().to_string());
        let config = Config::from_lookup(|name| match name {
            "PROFILES_DIR" | "DATA_DIR" => Some(profiles.clone()),
            "DATABASE_URL" => Some(database.clone()),
            "GRAPH_EXTRA_HOSTS" => Some(hosts.clone()),
            "INVOKE_ADDR" => Some(target.clone()),
            "PUBLIC_URL" => Some(SITE.to_owned()),
            _ => None,
        });
        let deps = Deps::open(&config.unwrap(), now, clock::new_id).await.unwrap();
        let store = leitwarte_store::Config { database_url: database, read_only: false, max_connections: 2 };
        let store = Store::open(&store).await.unwrap();
        let world = Self { deps, authority, store, host, folder };
        world.register().await;
        world
    }

    async fn register(&self) {
        let profiles = vec![profile("contoso", "Contoso Zürich AG"), profile("fabrikam", "fabrikam")];
        self.store.register_profiles(profiles, now()).await.unwrap();
        self.record("contoso", vec![stock(50, 53)]).await;
        self.record("fabrikam", vec![stock(50, 3)]).await;
    }

    /// Records a poll of a tenant, as poll-tenant did a minute ago.
    pub(crate) async fn record(&self, key: &str, stock: Vec<LicenceStock>) {
        let at = now() - TimeDelta::minutes(1);
        let ClaimOne::Claimed(claim) = self.store.claim_one(key, at, TimeDelta::minutes(1)).await.unwrap() else {
            panic!("cannot claim {key}")
        };
        let result = PollResult {
            claim,
            started_at: at,
            finished_at: at,
            stock: Ok(stock),
            requests: 2,
            retries: 0,
            certificate_ends_at: None,
        };
        self.store.record_polls(&[result]).await.unwrap();
    }

    /// A token with these changes to the claims of a person without a role.
    pub(crate) fn token(&self, changes: &Value) -> String {
        sign(&testing::with(self.authority.person(now()), changes), &KEY)
    }

    /// A session of a person with these rights: the cookie's header and the token that proves a page of ours.
    pub(crate) async fn session(&self, rights: &[Role]) -> (String, String) {
        let id = SessionId::new([7; 32]);
        let (id_hash, rights): (_, BTreeSet<Role>) = (id.hash(), rights.iter().copied().collect());
        let account = Account {
            tenant_id: testing::TENANT.parse().unwrap(),
            object_id: Uuid::from_u128(5),
            user_name: "ada@contoso.example".to_owned(),
            name: "Ada Muster".to_owned(),
        };
        let table = RoleTable::shipped();
        let sign_in = SignIn {
            account,
            claims: &[],
            issued_at: now(),
            table: &table,
            rights: &rights,
            id_hash: &id_hash,
            attempt: "attempt",
            replaces: None,
        };
        self.store.sign_in(&sign_in, now()).await.unwrap();
        (format!("__Host-leitwarte={}", id.cookie_value()), id.csrf_token())
    }

    /// Asks as the gateway does, which decodes the path and then matches the template's routes.
    pub(crate) async fn ask(&self, method: Method, address: &str, headers: &[(&str, &str)], body: &str) -> Reply {
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
        request.body = Some(body.to_owned()).filter(|body| !body.is_empty());
        for (name, value) in headers {
            if *name == "cookie" {
                request.cookies.get_or_insert_default().push((*value).to_owned());
            }
            request.headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        // Through JSON both ways, as on the wire.
        let request = serde_json::from_value(serde_json::to_value(&request).unwrap()).unwrap();
        let response = api_manage::handle(&self.deps, request).await;
        let body = response.body.map(|body| body.to_vec()).unwrap_or_default();
        Reply { status: response.status_code, headers: response.headers, body }
    }

    /// Sends JSON as a person with all rights, with further headers.
    pub(crate) async fn send(&self, method: Method, address: &str, if_match: Option<&str>, body: &Value) -> Reply {
        let bearer = format!("Bearer {}", self.token(&json!({ "roles": ["Admin"], "name": "Ada Muster" })));
        let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        headers.extend(if_match.map(|tag| ("if-match", tag)));
        self.ask(method, address, &headers, &body.to_string()).await
    }

    /// Who did what about this, the newest first.
    pub(crate) async fn log(&self, subject: &str) -> Vec<(String, String)> {
        let entries = self.store.audit_log(None, Some(subject), 100).await.unwrap();
        entries.into_iter().map(|entry| (entry.who, entry.action)).collect()
    }

    /// The events that were sent to `poll-tenant`.
    pub(crate) async fn events(&self) -> Vec<Value> {
        let requests = self.host.received_requests().await.unwrap();
        requests.iter().map(|request| request.body_json().unwrap()).collect()
    }
}

/// `SPE_E3` with so many usable and assigned licences.
pub(crate) fn stock(enabled: i64, consumed: i64) -> LicenceStock {
    LicenceStock {
        sku_id: E3,
        part_number: "SPE_E3".to_owned(),
        applies_to: AppliesTo::User,
        capability_status: CapabilityStatus::Enabled,
        enabled,
        warning: 0,
        suspended: 0,
        locked_out: 0,
        consumed,
    }
}

fn profile(key: &str, tenant_name: &str) -> FoundProfile {
    let tenant_id = Uuid::from_u128(key.bytes().fold(1, |id, byte| id * 251 + u128::from(byte)));
    let profile = json!({
        "tenant_id": tenant_id, "tenant_name": tenant_name, "client_id": Uuid::from_u128(7),
        "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678", "cert_path": "certs/cert.pem",
        "expires": "2030-01-01"
    });
    FoundProfile::read(key, &profile.to_string())
}
