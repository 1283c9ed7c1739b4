//! What the tests share: a simulator with one or two tenants, and a client that signs in like ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use leitwarte_graph_simulator::{
    AppConfig, Clock, Config, READ_LICENCES, READ_ORGANIZATION, RegisteredCertificate, SEND_MAIL, Settings, Simulator,
    SiteConfig, Stock, TenantConfig, rsa_certificate,
};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const CONTOSO: Uuid = Uuid::from_u128(0x11);
pub(crate) const FABRIKAM: Uuid = Uuid::from_u128(0x22);
pub(crate) const CLIENT: Uuid = Uuid::from_u128(0x33);
/// An app that may sign in and has no permission.
pub(crate) const POWERLESS: Uuid = Uuid::from_u128(0x44);
/// An app that may read subscriptions.
pub(crate) const READER: Uuid = Uuid::from_u128(0x66);
/// An app that may send mail.
pub(crate) const MAILER: Uuid = Uuid::from_u128(0x77);
/// An app that may make lists.
pub(crate) const PROVISIONER: Uuid = Uuid::from_u128(0x55);

pub(crate) struct Key {
    pub(crate) secret: EncodingKey,
    pub(crate) certificate: RegisteredCertificate,
}

impl Key {
    /// A key whose certificate counts from and to so many days from now.
    pub(crate) fn valid(from_days: i64, to_days: i64) -> Self {
        let now = Clock::system().now();
        let days = TimeDelta::days;
        Self::read(&rsa_certificate("test", now + days(from_days), now + days(to_days)).expect("a key").pem)
    }

    /// A key with its certificate from a PEM text.
    pub(crate) fn read(pem: &str) -> Self {
        Self {
            secret: EncodingKey::from_rsa_pem(pem.as_bytes()).expect("PKCS #8"),
            certificate: RegisteredCertificate::from_pem(pem).expect("a certificate"),
        }
    }

    pub(crate) fn x5t(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.certificate.sha1)
    }

    pub(crate) fn x5t_s256(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.certificate.sha256)
    }
}

pub(crate) struct Rig {
    pub(crate) simulator: Simulator,
    pub(crate) key: Key,
    pub(crate) http: Client,
    ahead: Arc<AtomicI64>,
}

pub(crate) fn http_client() -> Client {
    Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().expect("a client")
}

pub(crate) fn product(number: u128, enabled: i64, consumed: i64) -> LicenceStock {
    LicenceStock {
        sku_id: Uuid::from_u128(number),
        part_number: format!("PRODUCT_{number}"),
        applies_to: AppliesTo::User,
        capability_status: CapabilityStatus::Enabled,
        enabled,
        warning: 0,
        suspended: 0,
        locked_out: 0,
        consumed,
    }
}

impl Rig {
    /// Contoso with five products and Fabrikam with one, which the same app and key may read.
    pub(crate) async fn start(settings: Settings) -> Self {
        Self::with_sites(settings, Vec::new()).await
    }

    /// The same with SharePoint sites.
    pub(crate) async fn with_sites(settings: Settings, sites: Vec<SiteConfig>) -> Self {
        let key = Key::valid(-1, 30);
        let app = |client_id, roles: &[&str]| AppConfig {
            client_id,
            certificates: vec![Arc::new(key.certificate.clone())],
            roles: roles.iter().map(ToString::to_string).collect(),
        };
        let tenant = |name: &str, tenant_id, products: u128| TenantConfig {
            key: name.to_owned(),
            tenant_id,
            name: name.to_owned(),
            apps: vec![
                app(CLIENT, &[READ_LICENCES, "Sites.Selected"]),
                app(POWERLESS, &[]),
                app(READER, &[READ_ORGANIZATION]),
                app(MAILER, &[SEND_MAIL]),
                app(PROVISIONER, &["Sites.Manage.All"]),
            ],
            stock: Stock::Fixed((1..=products).map(|number| product(number, 10, 7)).collect()),
        };
        let ahead = Arc::new(AtomicI64::new(0));
        let (system, shift) = (Clock::system(), Arc::clone(&ahead));
        let clock = Clock::of(move || system.now() + TimeDelta::seconds(shift.load(Ordering::Relaxed)));
        let tenants = vec![tenant("contoso", CONTOSO, 5), tenant("fabrikam", FABRIKAM, 1)];
        let config = Config { settings, sites, clock, ..Config::new(tenants) };
        let simulator = Simulator::start(config).await.expect("a free port");
        Self { simulator, key, http: http_client(), ahead }
    }

