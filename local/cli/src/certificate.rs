//! A self-signed certificate for the client assertion, and its private key.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

/// What becomes files.
pub(crate) struct Certificate {
    /// Private key, then certificate, both PEM: what a profile's `cert_path` names.
    pub(crate) with_key: Zeroizing<String>,
    /// The certificate alone, PEM, for the upload to Entra.
    pub(crate) public: String,
    /// SHA-1 thumbprint, upper-case hex, as Entra shows it.
    pub(crate) sha1: String,
    /// SHA-256 thumbprint, upper-case hex.
    pub(crate) sha256: String,
    /// The day it ends, UTC.
    pub(crate) expires: NaiveDate,
}

/// Entra accepts RSA keys of 2048 bits and more; BSI TR-02102-1 asks for 3000 and more.
const KEY_SIZE: RsaKeySize = RsaKeySize::_3072;

/// Clocks of other machines may be behind ours; the certificate must already hold there.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(10);

/// Makes key and certificate, valid for `lifetime` from `now`.
///
/// # Errors
/// When the system has no randomness or the time is outside what a certificate can hold.
pub(crate) fn make(tenant_name: &str, now: DateTime<Utc>, lifetime: TimeDelta) -> anyhow::Result<Certificate> {
    let mut key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, KEY_SIZE).context("cannot make an RSA key")?;
    let ends = now + lifetime;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("Leitwarte {tenant_name}"));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since_epoch(now - CLOCK_TOLERANCE)?;
    params.not_after = epoch + since_epoch(ends)?;
    let certificate = params.self_signed(&key).context("cannot sign the certificate")?;

    let mut key_pem = key.serialize_pem();
    key.zeroize();
    let public = certificate.pem();
    let with_key = Zeroizing::new(format!("{key_pem}{public}"));
    key_pem.zeroize();
    Ok(Certificate {
        with_key,
        public,
        sha1: hex(&Sha1::digest(certificate.der())),
        sha256: hex(&Sha256::digest(certificate.der())),
        expires: ends.date_naive(),
    })
}

fn since_epoch(time: DateTime<Utc>) -> anyhow::Result<Duration> {
    let seconds = u64::try_from(time.timestamp()).context("this machine's clock is before 1970")?;
    Ok(Duration::from_secs(seconds))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}
