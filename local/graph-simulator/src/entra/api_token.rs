//! Access tokens for Leitwarte's own API, as Entra would issue them to a person who signed in: RS256, claims of
//! version 2.0. `GET /demo/token?role=Read|Manage|Admin|none` answers one as plain text, for `curl`.
//!
//! Source of the claims: Microsoft Learn, "Access token claims reference".

use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rand::Rng as _;
use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::certificate::RsaPublic;
use crate::config::ApiApp;
use crate::world::World;

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/demo/token", get(demo_token))
}

/// A person of the support company, by what Leitwarte lets them do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoRole {
    /// `Licences.Read`.
    Read,
    /// `Licences.Manage`.
    Manage,
    /// `Admin`.
    Admin,
    /// No app role at all.
    None,
}

impl DemoRole {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Read, Self::Manage, Self::Admin, Self::None];

    /// Values of the token's `roles` claim.
    #[must_use]
    pub fn claim(self) -> &'static [&'static str] {
        match self {
            Self::Read => &["Licences.Read"],
            Self::Manage => &["Licences.Manage"],
            Self::Admin => &["Admin"],
            Self::None => &[],
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Manage => "Manage",
            Self::Admin => "Admin",
            Self::None => "none",
        }
    }

    /// What the person is called.
    pub(crate) fn person(self) -> String {
        format!("Demo {}", self.word())
    }

    /// The name the person signs in with.
    pub(crate) fn user_name(self) -> String {
        format!("demo.{}@adatum.example", self.word().to_lowercase())
    }

    /// The person's object id in the support company's tenant.
    pub(crate) fn object_id(self) -> Uuid {
        Uuid::from_u128(0x2d1c_6f0e_55a1_4c7b_9e20_0000_0000_0000 + self as u128)
    }
}

impl FromStr for DemoRole {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let role = Self::ALL.into_iter().find(|role| role.word().eq_ignore_ascii_case(text));
        role.ok_or_else(|| format!("`{text}` is not a role; use Read, Manage, Admin or none"))
    }
}

/// Why no key could be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a signing key: {0}")]
pub struct KeyError(String);

/// Signs tokens for the API.
pub(crate) struct ApiTokens {
    pub(crate) app: ApiApp,
    /// `scheme://host:port` of the issuer.
    authority: String,
    /// The last one signs; all are published.
    keys: RwLock<Vec<SigningKey>>,
}

struct SigningKey {
    id: String,
    secret: EncodingKey,
    modulus: String,
    exponent: String,
}

/// Keys published at most; the oldest goes when one more is made.
const MOST_KEYS: usize = 4;

impl ApiTokens {
    pub(crate) fn new(app: ApiApp, authority: String) -> Result<Self, KeyError> {
        Ok(Self { app, authority, keys: RwLock::new(vec![SigningKey::generate()?]) })
    }

    /// Makes a new key that signs from now on; tokens of the one before stay good.
    pub(crate) fn rotate(&self) -> Result<(), KeyError> {
        let key = SigningKey::generate()?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() == MOST_KEYS {
            keys.remove(0);
        }
        keys.push(key);
        Ok(())
    }

    /// The keys as a JSON Web Key Set lists them.
    pub(crate) fn public_keys(&self) -> Vec<Value> {
        let issuer = self.issuer();
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .map(|key| {
                json!({
                    "kty": "RSA", "use": "sig", "kid": key.id, "x5t": key.id, "n": key.modulus, "e": key.exponent,
                    "issuer": issuer,
                })
            })
            .collect()
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}/{}/v2.0", self.authority, self.app.tenant_id)
    }

    /// A token for a person with this role.
    pub(crate) fn issue(&self, role: DemoRole, now: DateTime<Utc>, lifetime: TimeDelta) -> Result<String, KeyError> {
        let mut claims = json!({
            "aud": self.app.client_id,
            "iss": self.issuer(),
            "iat": now.timestamp(),
            "nbf": now.timestamp(),
            "exp": (now + lifetime).timestamp(),
            "azp": self.app.client_id,
            "azpacr": "0",
            "name": role.person(),
            "oid": role.object_id(),
            "preferred_username": role.user_name(),
            "scp": "access_as_user",
            "sub": self.subject(&role.user_name()),
            "tid": self.app.tenant_id,
            "uti": URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
            "ver": "2.0",
        });
        if role != DemoRole::None {
            claims["roles"] = json!(role.claim());
        }
        self.sign(&claims)
    }

    /// Pairwise: differs from the object id and between apps.
    pub(crate) fn subject(&self, user_name: &str) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{}{user_name}", self.app.client_id)))
    }

    /// A token with these claims, signed with the newest key.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, KeyError> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.last().ok_or_else(|| KeyError("there is none".to_owned()))?;
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &key.secret).map_err(|error| KeyError(error.to_string()))
    }
}

impl SigningKey {
    fn generate() -> Result<Self, KeyError> {
        let failed = |error: rcgen::Error| KeyError(error.to_string());
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(failed)?;
        let info = pair.subject_public_key_info();
        let public = SubjectPublicKeyInfo::from_der(&info).ok().and_then(|(_, info)| RsaPublic::of(&info));
        let (modulus, exponent) = public.ok_or_else(|| KeyError("not an RSA key".to_owned()))?.encoded();
        let secret = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes());
        let id = URL_SAFE_NO_PAD.encode(&Sha256::digest(&info)[..20]);
        Ok(Self { id, secret: secret.map_err(|error| KeyError(error.to_string()))?, modulus, exponent })
    }
}

#[derive(Deserialize)]
struct DemoQuery {
    role: Option<String>,
}

async fn demo_token(State(world): State<Arc<World>>, Query(query): Query<DemoQuery>) -> Response {
    let Some(api) = &world.api else {
        return (StatusCode::NOT_FOUND, "This simulator has no API app; start it with --demo.").into_response();
    };
    let role = match query.role.as_deref().unwrap_or("Read").parse::<DemoRole>() {
        Ok(role) => role,
        Err(problem) => return (StatusCode::BAD_REQUEST, problem).into_response(),
    };
    let lifetime = TimeDelta::seconds(rand::rng().random_range(3600..=5400));
    match api.issue(role, world.clock.now(), lifetime) {
        Ok(token) => ([(CACHE_CONTROL, "no-store")], token).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
