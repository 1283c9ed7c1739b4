//! For tests: a sign-in host that makes keys, publishes them as Entra does, signs tokens, and counts who asks.

#![allow(clippy::missing_panics_doc, clippy::must_use_candidate, reason = "a test that cannot go on panics")]

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use leitwarte_core::{DateTime, Utc};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// The home tenant.
pub const TENANT: &str = "8c2b7e0e-54a1-4f5a-9d53-0d7c6d1f6a01";
/// Our application there.
pub const CLIENT: &str = "0b9f1b3c-2c67-4a3e-8c1e-5f2b7a9d4e02";
/// Somebody else's tenant.
pub const FOREIGN_TENANT: &str = "44444444-5a5a-4f5a-9d53-0d7c6d1f6a44";

/// A signing key with its id.
pub struct Key {
    /// Its id.
    pub kid: &'static str,
    /// PKCS #8.
    pub pem: String,
}

impl Key {
    /// A new one.
    ///
    /// # Panics
    /// If the machine has no randomness.
    #[must_use]
    pub fn new(kid: &'static str) -> Self {
        let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        Self { kid, pem: pair.serialize_pem() }
    }

    /// For signing.
    pub fn encoding(&self) -> EncodingKey {
        EncodingKey::from_rsa_pem(self.pem.as_bytes()).unwrap()
    }

    /// As Entra publishes it.
    pub fn published(&self) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.encoding(), Algorithm::RS256).unwrap()).unwrap();
        jwk["kid"] = self.kid.into();
        jwk["use"] = "sig".into();
        jwk.as_object_mut().unwrap().remove("alg");
        jwk
    }
}

/// The first key.
pub static KEY: LazyLock<Key> = LazyLock::new(|| Key::new("key-1"));
/// The key after a rotation.
pub static NEXT_KEY: LazyLock<Key> = LazyLock::new(|| Key::new("key-2"));

/// What the sign-in host answers.
pub type Respond = Box<dyn Fn() -> ResponseTemplate + Send + Sync>;

/// The sign-in host.
pub struct Authority {
    server: MockServer,
    respond: Arc<Mutex<Respond>>,
}

impl Authority {
    /// Starts one that publishes [`KEY`].
    pub async fn start() -> Self {
        let authority = Self { server: MockServer::start().await, respond: Arc::new(Mutex::new(published(&[&KEY]))) };
        let respond = Arc::clone(&authority.respond);
        Mock::given(method("GET"))
            .and(path(format!("/{TENANT}/discovery/v2.0/keys")))
            .respond_with(move |_: &Request| respond.lock().unwrap()())
            .mount(&authority.server)
            .await;
        authority
    }

    /// Changes what it answers.
    pub fn answer(&self, respond: Respond) {
        *self.respond.lock().unwrap() = respond;
    }

    /// How often it was asked.
    pub async fn asked(&self) -> usize {
        self.server.received_requests().await.unwrap().len()
    }

    /// Its base address.
    pub fn address(&self) -> String {
        self.server.uri()
    }

    /// `GRAPH_EXTRA_HOSTS` that allows it.
    pub fn extra_hosts(&self) -> String {
        self.server.address().to_string()
    }

    /// Writes the sign-in profile for it.
    pub fn write_profile(&self, profiles_dir: &Path) {
        let folder = profiles_dir.join("auth");
        std::fs::create_dir_all(&folder).unwrap();
        let profile = json!({ "tenant_id": TENANT, "client_id": CLIENT, "authority_host": self.address() });
        std::fs::write(folder.join("auth-test-profile.json"), profile.to_string()).unwrap();
    }

    /// The claims of a person of the home tenant without a role, valid around `now`.
    pub fn person(&self, now: DateTime<Utc>) -> Value {
        json!({
            "aud": CLIENT,
            "iss": format!("{}/{TENANT}/v2.0", self.address()),
            "iat": now.timestamp() - 10,
            "nbf": now.timestamp() - 10,
            "exp": now.timestamp() + 3600,
            "oid": "11111111-0000-4000-8000-000000000001",
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "tid": TENANT,
            "scp": "access_as_user",
            "ver": "2.0"
        })
    }

    /// The claims of a program without a role.
    pub fn program(&self, now: DateTime<Utc>) -> Value {
        let id = "22222222-0000-4000-8000-000000000002";
        with(self.person(now), &json!({ "scp": null, "oid": id, "sub": id, "idtyp": "app" }))
    }
}

/// An answer with these keys.
pub fn published(keys: &[&Key]) -> Respond {
    let document = json!({ "keys": keys.iter().map(|key| key.published()).collect::<Vec<_>>() });
    Box::new(move || ResponseTemplate::new(200).set_body_json(&document))
}

/// Claims changed; a `null` takes a claim away.
pub fn with(mut claims: Value, changes: &Value) -> Value {
    let claims_object = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims_object.remove(name),
            value => claims_object.insert(name.clone(), value.clone()),
        };
    }
    claims
}

/// A token as Entra signs it.
pub fn sign(claims: &Value, key: &Key) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(key.kid.to_owned());
    jsonwebtoken::encode(&header, claims, &key.encoding()).unwrap()
}

/// Who may ask a function, by name, with the bearer token that each sends: the columns of its table of rights. The last one
/// is a program with this role.
pub fn callers(authority: &Authority, now: DateTime<Utc>, programs_role: &str) -> [(&'static str, Option<String>); 9] {
    let person = |changes| Some(sign(&with(authority.person(now), &changes), &KEY));
    let program = |changes| Some(sign(&with(authority.program(now), &changes), &KEY));
    let issuer = format!("{}/{FOREIGN_TENANT}/v2.0", authority.address());
    [
        ("anonymous", None),
        ("person without a role", person(json!({}))),
        ("Read", person(json!({ "roles": ["Licences.Read"] }))),
        ("Manage", person(json!({ "roles": ["Licences.Manage"] }))),
        ("Admin", person(json!({ "roles": ["Admin"] }))),
        ("foreign tenant", person(json!({ "tid": FOREIGN_TENANT, "iss": issuer, "roles": ["Admin"] }))),
        ("expired", person(json!({ "exp": now.timestamp() - 3600, "roles": ["Admin"] }))),
        ("program without a role", program(json!({}))),
        ("program with a role", program(json!({ "roles": [programs_role] }))),
    ]
}
