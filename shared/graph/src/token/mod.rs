//! Access tokens: asked for with a client assertion, kept in memory until shortly before their end.

mod cache;
mod refusal;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use leitwarte_core::Uuid;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

pub(crate) use cache::{Token, TokenCache};
pub use refusal::EntraRefusal;

use crate::app::AppRegistration;
use crate::assertion::{self, Statement};
use crate::budget::Budget;
use crate::credential::{self, Credential, CredentialCache, CredentialError};
use crate::error::{BadAnswer, GraphError, Peer};
use crate::hosts::Service;
use crate::pause::{Lane, Pauses};
use crate::retry::{Fault, Nature, Passing, RetryPolicy, persevere};
use crate::transport::{Answer, Transport, bad};

/// Longer than any token of Entra lives; a larger number is not believed.
const MAX_LIFETIME: Duration = Duration::from_hours(24);

/// Signs in at Entra.
pub(crate) struct Authenticator {
    pub(crate) transport: Arc<Transport>,
    pub(crate) pauses: Arc<Pauses>,
    pub(crate) retry: RetryPolicy,
    pub(crate) credentials: Arc<CredentialCache>,
    pub(crate) profiles_dir: Arc<Path>,
}

/// A token as Entra gave it.
pub(crate) struct Grant {
    pub(crate) secret: SecretString,
    pub(crate) lifetime: Duration,
}

/// Source: Microsoft Learn, "OAuth 2.0 client credentials flow", successful response.
#[derive(Deserialize)]
struct WireGrant {
    #[serde(default)]
    access_token: Option<SecretText>,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
}

/// Goes straight from the parser into a type that does not print.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// Seconds as a number or, as Entra's older endpoint writes them, as text.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Number(u64),
        Text(String),
    }
    Ok(match Option::<Seconds>::deserialize(deserializer)? {
        Some(Seconds::Number(number)) => Some(number),
        Some(Seconds::Text(text)) => text.parse().ok(),
        None => None,
    })
}

impl Authenticator {
    /// Asks Entra for a token. When Entra does not accept the certificate, the file is looked at again and the
    /// sign-in tried once more: the certificate may just have been renewed, and a new one is not known everywhere at
    /// once.
    pub(crate) async fn sign_in(&self, app: &AppRegistration, budget: &Budget) -> Result<Grant, GraphError> {
        let credential = self.credential(app, budget).await?;
        match self.request(app, &credential, budget).await {
            Err(GraphError::SignIn(refusal)) if refusal.blames_the_certificate() => {
                tracing::debug!(codes = ?refusal.codes, "certificate refused; trying once more");
                let credential = self.credential(app, budget).await?;
                budget.count_retry();
                self.request(app, &credential, budget).await
            }
            outcome => outcome,
        }
    }

    /// The certificate of an app registration, checked against the profile and the clock.
    pub(crate) async fn credential(
        &self,
        app: &AppRegistration,
        budget: &Budget,
    ) -> Result<Arc<Credential>, GraphError> {
        let (cert_path, thumbprint) = (app.cert_path.clone(), app.thumbprint.clone());
        let (credentials, profiles_dir) = (Arc::clone(&self.credentials), Arc::clone(&self.profiles_dir));
        let now = self.transport.now();
        let load = move || -> Result<Arc<Credential>, CredentialError> {
            let path = credential::resolve(&cert_path, &profiles_dir)?;
            let credential = credentials.get(&path)?;
            credential.check_thumbprint(&thumbprint)?;
            credential.check_validity(now)?;
            Ok(credential)
        };
        let failed = |what| GraphError::Internal(format!("Reading the certificate file {} {what}", app.cert_path));
        // A network file system may hang.
        tokio::time::timeout_at(budget.deadline(), tokio::task::spawn_blocking(load))
            .await
            .map_err(|_| failed("took too long"))?
            .map_err(|_| failed("was interrupted"))?
            .map_err(GraphError::from)
    }

    async fn request(
        &self,
        app: &AppRegistration,
        credential: &Credential,
        budget: &Budget,
    ) -> Result<Grant, GraphError> {
        let address = app.token_address();
        let (url, peer) = self.transport.allowed(Service::SignIn, &address)?;
        let lane = Lane { peer, tenant: app.tenant_id };
        persevere(&self.retry, &self.pauses, &lane, budget, || async {
            let (now, jti) = (self.transport.now(), self.transport.new_id());
            let statement = Statement { client_id: app.client_id, audience: &address, now, jti };
            let assertion =
                assertion::sign(credential, app.assertion, &statement).map_err(|error| Fault::Final(error.into()))?;
            let request = self.transport.request(Method::POST, url.clone()).form(&[
                ("client_id", app.client_id.to_string().as_str()),
                ("scope", &app.scope()),
                ("grant_type", "client_credentials"),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion.expose_secret()),
            ]);
            let answer = self.transport.send(&lane.peer, budget, request).await?;
            read(&lane.peer, app, &answer)
        })
        .await
    }
}

fn read(peer: &Peer, app: &AppRegistration, answer: &Answer) -> Result<Grant, Fault> {
    if answer.status != StatusCode::OK {
        let refusal = EntraRefusal::read(peer, app, answer)?;
        return Err(if refusal.is_passing() {
            let nature = Nature::Unavailable(format!("HTTP {}, {}", answer.status.as_u16(), refusal.error));
            Fault::Passing(Passing { nature, asked: None })
        } else {
            Fault::Final(refusal.into())
        });
    }
    let missing = |what| Fault::Final(bad(peer, BadAnswer::Token(what)));
    let grant: WireGrant = answer.json(peer)?;
    let SecretText(secret) = grant.access_token.ok_or_else(|| missing("access_token"))?;
    let usable = |c: char| c.is_ascii_graphic();
    if secret.expose_secret().is_empty() || !secret.expose_secret().chars().all(usable) {
        return Err(missing("a usable access_token"));
    }
    let lifetime = grant.expires_in.filter(|seconds| *seconds > 0).ok_or_else(|| missing("expires_in"))?;
    Ok(Grant { secret, lifetime: Duration::from_secs(lifetime).min(MAX_LIFETIME) })
}

/// What a token is for. Two registrations never share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TokenKey {
    authority_host: String,
    tenant_id: Uuid,
    client_id: Uuid,
    scope: String,
    thumbprint: String,
}

impl From<&AppRegistration> for TokenKey {
    fn from(app: &AppRegistration) -> Self {
        Self {
            authority_host: app.authority_host.clone(),
            tenant_id: app.tenant_id,
            client_id: app.client_id,
            scope: app.scope(),
            thumbprint: app.thumbprint.clone(),
        }
    }
}
