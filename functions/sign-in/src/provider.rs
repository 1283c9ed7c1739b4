//! Microsoft's sign-in, as its discovery document describes it.

use std::sync::{Arc, Mutex, PoisonError};

use leitwarte_core::auth_profile::AuthProfile;
use leitwarte_core::hosts::AllowedHosts;
use leitwarte_core::{DateTime, TimeDelta, Utc};
use leitwarte_web::keys::{KeyCache, KeysUnavailable, PublishedKey};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, CsrfToken, EmptyExtraTokenFields, EndpointNotSet, EndpointSet,
    IdTokenFields, IssuerUrl, JsonWebKeySet, LogoutRequest, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, RequestTokenError, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::attempt::Attempt;
use crate::id_token::{EntraClaims, EntraIdToken};
use crate::outside::Outside;

/// Age at which the document is read again.
const REFRESH_AFTER: TimeDelta = TimeDelta::hours(24);

/// Pause after a reading that failed, so that a host that is away is not asked by everybody who wants to sign in.
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(10);

/// What the token endpoint answers.
type Tokens = StandardTokenResponse<
    IdTokenFields<
        EntraClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

/// The library's client with both endpoints known.
type Client = openidconnect::Client<
    EntraClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointNotSet,
>;

/// Why the sign-in host cannot be used now. The text is for the operator's log.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ProviderFault {
    #[error("the discovery document of the sign-in host cannot be read: {0}")]
    Discovery(String),
    #[error("the sign-in profile has an address that cannot be used: {0}")]
    Address(String),
}

/// Why a code brought no token. The text is for the operator's log and holds neither code nor token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeFault {
    /// Microsoft does not accept this application's credential or registration.
    #[error("the token endpoint refuses this application: {0}")]
    Application(String),
    /// Microsoft does not accept the code.
    #[error("the token endpoint refuses the code: {0}")]
    Code(String),
    /// No answer that could be understood.
    #[error("the token endpoint does not answer: {0}")]
    Unavailable(String),
    /// An answer without the token that was asked for, or with one that cannot be read.
    #[error("the token endpoint's answer has no readable ID token")]
    NoToken,
}

/// The sign-in host, with what was read of it.
#[derive(Debug)]
pub(crate) struct Provider {
    outside: Outside,
    keys: KeyCache,
    last: Mutex<Option<Reading>>,
    reading: tokio::sync::Mutex<()>,
}

/// A reading of the discovery document.
#[derive(Debug, Clone)]
struct Reading {
    issuer: String,
    at: DateTime<Utc>,
    result: Result<Arc<ProviderMetadataWithLogout>, ProviderFault>,
}

impl Reading {
    fn counts(&self, issuer: &str, now: DateTime<Utc>) -> bool {
        let age = (now - self.at).abs();
        self.issuer == issuer && age < if self.result.is_ok() { REFRESH_AFTER } else { RETRY_AFTER }
    }
}

impl Provider {
    pub(crate) fn new(hosts: AllowedHosts) -> Result<Self, reqwest::Error> {
        Ok(Self {
            outside: Outside::new(hosts)?,
            keys: KeyCache::new()?,
            last: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        })
    }

