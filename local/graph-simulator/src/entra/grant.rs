//! Access tokens for Graph: random words that only this program can read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::world::locked;

/// What an access token allows.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) tenant: Uuid,
    /// The app that signed in.
    pub(crate) client_id: Uuid,
    /// Base address of the Graph it is for.
    pub(crate) audience: String,
    pub(crate) roles: Arc<[String]>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// The tokens that were given out.
#[derive(Debug, Default)]
pub(crate) struct Grants(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    grants: HashMap<String, Grant>,
    /// At this many the expired ones are thrown away.
    sweep_at: usize,
}

const FIRST_SWEEP: usize = 4096;

impl Grants {
    /// Gives out a token.
    pub(crate) fn issue(&self, grant: Grant, now: DateTime<Utc>) -> String {
        let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 48]>());
        let mut inner = locked(&self.0);
        if inner.grants.len() >= inner.sweep_at.max(FIRST_SWEEP) {
            inner.grants.retain(|_, grant| grant.expires_at > now);
            inner.sweep_at = inner.grants.len() * 2;
        }
        inner.grants.insert(token.clone(), grant);
        token
    }

    /// What a token allows, or allowed until it expired; `None` for a word that was never given out.
    pub(crate) fn find(&self, token: &str) -> Option<Grant> {
        locked(&self.0).grants.get(token).cloned()
    }
}
