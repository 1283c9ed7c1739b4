//! Tokens in memory, one request per token however many ask for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use super::{Grant, TokenKey};
use crate::budget::Budget;
use crate::error::{GraphError, Peer};

/// More than any operator has tenants; beyond it tokens that are over are thrown out.
const MAX_ENTRIES: usize = 5_000;

/// A token is replaced this long before its end …
const MARGIN: Duration = Duration::from_mins(5);

/// … or in the last tenth of its life, if that is shorter.
const MARGIN_SHARE: u32 = 10;

/// A token that can be used.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) secret: SecretString,
    /// When Entra stops accepting it.
    pub(crate) ends: Instant,
    /// When it is replaced.
    refresh_at: Instant,
    /// Tells it from its predecessors and successors.
    serial: u64,
}

/// What is known of one key. The lock around it is held while Entra is asked, so that others wait for the answer.
#[derive(Debug, Default)]
struct Slot {
    token: Option<Token>,
    /// How the last request failed and when; shared with those who waited for it.
    failure: Option<(Instant, GraphError)>,
    serial: u64,
}

#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    slots: Mutex<HashMap<TokenKey, Arc<tokio::sync::Mutex<Slot>>>>,
}

impl TokenCache {
    /// The token for `key`: the one in memory, or one that `ask` brings. Callers of the same key wait for the one
    /// that asks, and share its outcome.
    pub(crate) async fn get<Asked>(
        &self,
        key: TokenKey,
        peer: &Peer,
        budget: &Budget,
        ask: impl FnOnce() -> Asked,
    ) -> Result<Token, GraphError>
    where
        Asked: Future<Output = Result<Grant, GraphError>>,
    {
        let arrived = Instant::now();
        let slot = self.slot(key);
        let mut slot = tokio::time::timeout_at(budget.deadline(), slot.lock_owned())
            .await
            .map_err(|_| GraphError::Timeout { peer: peer.clone() })?;
        if let Some(token) = slot.token.as_ref().filter(|token| Instant::now() < token.refresh_at) {
            return Ok(token.clone());
        }
        if let Some((_, error)) = slot.failure.as_ref().filter(|(at, _)| *at > arrived) {
            return Err(error.clone());
        }
        match ask().await {
            Ok(grant) => {
                slot.serial += 1;
                slot.failure = None;
                let token = Token::new(grant, slot.serial);
                slot.token = Some(token.clone());
                Ok(token)
            }
            Err(error) => {
                // Another caller may have more time than this one had.
                let share = !matches!(error, GraphError::Timeout { .. } | GraphError::Throttled { .. });
                slot.failure = share.then(|| (Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Forgets a token that Graph rejected, unless it has been replaced already.
    pub(crate) async fn invalidate(&self, key: TokenKey, rejected: &Token) {
        let slot = self.slot(key);
        let mut slot = slot.lock().await;
        if slot.token.as_ref().is_some_and(|token| token.serial == rejected.serial) {
            slot.token = None;
        }
    }

    fn slot(&self, key: TokenKey) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MAX_ENTRIES && !slots.contains_key(&key) {
            let now = Instant::now();
            slots.retain(|_, slot| {
                slot.try_lock().map_or(true, |slot| slot.token.as_ref().is_some_and(|token| now < token.ends))
            });
            if slots.len() >= MAX_ENTRIES {
                slots.clear();
            }
        }
        Arc::clone(slots.entry(key).or_default())
    }
}

impl Token {
    fn new(grant: Grant, serial: u64) -> Self {
        let now = Instant::now();
        let margin = MARGIN.min(grant.lifetime / MARGIN_SHARE);
        let ends = now + grant.lifetime;
        Self { secret: grant.secret, ends, refresh_at: ends - margin, serial }
    }
}

#[cfg(test)]
mod tests;
