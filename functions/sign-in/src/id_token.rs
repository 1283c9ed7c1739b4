//! What makes an ID token count, and what it says.
//! Source: OIDC Core 1.0, section 3.1.3.7; Microsoft Learn, "ID token claims reference".

use std::collections::BTreeSet;

use leitwarte_core::auth_profile::{AuthProfile, Role, is_foreign_account};
use leitwarte_core::{DateTime, TimeDelta, Utc, Uuid};
use leitwarte_store::Account;
use leitwarte_web::bearer::{TokenFault, key_id};
use leitwarte_web::keys::PublishedKey;
use leitwarte_web::permission::plain_name;
use leitwarte_web::sign_in_problem::SignInProblem;
use openidconnect::core::{
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IdTokenClaims, IdTokenVerifier, IssuerUrl,
    JsonWebKeySet, Nonce,
};
use serde::{Deserialize, Serialize};

/// How far clocks may be apart.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Entra dates a new token five minutes back; one that is older than this was not made for this sign-in.
const OLDEST: TimeDelta = TimeDelta::minutes(15);

/// What Entra's ID tokens say beyond the standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntraClaims {
    tid: Option<String>,
    oid: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    nbf: Option<i64>,
    idp: Option<String>,
    acct: Option<i64>,
}

impl AdditionalClaims for EntraClaims {}

/// An ID token of Entra.
pub(crate) type EntraIdToken =
    IdToken<EntraClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// Who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) account: Account,
    /// What Entra's app roles give, and nothing more.
    pub(crate) rights: BTreeSet<Role>,
    /// The app roles themselves.
    pub(crate) claims: Vec<String>,
    /// When Entra made the token.
    pub(crate) issued_at: DateTime<Utc>,
}

/// Why a token does not count. The text is for the operator's log and holds nothing of the token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdTokenFault {
    #[error("ID token refused: {0}")]
    Header(#[from] TokenFault),
    #[error("ID token refused: its key cannot be used")]
    Key,
    #[error("ID token refused: {0}")]
    Claims(&'static str),
    #[error("ID token refused: it is of another tenant")]
    OtherTenant,
    #[error("refused: a guest, whose account is in another tenant")]
    Guest,
}

impl IdTokenFault {
    /// What the person is told.
    pub(crate) fn problem(&self) -> SignInProblem {
        match self {
            Self::OtherTenant => SignInProblem::OtherTenant,
            Self::Guest => SignInProblem::Guest,
            Self::Header(_) | Self::Key | Self::Claims(_) => SignInProblem::NotTrusted,
        }
    }
}

/// The id of the key that a token names.
pub(crate) fn key_of(token: &EntraIdToken) -> Result<String, IdTokenFault> {
    Ok(key_id(&token.to_string())?)
}

/// Checks a token that came for the attempt with this nonce.
pub(crate) fn verify(
    token: &EntraIdToken,
    key: &PublishedKey,
    profile: &AuthProfile,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<Person, IdTokenFault> {
    let issuer = IssuerUrl::new(profile.issuer()).map_err(|_| IdTokenFault::Claims("our issuer is no address"))?;
    let key: CoreJsonWebKey = serde_json::from_value(key.jwk.clone()).map_err(|_| IdTokenFault::Key)?;
    let client_id = ClientId::new(profile.client_id.to_string());
    let verifier = IdTokenVerifier::new_public_client(client_id, issuer, JsonWebKeySet::new(vec![key]))
        .set_allowed_algs([CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256])
        .set_time_fn(move || now - LEEWAY)
        .set_issue_time_verifier_fn(move |issued| {
            let age = now - issued;
            if (-LEEWAY..OLDEST).contains(&age) { Ok(()) } else { Err("not issued just now".to_owned()) }
        });
    let nonce = Nonce::new(nonce.to_owned());
    let claims = token.claims(&verifier, &nonce).map_err(|error| fault(&error))?;
    person(claims, profile, now)
}

fn person(
    claims: &IdTokenClaims<EntraClaims, CoreGenderClaim>,
    profile: &AuthProfile,
    now: DateTime<Utc>,
) -> Result<Person, IdTokenFault> {
    let entra = claims.additional_claims();
    let guid = |claim: &Option<String>| claim.as_deref().and_then(|text| Uuid::parse_str(text).ok());
    let tenant_id = guid(&entra.tid).ok_or(IdTokenFault::Claims("it names no tenant"))?;
    if tenant_id != profile.tenant_id {
        return Err(IdTokenFault::OtherTenant);
    }
    if entra.nbf.is_some_and(|nbf| nbf > (now + LEEWAY).timestamp()) {
        return Err(IdTokenFault::Claims("it is not valid yet"));
    }
    let object_id = guid(&entra.oid).ok_or(IdTokenFault::Claims("it names no account"))?;
    let user_name = claims.preferred_username().map(|name| plain_name(name.as_str())).unwrap_or_default();
    if is_foreign_account(profile.tenant_id, entra.idp.as_deref(), entra.acct, &user_name) {
        return Err(IdTokenFault::Guest);
    }
    let name = claims.name().and_then(|name| name.get(None)).map(|name| plain_name(name.as_str()));
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| user_name.clone());
    let rights = profile.roles(entra.roles.iter().map(String::as_str));
    let account = Account { tenant_id, object_id, user_name, name };
    Ok(Person { account, rights, claims: entra.roles.clone(), issued_at: claims.issue_time() })
}

/// Which check failed; the library's texts quote the token.
fn fault(error: &ClaimsVerificationError) -> IdTokenFault {
    IdTokenFault::Claims(match error {
        ClaimsVerificationError::Expired(_) => "it has expired",
        ClaimsVerificationError::InvalidAudience(_) => "it is for another application",
        ClaimsVerificationError::InvalidIssuer(_) => "it is of another issuer",
        ClaimsVerificationError::InvalidNonce(_) => "it is not for this sign-in (nonce)",
        ClaimsVerificationError::SignatureVerification(_) => "its signature does not count",
        ClaimsVerificationError::Other(_) => "it was not issued just now",
        _ => "it is not an ID token as it should be",
    })
}
