//! The client assertion: a JWT signed with the certificate's key that stands in for a password.
//!
//! Source: Microsoft Learn, "Microsoft identity platform application authentication certificate credentials".

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header};
use leitwarte_core::profile::AssertionKind;
use leitwarte_core::{DateTime, TimeDelta, Utc, Uuid};
use secrecy::SecretString;
use serde::Serialize;

use crate::credential::{Credential, CredentialError, CredentialProblem};

/// How long an assertion can be used. Microsoft asks for 5 to 10 minutes at most.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(5);

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: Uuid,
    sub: Uuid,
    jti: Uuid,
    nbf: i64,
    iat: i64,
    exp: i64,
}

/// What an assertion says, apart from who signs it.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    /// The application that signs in.
    pub client_id: Uuid,
    /// The token endpoint's address.
    pub audience: &'a str,
    /// The moment of signing.
    pub now: DateTime<Utc>,
    /// An id used once.
    pub jti: Uuid,
}

/// Signs a client assertion. The result is as good as a password until [`LIFETIME`] is over.
///
/// # Errors
/// When the key cannot sign.
pub fn sign(
    credential: &Credential,
    kind: AssertionKind,
    statement: &Statement<'_>,
) -> Result<SecretString, CredentialError> {
    let header = match kind {
        AssertionKind::Ps256 => {
            Header { x5t_s256: Some(URL_SAFE_NO_PAD.encode(credential.sha256())), ..Header::new(Algorithm::PS256) }
        }
        AssertionKind::Rs256 => {
            Header { x5t: Some(URL_SAFE_NO_PAD.encode(credential.sha1())), ..Header::new(Algorithm::RS256) }
        }
    };
    let &Statement { client_id, audience, now, jti } = statement;
    let claims = Claims {
        aud: audience,
        iss: client_id,
        sub: client_id,
        jti,
        nbf: now.timestamp(),
        iat: now.timestamp(),
        exp: (now + LIFETIME).timestamp(),
    };
    jsonwebtoken::encode(&header, &claims, credential.key())
        .map(SecretString::from)
        .map_err(|_| credential.error(CredentialProblem::BadKey))
}
