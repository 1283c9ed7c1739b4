//! `Authorization: Bearer`: who asks, proved by an Entra access token for this API.

mod header;
mod token;

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use leitwarte_core::hosts::AllowedHosts;

use crate::auth_file::{AuthFile, AuthFileError};
use crate::keys::{KeyCache, KeysUnavailable};
use crate::permission::Principal;
use crate::problem::{Problem, ProblemKind};

pub use token::{TokenFault, key_id};

/// Checks bearer tokens against the sign-in profile of this installation.
#[derive(Debug)]
pub struct Bearer {
    profile: AuthFile,
    keys: KeyCache,
}

/// Why a request has no principal. The text is for the operator's log and holds nothing of a token.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// No token; with what is missing on our side, if something is.
    #[error("no bearer token")]
    Missing(Option<Arc<AuthFileError>>),
    /// A token that does not count.
    #[error("bearer token refused: {0}")]
    Token(TokenFault),
    /// Nobody's token can be checked because sign-in is not set up.
    #[error("bearer token not checked: {0}")]
    NotConfigured(Arc<AuthFileError>),
    /// Nobody's token can be checked because the keys are not to be had.
    #[error("bearer token not checked: {0}")]
    KeysUnavailable(#[from] KeysUnavailable),
}

impl From<TokenFault> for Refusal {
    fn from(fault: TokenFault) -> Self {
        Self::Token(fault)
    }
}

impl Bearer {
    /// A check by the profile in `profiles_dir/auth`. Nothing is read or fetched yet.
    ///
    /// # Errors
    /// If the TLS client cannot be built.
    pub fn new(profiles_dir: &Path, hosts: AllowedHosts) -> Result<Self, reqwest::Error> {
        Ok(Self { profile: AuthFile::new(profiles_dir, hosts), keys: KeyCache::new()? })
    }

    /// Finds out who asks.
    ///
    /// # Errors
    /// Why nobody does. See [`Refusal::problem`] for the answer to the caller.
    pub async fn authenticate(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Result<Principal, Refusal> {
        let profile = self.profile.current(now);
        let Some(token) = header::bearer_token(headers)? else {
            return Err(Refusal::Missing(profile.err()));
        };
        let profile = profile.map_err(Refusal::NotConfigured)?;
        // What the token says of itself is checked before its key is looked up, so that tokens for somebody else
        // never cause a fetch.
        let kid = token::key_id(token)?;
        token::precheck(token, &profile, now)?;
        let key = self.keys.key(&profile.keys_address(), &kid, now).await?.ok_or(TokenFault::UnknownKey)?;
        Ok(token::verify(token, &key.decoding, &profile, now)?)
    }
}

impl Refusal {
    /// The answer to the caller. It does not tell which check a token failed: that is in the log.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::Missing(fault) => {
                let mut detail = "Send `Authorization: Bearer` with an Entra access token for this API.".to_owned();
                if let Some(fault) = fault {
                    detail.push_str(&not_set_up(fault));
                }
                Problem::new(ProblemKind::MissingToken, detail)
            }
            Self::Token(_) => Problem::new(
                ProblemKind::InvalidToken,
                "The token is no valid Entra access token for this API, or it has expired. Get a new one for this API; \
                 the log of api-read names the reason under this request id.",
            ),
            Self::NotConfigured(fault) => {
                let detail = format!("No token can be checked.{}", not_set_up(fault));
                Problem::new(ProblemKind::SignInNotConfigured, detail)
            }
            Self::KeysUnavailable(_) => Problem::new(
                ProblemKind::SignInUnavailable,
                "The sign-in host's keys cannot be fetched, so no token can be checked. Try again in a few seconds; if it \
                 lasts, check that this machine reaches the sign-in host.",
            ),
        }
    }
}

/// What the operator has to do. File contents and system errors stay in the log.
fn not_set_up(fault: &AuthFileError) -> String {
    match fault {
        AuthFileError::Missing => format!(" Sign-in is not set up: {fault}."),
        _ => " The sign-in profile in the folder auth cannot be used; the log of api-read says why.".to_owned(),
    }
}
