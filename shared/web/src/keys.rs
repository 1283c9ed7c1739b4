//! The keys Entra signs tokens with: fetched when first needed, kept, and fetched again when they may have changed.
//!
//! The rules, in `State::decide`, are pure; [`KeyCache`] carries them out.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;

/// Age at which good keys are fetched again although nothing is missing.
/// Source: Microsoft Learn, "Signing key rollover": check for updates at least every 24 hours.
const REFRESH_AFTER: TimeDelta = TimeDelta::hours(24);

/// How long the last good keys are used while the sign-in host cannot be reached.
const USABLE_FOR: TimeDelta = TimeDelta::hours(72);

/// Pause after a fetch that failed.
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(10);

/// Fetches for key ids nobody knows: this many at once, then one per [`BUDGET_REFILL`]. A rotation is seen at
/// once, and a flood of invented ids costs the sign-in host at most one call a minute.
const BUDGET: i32 = 4;

/// Time in which one more fetch for an unknown key id becomes possible.
const BUDGET_REFILL: TimeDelta = TimeDelta::minutes(1);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(5);

/// Entra's document is about 10 kB.
const LARGEST_DOCUMENT_BYTES: usize = 256 * 1024;

/// A key as the sign-in host publishes it.
pub struct PublishedKey {
    /// For `jsonwebtoken`.
    pub decoding: DecodingKey,
    /// The JWK itself (RFC 7517).
    pub jwk: serde_json::Value,
}

impl fmt::Debug for PublishedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublishedKey").field(&self.jwk["kid"]).finish()
    }
}

/// The keys cannot be had, so no token can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sign-in host's keys could not be fetched")]
pub struct KeysUnavailable;

