//! Makes keys and certificates for demo tenants, synthetic tenants and tests.

use chrono::{DateTime, Datelike as _, Utc};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};

/// A fresh key with its self-signed certificate.
#[derive(Clone)]
pub struct KeyAndCertificate {
    /// Private key (PKCS #8) and certificate in one text, as `cert_path` of a profile names it. Secret.
    pub pem: String,
    /// The certificate alone.
    pub certificate_pem: String,
}

/// Makes an RSA key of 2048 bits and a certificate for it that counts from the start of `not_before`'s day to the
/// start of `not_after`'s day (UTC). It may already be over.
///
/// # Errors
/// When the cryptography library refuses, which it does for dates beyond what X.509 can say.
pub fn rsa_certificate(
    common_name: &str,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
) -> Result<KeyAndCertificate, rcgen::Error> {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let (year, month, day) = date(not_before)?;
    params.not_before = rcgen::date_time_ymd(year, month, day);
    let (year, month, day) = date(not_after)?;
    params.not_after = rcgen::date_time_ymd(year, month, day);
    let certificate_pem = params.self_signed(&key)?.pem();
    Ok(KeyAndCertificate { pem: format!("{}{certificate_pem}", key.serialize_pem()), certificate_pem })
}

fn date(at: DateTime<Utc>) -> Result<(i32, u8, u8), rcgen::Error> {
    let small = |number: u32| u8::try_from(number).map_err(|_| rcgen::Error::Time);
    // X.509 dates have four digits for the year.
    let year = (1..=9999).contains(&at.year()).then_some(at.year()).ok_or(rcgen::Error::Time)?;
    Ok((year, small(at.month())?, small(at.day())?))
}