    /// The discovery document of the profile's authority. At most one call reads it at a time.
    pub(crate) async fn metadata(
        &self,
        profile: &AuthProfile,
        now: DateTime<Utc>,
    ) -> Result<Arc<ProviderMetadataWithLogout>, ProviderFault> {
        let issuer = profile.issuer();
        let known = || {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.clone().filter(|reading| reading.counts(&issuer, now)).map(|reading| reading.result)
        };
        if let Some(result) = known() {
            return result;
        }
        let _alone = self.reading.lock().await;
        if let Some(result) = known() {
            return result;
        }
        let result = self.discover(&issuer).await.map(Arc::new);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Reading { issuer, at: now, result: result.clone() });
        result
    }

    async fn discover(&self, issuer: &str) -> Result<ProviderMetadataWithLogout, ProviderFault> {
        let url = IssuerUrl::new(issuer.to_owned()).map_err(|error| ProviderFault::Address(error.to_string()))?;
        let found = ProviderMetadataWithLogout::discover_async(url, &self.outside).await;
        let found = found.map_err(|error| ProviderFault::Discovery(causes(&error)))?;
        let logout = found.additional_metadata().end_session_endpoint.as_ref().map(|url| url.as_str());
        let named =
            [Some(found.authorization_endpoint().as_str()), found.token_endpoint().map(|url| url.as_str()), logout];
        for address in named.into_iter().flatten().chain([found.jwks_uri().as_str()]) {
            self.outside.allows(address).map_err(|error| ProviderFault::Discovery(error.to_string()))?;
        }
        Ok(found)
    }

    /// Where a browser begins this attempt; `anew` lets the person choose an account even where Microsoft knows one.
    pub(crate) fn sign_in_address(
        metadata: &ProviderMetadataWithLogout,
        profile: &AuthProfile,
        redirect_uri: String,
        attempt: &Attempt,
        anew: bool,
    ) -> Result<String, ProviderFault> {
        let client = client(metadata, profile, redirect_uri)?;
        let (state, nonce) = (CsrfToken::new(attempt.state.clone()), Nonce::new(attempt.nonce.clone()));
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(attempt.verifier.clone()));
        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce)
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            // The default of a code flow; said outright, because a form sent from there would come without our cookie.
            .add_extra_param("response_mode", "query");
        if anew {
            request = request.add_prompt(CoreAuthPrompt::SelectAccount);
        }
        let (address, _, _) = request.url();
        Ok(address.into())
    }

    /// Exchanges a code for an ID token, which is still to be verified.
    pub(crate) async fn exchange(
        &self,
        (metadata, profile, redirect_uri): (&ProviderMetadataWithLogout, &AuthProfile, String),
        code: String,
        attempt: &Attempt,
        credential: Vec<(&'static str, SecretString)>,
    ) -> Result<EntraIdToken, ExchangeFault> {
        let unavailable = |fault: &dyn std::error::Error| ExchangeFault::Unavailable(causes(fault));
        let client = client(metadata, profile, redirect_uri).map_err(|fault| unavailable(&fault))?;
        let mut request = client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()));
        for (name, value) in credential {
            request = request.add_extra_param(name, value.expose_secret().to_owned());
        }
        let tokens: Tokens = request.request_async(&self.outside).await.map_err(|error| match &error {
            RequestTokenError::ServerResponse(answer) => refusal(answer),
            RequestTokenError::Request(fault) => unavailable(fault),
            RequestTokenError::Parse(_, _) | RequestTokenError::Other(_) => ExchangeFault::NoToken,
        })?;
        tokens.extra_fields().id_token().cloned().ok_or(ExchangeFault::NoToken)
    }

    /// The key of this id, as the sign-in host publishes it.
    pub(crate) async fn key(
        &self,
        metadata: &ProviderMetadataWithLogout,
        kid: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<PublishedKey>>, KeysUnavailable> {
        self.keys.key(metadata.jwks_uri().as_str(), kid, now).await
    }

    /// Where a browser ends its session at Microsoft, too, and comes back to `home`; `None` if there is no such place.
    pub(crate) fn sign_out_address(
        metadata: &ProviderMetadataWithLogout,
        profile: &AuthProfile,
        home: String,
    ) -> Option<String> {
        let endpoint = metadata.additional_metadata().end_session_endpoint.clone()?;
        let request = LogoutRequest::from(endpoint)
            .set_client_id(ClientId::new(profile.client_id.to_string()))
            .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(home).ok()?);
        Some(request.http_get_url().into())
    }
}

fn client(
    metadata: &ProviderMetadataWithLogout,
    profile: &AuthProfile,
    redirect_uri: String,
) -> Result<Client, ProviderFault> {
    let redirect_uri = RedirectUrl::new(redirect_uri).map_err(|error| ProviderFault::Address(error.to_string()))?;
    let no_token_endpoint = || ProviderFault::Discovery("it names no token endpoint".to_owned());
    let token_endpoint: TokenUrl = metadata.token_endpoint().cloned().ok_or_else(no_token_endpoint)?;
    // Keys are looked up one by one when a token names them.
    let no_keys = JsonWebKeySet::new(Vec::new());
    let client_id = ClientId::new(profile.client_id.to_string());
    Ok(openidconnect::Client::new(client_id, metadata.issuer().clone(), no_keys)
        .set_auth_uri(metadata.authorization_endpoint().clone())
        .set_token_uri(token_endpoint)
        .set_auth_type(AuthType::RequestBody)
        .set_redirect_uri(redirect_uri))
}

/// Microsoft's refusal by its code alone: the text behind it names people and requests.
fn refusal(answer: &StandardErrorResponse<CoreErrorResponseType>) -> ExchangeFault {
    let description = answer.error_description().map(String::as_str).unwrap_or_default();
    let number = aadsts(description).map(|number| format!(" (AADSTS{number})")).unwrap_or_default();
    let words = format!("{}{number}", answer.error().as_ref());
    match answer.error() {
        CoreErrorResponseType::InvalidGrant => ExchangeFault::Code(words),
        _ => ExchangeFault::Application(words),
    }
}

/// The number of an Entra error.
/// Source: Microsoft Learn, "Microsoft Entra authentication and authorization error codes".
pub(crate) fn aadsts(description: &str) -> Option<u32> {
    let digits = description.split("AADSTS").nth(1)?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// An error with all that caused it.
fn causes(error: &dyn std::error::Error) -> String {
    let all = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    all.collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_refusal_is_read_and_nothing_else() {
        assert_eq!(aadsts("AADSTS50105: The signed in user 'x' is not assigned"), Some(50105));
        assert_eq!(aadsts("Refused. AADSTS7000222: expired"), Some(7_000_222));
        for other in ["", "AADSTS", "AADSTSx", "AADSTS99999999999999"] {
            assert_eq!(aadsts(other), None, "{other}");
        }
    }
}
