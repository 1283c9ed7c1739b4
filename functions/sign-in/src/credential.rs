//! What this program shows Microsoft to prove who it is, and the key that follows from it.

use std::path::Path;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use leitwarte_core::auth_profile::{AuthCredential, AuthProfile};
use leitwarte_core::profile::AssertionKind;
use leitwarte_core::{DateTime, Utc, Uuid};
use leitwarte_graph::assertion::{self, Statement};
use leitwarte_graph::credential::resolve;
use leitwarte_graph::{Credential, CredentialError};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// For what the key is; another purpose gets another key.
const PURPOSE: &[u8] = b"leitwarte sign-in attempt v1";

/// Why there is no credential. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialFault {
    #[error("the sign-in profile has neither client_secret nor cert_path; add one of them")]
    Missing,
    #[error("the certificate of the sign-in profile cannot be used: {0}")]
    Certificate(#[from] CredentialError),
}

/// The credential of the sign-in application.
pub(crate) enum ClientCredential {
    /// A shared secret.
    Secret(SecretString),
    /// A certificate with its key.
    Certificate(Box<Credential>),
}

/// Seals what a browser keeps for us.
pub(crate) struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    /// The key that follows from secret bytes (HKDF, RFC 5869). Every host with the same credential has the same.
    pub(crate) fn of(secret: &[u8]) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        let derived = Salt::new(HKDF_SHA256, b"leitwarte").extract(secret);
        // 32 bytes are well below HKDF's limit of 255 blocks, so neither step fails.
        if let Ok(okm) = derived.expand(&[PURPOSE], HKDF_SHA256) {
            let _ = okm.fill(key.as_mut());
        }
        Self(key)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

impl ClientCredential {
    /// Reads the credential of a profile.
    pub(crate) fn of(profile: &AuthProfile, profiles_dir: &Path, now: DateTime<Utc>) -> Result<Self, CredentialFault> {
        match &profile.credential {
            None => Err(CredentialFault::Missing),
            Some(AuthCredential::Secret(secret)) => Ok(Self::Secret(secret.clone())),
            Some(AuthCredential::Certificate { cert_path }) => {
                let credential = Credential::read(&resolve(cert_path, profiles_dir)?)?;
                credential.check_validity(now)?;
                Ok(Self::Certificate(Box::new(credential)))
            }
        }
    }

    /// The key for attempts.
    pub(crate) fn sealing_key(&self) -> SealingKey {
        match self {
            Self::Secret(secret) => SealingKey::of(secret.expose_secret().as_bytes()),
            Self::Certificate(credential) => SealingKey::of(credential.key_secret()),
        }
    }

    /// What goes into a request to the token endpoint at `audience` (RFC 6749, section 2.3; RFC 7523, section 2.2).
    pub(crate) fn parameters(
        &self,
        client_id: Uuid,
        audience: &str,
        now: DateTime<Utc>,
        jti: Uuid,
    ) -> Result<Vec<(&'static str, SecretString)>, CredentialFault> {
        match self {
            Self::Secret(secret) => Ok(vec![("client_secret", secret.clone())]),
            Self::Certificate(credential) => {
                let statement = Statement { client_id, audience, now, jti };
                let signed = assertion::sign(credential, AssertionKind::Ps256, &statement)?;
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                Ok(vec![("client_assertion_type", SecretString::from(kind)), ("client_assertion", signed)])
            }
        }
    }
}
