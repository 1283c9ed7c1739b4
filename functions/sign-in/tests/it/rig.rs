//! The function with a real database and a browser that keeps cookies.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use leitwarte_core::{DateTime, TimeDelta, Utc};
use leitwarte_gateway::RouteTable;
use leitwarte_runtime::{Config, clock};
use leitwarte_store::{Content, Store, TABLES};
use leitwarte_template::Template;
use serde_json::{Value, json};
use sign_in::{Deps, Sources};
use url::Url;

use crate::provider::{CLIENT, KEY, Provider, SECRET, TENANT, sign, with};

/// Where people reach Leitwarte in these tests.
pub(crate) const HERE: &str = "https://leitwarte.contoso.example";

/// The name of the session's cookie there.
pub(crate) const SESSION: &str = "__Host-leitwarte";

/// The time of every test but those with a simulator.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// The gateway's own table of the template's routes.
static ROUTES: LazyLock<RouteTable> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    RouteTable::new(&Template::load(path.as_ref()).unwrap())
});

/// What time and chance are in these tests.
pub(crate) const FIXED: Sources = Sources { clock: now, new_id: clock::new_id, random: clock::random };

/// An answer as the gateway would pass it on.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: i64,
    pub(crate) headers: HeaderMap,
    pub(crate) cookies: Vec<String>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, 303, "{self:?}");
        self.header("location")
    }

    /// The reason of the problem page this leads to.
    pub(crate) fn problem(&self) -> &str {
        let reason = self.location().strip_prefix("/sign-in-problem?reason=");
        reason.unwrap_or_else(|| panic!("no problem, but {}", self.location()))
    }

    pub(crate) fn query(&self, name: &str) -> String {
        let url = Url::parse(self.location()).unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }
}

/// A browser: cookies by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Browser(pub(crate) BTreeMap<String, String>);

