//! Certificates as an app registration knows them: the public half only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::DecodingKey;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// A certificate registered for an app: what Entra needs to check a client assertion.
#[derive(Clone)]
pub struct RegisteredCertificate {
    /// SHA-1 of the certificate's DER, the profile's thumbprint and the `x5t` header.
    pub sha1: [u8; 20],
    /// SHA-256 of the certificate's DER, the `x5t#S256` header.
    pub sha256: [u8; 32],
    /// From when it counts.
    pub not_before: DateTime<Utc>,
    /// Until when it counts.
    pub not_after: DateTime<Utc>,
    pub(crate) key: DecodingKey,
}

/// Why a text is no certificate for client assertions.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// There is no `-----BEGIN CERTIFICATE-----` block, or it is damaged.
    #[error("no readable PEM block `CERTIFICATE`")]
    Pem,
    /// The block holds something else than an X.509 certificate.
    #[error("the PEM block is not an X.509 certificate")]
    Der,
    /// Only RSA keys sign client assertions.
    #[error("the certificate's key is not RSA")]
    NotRsa,
}

impl RegisteredCertificate {
    /// Reads the first certificate of a PEM text; private keys beside it are skipped.
    ///
    /// # Errors
    /// When there is none, or its key is not RSA.
    pub fn from_pem(pem: &str) -> Result<Self, CertificateError> {
        let block = Pem::iter_from_buffer(pem.as_bytes())
            .filter_map(Result::ok)
            .find(|block| block.label == "CERTIFICATE")
            .ok_or(CertificateError::Pem)?;
        let (_, certificate) = X509Certificate::from_der(&block.contents).map_err(|_| CertificateError::Der)?;
        let public = RsaPublic::of(certificate.public_key()).ok_or(CertificateError::NotRsa)?;
        let moment = |time: x509_parser::time::ASN1Time| {
            DateTime::from_timestamp(time.timestamp(), 0).ok_or(CertificateError::Der)
        };
        Ok(Self {
            sha1: Sha1::digest(&block.contents).into(),
            sha256: Sha256::digest(&block.contents).into(),
            not_before: moment(certificate.validity().not_before)?,
            not_after: moment(certificate.validity().not_after)?,
            key: DecodingKey::from_rsa_raw_components(&public.modulus, &public.exponent),
        })
    }

    /// The SHA-1 thumbprint as profiles and Entra's portal show it: 40 upper-case hex digits.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        upper_hex(&self.sha1)
    }
}

impl std::fmt::Debug for RegisteredCertificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RegisteredCertificate")
            .field("thumbprint", &self.thumbprint())
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// Bytes as upper-case hex digits, as Microsoft shows thumbprints.
pub(crate) fn upper_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 0xF)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// An RSA public key's two numbers, big-endian without leading zeros.
pub(crate) struct RsaPublic {
    pub(crate) modulus: Vec<u8>,
    pub(crate) exponent: Vec<u8>,
}

impl RsaPublic {
    pub(crate) fn of(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let PublicKey::RSA(key) = info.parsed().ok()? else { return None };
        let trimmed = |number: &[u8]| number.iter().copied().skip_while(|byte| *byte == 0).collect();
        Some(Self { modulus: trimmed(key.modulus), exponent: trimmed(key.exponent) })
    }

    /// The numbers as a JSON Web Key has them (RFC 7518, 6.3.1).
    pub(crate) fn encoded(&self) -> (String, String) {
        (URL_SAFE_NO_PAD.encode(&self.modulus), URL_SAFE_NO_PAD.encode(&self.exponent))
    }
}
