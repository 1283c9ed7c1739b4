//! Authorization codes: random words that bring one token, once (RFC 6749, section 4.1.2).

use std::collections::HashMap;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use crate::entra::people::DemoPerson;
use crate::entra::refusal::Refusal;
use crate::world::locked;

/// Entra's codes live about ten minutes.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// What was asked for with a code.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) person: DemoPerson,
    pub(crate) redirect_uri: String,
    pub(crate) nonce: Option<String>,
    /// `code_challenge` of PKCE, always of the method S256.
    pub(crate) challenge: String,
    pub(crate) scope: String,
}

#[derive(Debug)]
struct Code {
    asked: Asked,
    expires_at: DateTime<Utc>,
    redeemed: bool,
}

/// The codes that were given out.
#[derive(Debug, Default)]
pub(crate) struct Codes(Mutex<HashMap<String, Code>>);

impl Codes {
    /// Gives out a code.
    pub(crate) fn issue(&self, asked: Asked, now: DateTime<Utc>) -> String {
        let word = format!("1.{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 64]>()));
        let mut codes = locked(&self.0);
        codes.retain(|_, code| code.expires_at > now - LIFETIME);
        codes.insert(word.clone(), Code { asked, expires_at: now + LIFETIME, redeemed: false });
        word
    }

    /// Takes a code in. It is used up by the first request that has it, right or wrong.
    pub(crate) fn redeem(
        &self,
        word: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Asked, Refusal> {
        let mut codes = locked(&self.0);
        let unknown = || Refusal::new(9_002_313, "Invalid request. The provided authorization code is malformed.");
        let code = codes.get_mut(word).ok_or_else(unknown)?;
        if code.redeemed {
            let text = "OAuth2 Authorization code was already redeemed, please retry with a new valid code.";
            return Err(Refusal::new(54005, text));
        }
        code.redeemed = true;
        if now >= code.expires_at {
            return Err(Refusal::new(70008, "The provided authorization code or refresh token has expired."));
        }
        if code.asked.redirect_uri != redirect_uri {
            let text = "The redirect address specified by the client does not match the one the code was sent to.";
            return Err(Refusal::new(500_112, text));
        }
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.unwrap_or_default()));
        if challenge != code.asked.challenge {
            let text = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
            return Err(Refusal::new(501_481, text));
        }
        Ok(code.asked.clone())
    }
}