impl Browser {
    /// Does what an answer's cookies say.
    pub(crate) fn take(&mut self, reply: &Reply) {
        for line in &reply.cookies {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(crate) fn session(&self) -> Option<&String> {
        self.0.get(SESSION)
    }

    /// The cookies of sign-ins under way.
    pub(crate) fn attempts(&self) -> Vec<String> {
        self.0.keys().filter(|name| name.contains("sign-in")).cloned().collect()
    }
}

/// The function and what it needs.
pub(crate) struct World {
    pub(crate) deps: Deps,
    pub(crate) provider: Provider,
    pub(crate) config: Config,
    pub(crate) folder: tempfile::TempDir,
}

/// The settings of a function with its files in `folder`.
pub(crate) fn config(folder: &std::path::Path, hosts: &str, public_url: &str) -> Config {
    let text = folder.to_str().unwrap().to_owned();
    Config::from_lookup(|name| match name {
        "PROFILES_DIR" => Some(text.clone()),
        "DATABASE_URL" => Some(format!("sqlite://{text}/leitwarte.db")),
        "GRAPH_EXTRA_HOSTS" => Some(hosts.to_owned()),
        "PUBLIC_URL" => Some(public_url.to_owned()),
        _ => None,
    })
    .unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        let provider = Provider::start().await;
        let folder = tempfile::tempdir().unwrap();
        let hosts = provider.address().replace("http://", "");
        let config = config(folder.path(), &hosts, HERE);
        let deps = Deps::open(&config, FIXED).await.unwrap();
        let world = Self { deps, provider, config, folder };
        world.write_profile(&json!({ "client_secret": SECRET }));
        world
    }

    /// Another host with the same settings, or one whose clock differs.
    pub(crate) async fn another_host(&self, clock: fn() -> DateTime<Utc>) -> Deps {
        Deps::open(&self.config, Sources { clock, ..FIXED }).await.unwrap()
    }

    pub(crate) fn write_profile(&self, extra: &Value) {
        use std::os::unix::fs::PermissionsExt;
        let folder = self.folder.path().join("auth");
        std::fs::create_dir_all(&folder).unwrap();
        let profile = json!({ "tenant_id": TENANT, "client_id": CLIENT, "authority_host": self.provider.address() });
        let file = folder.join("auth-test-profile.json");
        std::fs::write(&file, with(profile, extra).to_string()).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) async fn store(&self) -> Store {
        let database_url = self.config.database_url.clone();
        let config = leitwarte_store::Config { database_url, read_only: true, max_connections: 1 };
        Store::open(&config).await.unwrap()
    }

    /// Rows and a sum of every table.
    pub(crate) async fn contents(&self) -> Vec<Content> {
        let store = self.store().await;
        let contents = store.database().contents(&TABLES).await.unwrap();
        store.close().await;
        contents
    }

    /// How many sessions there are.
    /// From now on the database ends no session.
    pub(crate) async fn refuse_to_end_sessions(&self) {
        let url = self.config.database_url.clone();
        let store = leitwarte_store::Config { database_url: url, read_only: false, max_connections: 1 };
        let store = leitwarte_store::Store::open(&store).await.unwrap();
        let refuse =
            "CREATE TRIGGER refuse BEFORE DELETE ON sessions BEGIN SELECT RAISE(ABORT, 'refused by the test'); END";
        sqlx::query(refuse).execute(store.database().pool()).await.unwrap();
    }

    pub(crate) async fn sessions(&self) -> u64 {
        self.contents().await.iter().find(|content| content.table == "sessions").unwrap().rows
    }

    /// Begins a sign-in: the browser has its cookie, and the reply leads to the sign-in host.
    pub(crate) async fn login(&self, browser: &mut Browser) -> Reply {
        let reply = get(&self.deps, "/api/v1/auth/login?return=%2Flicences", browser).await;
        assert!(reply.location().starts_with(&self.provider.address()), "{reply:?}");
        reply
    }

    /// Signs a person in whose token has these changes. The reply is the callback's.
    pub(crate) async fn sign_in_with(&self, browser: &mut Browser, changes: &Value) -> Reply {
        let login = self.login(browser).await;
        let claims = with(self.provider.person(&login.query("nonce"), now()), changes);
        self.provider.answer_token(sign(&claims, &KEY));
        self.come_back(browser, &login).await
    }

    /// Comes back with the right state and some code.
    pub(crate) async fn come_back(&self, browser: &mut Browser, login: &Reply) -> Reply {
        let address = format!("/api/v1/auth/callback?code=abc&state={}", login.query("state"));
        get(&self.deps, &address, browser).await
    }
}

/// A browser gets an address and keeps the cookies it is given.
pub(crate) async fn get(deps: &Deps, address: &str, browser: &mut Browser) -> Reply {
    let reply = ask(deps, Method::GET, address, browser, &[], "").await;
    browser.take(&reply);
    reply
}

/// Asks as the gateway does.
pub(crate) async fn ask(
    deps: &Deps,
    method: Method,
    address: &str,
    browser: &Browser,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let matched = ROUTES.find(method.as_str(), path).unwrap();
    let mut request = ApiGatewayV2httpRequest::default();
    request.raw_path = Some(path.to_owned());
    request.raw_query_string = Some(query.to_owned());
    request.route_key = Some(matched.key.to_owned());
    request.cookies = Some(browser.0.iter().map(|(name, value)| format!("{name}={value}")).collect());
    request.request_context.http.method = method;
    request.body = (!body.is_empty()).then(|| body.to_owned());
    for (name, value) in headers {
        request.headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    }
    let request = serde_json::from_value(serde_json::to_value(&request).unwrap()).unwrap();
    let response = sign_in::handle(deps, request).await;
    let body = response.body.map(|body| String::from_utf8(body.to_vec()).unwrap()).unwrap_or_default();
    Reply { status: response.status_code, headers: response.headers, cookies: response.cookies, body }
}

/// Minutes before [`now`], for another host's clock.
pub(crate) fn eleven_minutes_ago() -> DateTime<Utc> {
    now() - TimeDelta::minutes(11)
}
