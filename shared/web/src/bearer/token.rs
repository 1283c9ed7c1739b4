//! What makes a token count: pure checks of an Entra v2.0 access token.
//! Source: Microsoft Learn, "Validate tokens" and "Access token claims reference"; RFC 8725.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use leitwarte_core::Uuid;
use leitwarte_core::auth_profile::{AuthProfile, is_foreign_account};
use serde::Deserialize;

use crate::permission::{Principal, PrincipalKind, Via, Who, plain_name};

/// How far clocks may be apart, in seconds.
const LEEWAY_SECONDS: i64 = 60;

/// Why a token does not count. The text holds nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// The header is not one bearer token.
    #[error("the Authorization header is not `Bearer` and one token")]
    Header,
    /// Longer than any token of Entra.
    #[error("it is too long")]
    TooLong,
    /// Not a signed token with the claims every access token has.
    #[error("it is not a signed token with the claims of an access token")]
    Malformed,
    /// Signed in another way than RS256.
    #[error("it is not signed with RS256")]
    Algorithm,
    /// Demands an extension nobody here knows.
    #[error("it demands an extension (crit)")]
    Critical,
    /// Does not name its key.
    #[error("it does not name its key (kid)")]
    NoKeyId,
    /// Names a key that the sign-in host does not publish.
    #[error("the sign-in host publishes no key of that id")]
    UnknownKey,
    /// The signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// A v1.0 token.
    #[error(
        "it is a v1.0 token; set requestedAccessTokenVersion to 2 in the manifest of the Entra application of this API"
    )]
    VersionOne,
    /// Issued by somebody else.
    #[error("its issuer is not the authority of the sign-in profile")]
    Issuer,
    /// Of another tenant.
    #[error("it comes from another tenant than the sign-in profile's")]
    Tenant,
    /// For another application.
    #[error(
        "its audience is not this API; ask for the scope api://<client_id>/.default with the sign-in profile's client_id"
    )]
    Audience,
    /// Over.
    #[error("it expired {seconds} seconds ago")]
    Expired {
        /// How long ago.
        seconds: i64,
    },
    /// Not begun.
    #[error("it is not valid for another {seconds} seconds; check this machine's clock")]
    NotYetValid {
        /// How long to go.
        seconds: i64,
    },
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: i64,
    nbf: Option<i64>,
    tid: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    scp: Option<String>,
    oid: Option<String>,
    sub: Option<String>,
    idtyp: Option<String>,
    idp: Option<String>,
    acct: Option<i64>,
    name: Option<String>,
    preferred_username: Option<String>,
    app_displayname: Option<String>,
    azp: Option<String>,
}

/// Entra writes one audience; RFC 7519 allows a list, of which one has to be us.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn names(&self, profile: &AuthProfile) -> bool {
        match self {
            Self::One(audience) => profile.is_audience(audience),
            Self::Several(audiences) => audiences.iter().any(|audience| profile.is_audience(audience)),
        }
    }
}

/// The id of the key a token names, if it is signed as we want it.
///
/// # Errors
/// If it is no signed token, or signed in another way than RS256, demands an extension, or names no key.
pub fn key_id(token: &str) -> Result<String, TokenFault> {
    if token.bytes().filter(|byte| *byte == b'.').count() != 2 {
        return Err(TokenFault::Malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenFault::Malformed)?;
    if header.alg != Algorithm::RS256 {
        return Err(TokenFault::Algorithm);
    }
    if header.crit.is_some() {
        return Err(TokenFault::Critical);
    }
    header.kid.filter(|kid| !kid.is_empty()).ok_or(TokenFault::NoKeyId)
}

/// Checks what a token says of itself, before its signature.
pub(super) fn precheck(token: &str, profile: &AuthProfile, now: DateTime<Utc>) -> Result<(), TokenFault> {
    let claims: Claims = jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| TokenFault::Malformed)?;
    check(&claims, profile, now)
}

/// Checks signature and claims, and says who the token is for.
pub(super) fn verify(
    token: &str,
    key: &DecodingKey,
    profile: &AuthProfile,
    now: DateTime<Utc>,
) -> Result<Principal, TokenFault> {
    // The library would take the time from the system; `check` takes it from the caller and is stricter about types.
    let mut signature_only = Validation::new(Algorithm::RS256);
    signature_only.validate_exp = false;
    signature_only.validate_aud = false;
    signature_only.required_spec_claims.clear();
    let claims: Claims = jsonwebtoken::decode(token, key, &signature_only).map_err(|_| TokenFault::Signature)?.claims;
    check(&claims, profile, now)?;
    Ok(principal(&claims, profile))
}

fn check(claims: &Claims, profile: &AuthProfile, now: DateTime<Utc>) -> Result<(), TokenFault> {
    let tenant = profile.tenant_id.to_string();
    if claims.tid.as_ref().is_some_and(|tid| !tid.eq_ignore_ascii_case(&tenant)) {
        return Err(TokenFault::Tenant);
    }
    if claims.iss != profile.issuer() {
        let version_one = claims.iss == format!("https://sts.windows.net/{tenant}/");
        return Err(if version_one { TokenFault::VersionOne } else { TokenFault::Issuer });
    }
    if !claims.aud.names(profile) {
        return Err(TokenFault::Audience);
    }
    let now = now.timestamp();
    let expired_for = now.saturating_sub(claims.exp);
    if expired_for > LEEWAY_SECONDS {
        return Err(TokenFault::Expired { seconds: expired_for });
    }
    let begins_in = claims.nbf.map_or(0, |nbf| nbf.saturating_sub(now));
    if begins_in > LEEWAY_SECONDS {
        return Err(TokenFault::NotYetValid { seconds: begins_in });
    }
    Ok(())
}

fn principal(claims: &Claims, profile: &AuthProfile) -> Principal {
    let roles = profile.roles(claims.roles.iter().map(String::as_str));
    let kind =
        if is_person(claims) && !is_guest(claims, profile) { PrincipalKind::HomePerson } else { PrincipalKind::Other };
    let name = [&claims.name, &claims.preferred_username, &claims.app_displayname, &claims.azp];
    let name = name.into_iter().flatten().find(|name| !name.trim().is_empty());
    let who = Who {
        person: None,
        tenant_id: profile.tenant_id,
        object_id: claims.oid.as_deref().and_then(|oid| Uuid::parse_str(oid).ok()),
        name: name.map(|name| plain_name(name)).unwrap_or_default(),
    };
    Principal { kind, roles, who, via: Via::Bearer }
}

/// A delegated token has `scp`; in a program's own token `oid` and `sub` are the same. `idtyp` says it outright.
fn is_person(claims: &Claims) -> bool {
    if claims.idtyp.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("app")) {
        return false;
    }
    let delegated = claims.scp.as_deref().is_some_and(|scopes| !scopes.trim().is_empty());
    let own_subject = claims.oid.is_some() && claims.sub.is_some() && claims.oid != claims.sub;
    delegated || own_subject
}

/// A guest signs in with an account of another tenant.
fn is_guest(claims: &Claims, profile: &AuthProfile) -> bool {
    let user_name = claims.preferred_username.as_deref().unwrap_or_default();
    is_foreign_account(profile.tenant_id, claims.idp.as_deref(), claims.acct, user_name)
}
