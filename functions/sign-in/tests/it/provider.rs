//! A sign-in host for tests that answers the token endpoint with whatever a test wants.

use std::sync::{Arc, LazyLock, Mutex};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use leitwarte_core::{DateTime, Utc};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// The home tenant.
pub(crate) const TENANT: &str = "8c2b7e0e-54a1-4f5a-9d53-0d7c6d1f6a01";
/// Our application there.
pub(crate) const CLIENT: &str = "0b9f1b3c-2c67-4a3e-8c1e-5f2b7a9d4e02";
/// Its secret.
pub(crate) const SECRET: &str = "a secret of the tests";
/// Somebody else's tenant.
pub(crate) const FOREIGN_TENANT: &str = "44444444-5a5a-4f5a-9d53-0d7c6d1f6a44";

/// A key with its id.
pub(crate) struct Key {
    pub(crate) kid: &'static str,
    pub(crate) pem: String,
}

impl Key {
    fn new(kid: &'static str) -> Self {
        let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        Self { kid, pem: pair.serialize_pem() }
    }

    pub(crate) fn encoding(&self) -> EncodingKey {
        EncodingKey::from_rsa_pem(self.pem.as_bytes()).unwrap()
    }

    pub(crate) fn jwk(&self) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.encoding(), Algorithm::RS256).unwrap()).unwrap();
        jwk["kid"] = self.kid.into();
        jwk["use"] = "sig".into();
        jwk.as_object_mut().unwrap().remove("alg");
        jwk
    }
}

/// The key that signs.
pub(crate) static KEY: LazyLock<Key> = LazyLock::new(|| Key::new("key-1"));
/// Another key that is published.
pub(crate) static SECOND: LazyLock<Key> = LazyLock::new(|| Key::new("key-2"));
/// A key that is not.
pub(crate) static STRANGER: LazyLock<Key> = LazyLock::new(|| Key::new("key-1"));

type Respond = Box<dyn Fn(&Request) -> ResponseTemplate + Send + Sync>;

/// The sign-in host.
pub(crate) struct Provider {
    server: MockServer,
    respond: Arc<Mutex<Respond>>,
    keys: Arc<Mutex<Vec<Value>>>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let server = MockServer::start().await;
        let nothing: Respond = Box::new(|_| ResponseTemplate::new(500));
        let respond = Arc::new(Mutex::new(nothing));
        let keys = Arc::new(Mutex::new(vec![KEY.jwk(), SECOND.jwk()]));
        let base = format!("{}/{TENANT}", server.uri());
        let document = json!({
            "issuer": format!("{base}/v2.0"),
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
            "jwks_uri": format!("{base}/discovery/v2.0/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        let discovery = format!("/{TENANT}/v2.0/.well-known/openid-configuration");
        let discovered = ResponseTemplate::new(200).set_body_json(document);
        Mock::given(method("GET")).and(path(discovery)).respond_with(discovered).mount(&server).await;
        let published = Arc::clone(&keys);
        Mock::given(method("GET"))
            .and(path(format!("/{TENANT}/discovery/v2.0/keys")))
            .respond_with(move |_: &Request| {
                ResponseTemplate::new(200).set_body_json(json!({ "keys": *published.lock().unwrap() }))
            })
            .mount(&server)
            .await;
        let answer = Arc::clone(&respond);
        Mock::given(method("POST"))
            .and(path(format!("/{TENANT}/oauth2/v2.0/token")))
            .respond_with(move |request: &Request| answer.lock().unwrap()(request))
            .mount(&server)
            .await;
        Self { server, respond, keys }
    }

    pub(crate) fn address(&self) -> String {
        self.server.uri()
    }

    /// What the token endpoint answers from now on.
    pub(crate) fn answer(&self, respond: impl Fn(&Request) -> ResponseTemplate + Send + Sync + 'static) {
        *self.respond.lock().unwrap() = Box::new(respond);
    }

    /// Answers with this as ID token.
    pub(crate) fn answer_token(&self, id_token: impl Into<Value>) {
        let id_token: Value = id_token.into();
        let body = json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": "x", "id_token": id_token });
        self.answer(move |_| ResponseTemplate::new(200).set_body_json(&body));
    }

    pub(crate) fn publish(&self, keys: Vec<Value>) {
        *self.keys.lock().unwrap() = keys;
    }

    /// The bodies the token endpoint got.
    pub(crate) async fn exchanged(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        let posts = requests.into_iter().filter(|request| request.method.as_str() == "POST");
        posts.map(|request| String::from_utf8(request.body).unwrap()).collect()
    }

    /// The claims of a person of the home tenant without a role.
    pub(crate) fn person(&self, nonce: &str, now: DateTime<Utc>) -> Value {
        json!({
            "aud": CLIENT,
            "iss": format!("{}/{TENANT}/v2.0", self.address()),
            "iat": now.timestamp() - 300,
            "nbf": now.timestamp() - 300,
            "exp": now.timestamp() + 3600,
            "name": "Ada Muster",
            "nonce": nonce,
            "oid": "11111111-0000-4000-8000-000000000001",
            "preferred_username": "ada@contoso.example",
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "tid": TENANT,
            "ver": "2.0"
        })
    }
}

/// Claims changed; a `null` takes a claim away.
pub(crate) fn with(mut claims: Value, changes: &Value) -> Value {
    let object = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => object.remove(name),
            value => object.insert(name.clone(), value.clone()),
        };
    }
    claims
}

/// A token as Entra signs it.
pub(crate) fn sign(claims: &Value, key: &Key) -> String {
    let header = Header { kid: Some(key.kid.to_owned()), ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, claims, &key.encoding()).unwrap()
}
