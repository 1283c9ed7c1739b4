//! Checks a client assertion (RFC 7523) as Entra does.
//!
//! Source: Microsoft Learn, "Microsoft identity platform application authentication certificate credentials". What
//! MSAL Python really sends differs in details and is accepted: float times, no `nbf`, base64url padding left on
//! thumbprints, one assertion for several requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, crypto};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::certificate::{RegisteredCertificate, upper_hex};
use crate::entra::refusal::Refusal;
use crate::world::{App, locked};

/// How far the client's clock may be off, in seconds.
const SKEW_SECONDS: f64 = 300.0;

/// The longest an assertion may live, in seconds: what Microsoft advises as the upper end, and what MSAL uses.
const LONGEST_LIFE_SECONDS: f64 = 600.0;

/// What an assertion has to fit.
pub(crate) struct Expected<'a> {
    pub(crate) client_id: Uuid,
    pub(crate) app: &'a App,
    /// Addresses of this Entra that an assertion may name as its audience.
    pub(crate) audiences: &'a [String],
    pub(crate) now: DateTime<Utc>,
    /// Whether an assertion may be used only once.
    pub(crate) refuse_replay: bool,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    x5t: Option<String>,
    #[serde(rename = "x5t#S256")]
    x5t_s256: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    aud: Audience,
    iss: String,
    sub: String,
    jti: String,
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Checks everything about an assertion and remembers that it was used.
///
/// # Errors
/// Entra's refusal for the first thing that is wrong.
pub(crate) fn verify(assertion: &str, expected: &Expected<'_>) -> Result<(), Refusal> {
    let (header, claims) = open(assertion)?;
    let certificate = signer(&header, expected.app)?;
    verify_signature(assertion, &header, &certificate)?;
    let now = expected.now;
    if now < certificate.not_before || now >= certificate.not_after {
        let (from, to) = (certificate.not_before, certificate.not_after);
        let text = format!(
            "The provided certificate is not within its specified validity period. It is valid from {from} to {to}."
        );
        return Err(Refusal::new(1_000_502, text));
    }
    let fits = |audience: &String| expected.audiences.contains(audience);
    if !match &claims.aud {
        Audience::One(one) => fits(one),
        Audience::Many(many) => many.iter().any(fits),
    } {
        let text =
            "Client assertion audience claim does not match Realm issuer. Use the address of the token endpoint.";
        return Err(Refusal::new(700_023, text));
    }
    let client = expected.client_id.to_string();
    if !claims.iss.eq_ignore_ascii_case(&client) || !claims.sub.eq_ignore_ascii_case(&client) {
        let text = "Client assertion application identifier doesn't match 'client_id' parameter.";
        return Err(Refusal::new(700_021, text));
    }
    check_times(&claims, now)?;
    if claims.jti.is_empty() || claims.jti.len() > 256 {
        return Err(malformed("its `jti` is empty or longer than 256 characters"));
    }
    expected.app.seen.note(&claims, assertion, now, expected.refuse_replay)
}

fn malformed(problem: &str) -> Refusal {
    Refusal::new(50027, format!("Invalid JWT token: {problem}."))
}

fn open(assertion: &str) -> Result<(Header, Claims), Refusal> {
    let mut parts = assertion.split('.');
    let (Some(header), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(malformed("it has not three parts"));
    };
    Ok((read(header, "header")?, read(claims, "claims")?))
}

fn read<T: for<'de> Deserialize<'de>>(part: &str, name: &str) -> Result<T, Refusal> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed(&format!("its {name} are not base64url")))?;
    serde_json::from_slice(&json).map_err(|error| malformed(&format!("its {name} cannot be read: {error}")))
}

