//! A sign-in host for tests that answers the token endpoint with whatever a test wants.

use std::sync::{Arc, LazyLock, Mutex};

use leitwarte_core::{DateTime, Utc};
pub(crate) use leitwarte_web::testing::{CLIENT, FOREIGN_TENANT, KEY, Key, NEXT_KEY, TENANT, sign, with};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// Its secret.
pub(crate) const SECRET: &str = "a secret of the tests";
/// A key that is not published.
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
        let keys = Arc::new(Mutex::new(vec![KEY.published(), NEXT_KEY.published()]));
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