    /// Lets the simulator's clock run ahead.
    pub(crate) fn pass(&self, time: TimeDelta) {
        self.ahead.fetch_add(time.num_seconds(), Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        Clock::system().now() + TimeDelta::seconds(self.ahead.load(Ordering::Relaxed))
    }

    pub(crate) fn token_url(&self, tenant: Uuid) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.simulator.base_url())
    }

    /// Header and claims of a good PS256 assertion.
    pub(crate) fn good(&self, tenant: Uuid) -> (Header, Value) {
        let header = Header { x5t_s256: Some(self.key.x5t_s256()), ..Header::new(Algorithm::PS256) };
        let now = self.now().timestamp();
        let claims = json!({
            "aud": self.token_url(tenant), "iss": CLIENT, "sub": CLIENT, "jti": random_id(),
            "nbf": now, "iat": now, "exp": now + 600,
        });
        (header, claims)
    }

    /// A good assertion after a change to it.
    pub(crate) fn assertion(&self, change: impl FnOnce(&mut Header, &mut Value)) -> String {
        let (mut header, mut claims) = self.good(CONTOSO);
        change(&mut header, &mut claims);
        jsonwebtoken::encode(&header, &claims, &self.key.secret).expect("signed")
    }

    pub(crate) async fn post_token(&self, tenant: Uuid, client: Uuid, assertion: &str) -> Response {
        let form = sign_in_form(self.simulator.base_url(), client, assertion);
        self.http.post(self.token_url(tenant)).form(&form).send().await.expect("an answer")
    }

    /// Signs in to Contoso with an assertion: `Ok` the token answer, `Err` the AADSTS code.
    pub(crate) async fn sign_in(&self, assertion: &str) -> Result<Value, u64> {
        let response = self.post_token(CONTOSO, CLIENT, assertion).await;
        let body: Value = response.json().await.expect("JSON");
        match body["error_codes"][0].as_u64() {
            None => Ok(body),
            Some(code) => Err(code),
        }
    }

    /// A Graph token for an app in a tenant.
    pub(crate) async fn token(&self, tenant: Uuid, client: Uuid) -> String {
        let (header, mut claims) = self.good(tenant);
        claims["iss"] = json!(client);
        claims["sub"] = json!(client);
        let assertion = jsonwebtoken::encode(&header, &claims, &self.key.secret).expect("signed");
        let body: Value = self.post_token(tenant, client, &assertion).await.json().await.expect("JSON");
        body["access_token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn get(&self, path_and_query: &str, token: &str) -> Response {
        let url = format!("{}{path_and_query}", self.simulator.base_url());
        self.http.get(url).bearer_auth(token).send().await.expect("an answer")
    }

    /// `subscribedSkus` of Contoso with a new token.
    pub(crate) async fn skus(&self) -> reqwest::Result<Response> {
        let token = self.token(CONTOSO, CLIENT).await;
        let url = format!("{}/v1.0/subscribedSkus", self.simulator.base_url());
        self.http.get(url).bearer_auth(token).send().await
    }
}

/// Status and Graph's error code.
pub(crate) async fn graph_error(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("JSON");
    (status, body["error"]["code"].as_str().expect("Graph's error shape").to_owned())
}

pub(crate) fn random_id() -> Uuid {
    Uuid::from_u128(rand::random())
}

/// What an app posts to the token endpoint of the Entra at `base`.
pub(crate) fn sign_in_form(base: &str, client: Uuid, assertion: &str) -> [(&'static str, String); 5] {
    [
        ("client_id", client.to_string()),
        ("scope", format!("{base}/.default")),
        ("grant_type", "client_credentials".to_owned()),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned()),
        ("client_assertion", assertion.to_owned()),
    ]
}

/// A good assertion for a tenant and client.
pub(crate) fn assertion_for(base: &str, (tenant, client): (Uuid, Uuid), key: &Key) -> String {
    let header = Header { x5t_s256: Some(key.x5t_s256()), ..Header::new(Algorithm::PS256) };
    let now = Clock::system().now().timestamp();
    let claims = json!({
        "aud": format!("{base}/{tenant}/oauth2/v2.0/token"), "iss": client, "sub": client, "jti": random_id(),
        "nbf": now, "iat": now, "exp": now + 600,
    });
    jsonwebtoken::encode(&header, &claims, &key.secret).expect("signed")
}