/// The registered certificate the header names, by the thumbprint that goes with its algorithm.
fn signer(header: &Header, app: &App) -> Result<Arc<RegisteredCertificate>, Refusal> {
    let (named, thumbprint) = match header.alg.as_str() {
        "PS256" => ("x5t#S256", &header.x5t_s256),
        "RS256" => ("x5t", &header.x5t),
        other => {
            let text =
                format!("Invalid JWT token. '{other}' is not a supported signature algorithm. Use PS256 or RS256.");
            return Err(Refusal::new(5_002_738, text));
        }
    };
    let failed = |reason: &str| {
        let text = format!("Client assertion failed signature validation. [Reason - {reason}]");
        Refusal::new(700_027, text)
    };
    let thumbprint = thumbprint.as_ref().ok_or_else(|| failed(&format!("The header has no {named}.")))?;
    let bytes = URL_SAFE_NO_PAD
        .decode(thumbprint.trim_end_matches('='))
        .map_err(|_| failed(&format!("The header's {named} is not base64url.")))?;
    let hex = upper_hex(&bytes);
    app.certificate(|known| bytes == known.sha1 || bytes == known.sha256)
        .filter(|known| if named == "x5t" { bytes == known.sha1 } else { bytes == known.sha256 })
        .ok_or_else(|| failed(&format!("The key was not found., Thumbprint of key used by client: '{hex}'")))
}

fn verify_signature(assertion: &str, header: &Header, certificate: &RegisteredCertificate) -> Result<(), Refusal> {
    let algorithm = if header.alg == "PS256" { Algorithm::PS256 } else { Algorithm::RS256 };
    let (message, signature) = assertion.rsplit_once('.').unwrap_or_default();
    if crypto::verify(signature, message.as_bytes(), &certificate.key, algorithm).unwrap_or(false) {
        return Ok(());
    }
    let text = format!(
        "Client assertion failed signature validation. [Reason - The provided signature value did not match the \
         expected signature value., Thumbprint of key used by client: '{}']",
        certificate.thumbprint()
    );
    Err(Refusal::new(700_027, text))
}

fn check_times(claims: &Claims, now: DateTime<Utc>) -> Result<(), Refusal> {
    let outside = |problem: &str| {
        let text = format!("Client assertion is not within its valid time range: {problem}. Now: {now}.");
        Err(Refusal::new(700_024, text))
    };
    // Milliseconds of this century are far below 2^52.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let now_seconds = now.timestamp_millis() as f64 / 1000.0;
    if !claims.exp.is_finite() || claims.exp <= now_seconds - SKEW_SECONDS {
        return outside("`exp` is over");
    }
    for (name, start) in [("nbf", claims.nbf), ("iat", claims.iat)] {
        if start.is_some_and(|start| start > now_seconds + SKEW_SECONDS) {
            return outside(&format!("`{name}` is in the future"));
        }
    }
    let start = claims.nbf.or(claims.iat).unwrap_or(now_seconds + SKEW_SECONDS);
    // One second for clients that round one end and not the other.
    if claims.exp - start > LONGEST_LIFE_SECONDS + 1.0 {
        return outside("it lives longer than 10 minutes");
    }
    Ok(())
}

/// Assertions that were used and are still in time, by `jti`.
#[derive(Default)]
pub(crate) struct SeenAssertions(Mutex<HashMap<String, Used>>);

struct Used {
    /// Hash of the whole assertion.
    hash: [u8; 32],
    /// Seconds since the epoch.
    expires: f64,
}

/// With this many known, those out of time are thrown away first.
const SWEEP_AT: usize = 256;

impl SeenAssertions {
    fn note(&self, claims: &Claims, assertion: &str, now: DateTime<Utc>, once: bool) -> Result<(), Refusal> {
        let hash: [u8; 32] = Sha256::digest(assertion).into();
        let mut used = locked(&self.0);
        if used.len() >= SWEEP_AT {
            #[expect(clippy::cast_precision_loss, reason = "whole seconds of this century")]
            let oldest = now.timestamp() as f64 - SKEW_SECONDS;
            used.retain(|_, assertion| assertion.expires > oldest);
        }
        match used.get(&claims.jti) {
            Some(before) if once || before.hash != hash => {
                Err(malformed("its `jti` was used before; every assertion needs a new one"))
            }
            _ => {
                used.insert(claims.jti.clone(), Used { hash, expires: claims.exp });
                Ok(())
            }
        }
    }
}