/// Why one fetch brought nothing. Goes to the log only.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("no complete answer")]
    Http(#[from] reqwest::Error),
    #[error("answered {0}")]
    Status(reqwest::StatusCode),
    #[error("more than {LARGEST_DOCUMENT_BYTES} bytes")]
    TooLarge,
    #[error("not a key document")]
    Json(#[from] serde_json::Error),
    #[error("no RSA signing key in it")]
    NoKey,
}

/// Keys of one issuer, fetched as needed.
#[derive(Debug)]
pub struct KeyCache {
    client: reqwest::Client,
    state: Mutex<State>,
    fetching: tokio::sync::Mutex<()>,
}

impl KeyCache {
    /// A cache that has fetched nothing yet.
    ///
    /// # Errors
    /// If the TLS client cannot be built.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, state: Mutex::default(), fetching: tokio::sync::Mutex::default() })
    }

    /// The key with this id among those published at `address`, which must be an allowed one; `None` if there is
    /// no such key. At most one fetch runs at a time.
    ///
    /// # Errors
    /// If keys were never fetched, or too long ago, and cannot be fetched now.
    pub async fn key(
        &self,
        address: &str,
        kid: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<PublishedKey>>, KeysUnavailable> {
        let fallback = match self.state().decide(address, kid, now) {
            Decision::Answer(answer) => return answer,
            Decision::Fetch { fallback } => fallback,
        };
        let _alone = match (self.fetching.try_lock(), fallback) {
            (Ok(alone), _) => alone,
            (Err(_), Some(key)) => return Ok(Some(key)),
            (Err(_), None) => self.fetching.lock().await,
        };
        // Another call may have fetched while this one waited.
        if let Decision::Answer(answer) = self.state().decide(address, kid, now) {
            return answer;
        }
        self.state().begin(address, now);
        let fetched = fetch(&self.client, address).await;
        let mut state = self.state();
        match fetched {
            Ok(keys) => state.succeeded(keys, now),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "cannot fetch the sign-in host's keys");
                state.failed(now);
            }
        }
        state.lookup(kid, now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct State {
    address: String,
    keys: HashMap<String, Arc<PublishedKey>>,
    fetched_at: Option<DateTime<Utc>>,
    failed_at: Option<DateTime<Utc>>,
    /// Fetches for unknown ids since `spent_since`, minus what time has given back.
    spent: i32,
    spent_since: Option<DateTime<Utc>>,
}

#[derive(Debug)]
enum Decision {
    Answer(Result<Option<Arc<PublishedKey>>, KeysUnavailable>),
    /// Fetch; a caller that would have to wait for another's fetch may use `fallback`.
    Fetch {
        fallback: Option<Arc<PublishedKey>>,
    },
}

impl State {
    fn decide(&self, address: &str, kid: &str, now: DateTime<Utc>) -> Decision {
        if self.address != address {
            return Decision::Fetch { fallback: None };
        }
        let known = self.lookup(kid, now);
        let may_fetch = self.failed_at.is_none_or(|at| age(at, now) >= RETRY_AFTER);
        let fetch_is_due = match (&known, self.fetched_at) {
            (Ok(Some(_)), Some(at)) => age(at, now) >= REFRESH_AFTER,
            (Ok(None), _) => self.spent_at(now) < BUDGET,
            _ => true,
        };
        if may_fetch && fetch_is_due {
            Decision::Fetch { fallback: known.ok().flatten() }
        } else {
            Decision::Answer(known)
        }
    }

    fn lookup(&self, kid: &str, now: DateTime<Utc>) -> Result<Option<Arc<PublishedKey>>, KeysUnavailable> {
        match self.fetched_at {
            Some(at) if age(at, now) < USABLE_FOR => match self.keys.get(kid) {
                Some(key) => Ok(Some(Arc::clone(key))),
                // It may be a new key that cannot be fetched now: that is not the caller's fault.
                None if self.failed_at.is_some() => Err(KeysUnavailable),
                None => Ok(None),
            },
            _ => Err(KeysUnavailable),
        }
    }

    /// Notes that a fetch begins: keys of another address are forgotten, and a fetch although good keys are at
    /// hand is taken from the budget.
    fn begin(&mut self, address: &str, now: DateTime<Utc>) {
        if self.address != address {
            *self = Self { address: address.to_owned(), ..Self::default() };
        } else if self.fetched_at.is_some_and(|at| age(at, now) < REFRESH_AFTER) {
            self.spent = self.spent_at(now) + 1;
            self.spent_since = Some(now);
        }
    }

    fn succeeded(&mut self, keys: HashMap<String, Arc<PublishedKey>>, now: DateTime<Utc>) {
        self.keys = keys;
        self.fetched_at = Some(now);
        self.failed_at = None;
    }

    fn failed(&mut self, now: DateTime<Utc>) {
        self.failed_at = Some(now);
    }

    fn spent_at(&self, now: DateTime<Utc>) -> i32 {
        let since = self.spent_since.map_or(TimeDelta::zero(), |at| age(at, now));
        let given_back = i32::try_from(since.num_seconds() / BUDGET_REFILL.num_seconds()).unwrap_or(i32::MAX);
        self.spent.saturating_sub(given_back).max(0)
    }
}

/// Time between two moments. A clock set back counts as time passed, so that nothing waits for ever.
fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
    (now - at).abs()
}

async fn fetch(client: &reqwest::Client, address: &str) -> Result<HashMap<String, Arc<PublishedKey>>, FetchError> {
    let mut response = client.get(address).send().await?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if document.len() + chunk.len() > LARGEST_DOCUMENT_BYTES {
            return Err(FetchError::TooLarge);
        }
        document.extend_from_slice(&chunk);
    }
    read_keys(&document)
}

#[derive(Deserialize)]
struct KeyDocument {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct RsaKey {
    kid: String,
    kty: String,
    n: String,
    e: String,
    r#use: Option<String>,
    alg: Option<String>,
}

/// The RSA signing keys of a JWK set (RFC 7517). One that cannot be used does not spoil the others.
fn read_keys(document: &[u8]) -> Result<HashMap<String, Arc<PublishedKey>>, FetchError> {
    let document: KeyDocument = serde_json::from_slice(document)?;
    let keys = document.keys.into_iter().filter_map(|key| {
        let jwk = key.clone();
        let key: RsaKey = serde_json::from_value(key).ok()?;
        let signs = key.r#use.is_none_or(|usage| usage == "sig") && key.alg.is_none_or(|alg| alg == "RS256");
        let usable = key.kty == "RSA" && signs;
        let decoding = usable.then(|| DecodingKey::from_rsa_components(&key.n, &key.e).ok())??;
        Some((key.kid, Arc::new(PublishedKey { decoding, jwk })))
    });
    let keys: HashMap<_, _> = keys.collect();
    if keys.is_empty() { Err(FetchError::NoKey) } else { Ok(keys) }
}

#[cfg(test)]
mod tests;
