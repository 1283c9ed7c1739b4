//! Certificates with their private keys: what a tenant signs in with.

mod cache;
mod error;
mod file;
mod pem;

use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use chrono::NaiveDate;
use jsonwebtoken::EncodingKey;
use leitwarte_core::{DateTime, Utc};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use zeroize::Zeroizing;

pub(crate) use cache::CredentialCache;
pub use error::{CredentialError, CredentialProblem};
pub use file::resolve;

/// The least Entra takes.
const MIN_KEY_BITS: usize = 2048;

/// A private key and its certificate, read from one PEM file. The key is wiped from memory when this is dropped
/// and never shown.
pub struct Credential {
    path: PathBuf,
    key: EncodingKey,
    key_bits: usize,
    derived: Zeroizing<[u8; 32]>,
    sha1: Vec<u8>,
    sha256: Vec<u8>,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    subject: String,
}

impl Credential {
    /// Reads the file a profile names and checks all that can be checked without Microsoft: [`Self::read`], the
    /// thumbprint (any case, with or without separators) and the validity at `now`.
    ///
    /// # Errors
    /// What is wrong with the file and how to mend it.
    pub fn load(
        cert_path: &str,
        thumbprint: &str,
        profiles_dir: &Path,
        now: DateTime<Utc>,
    ) -> Result<Self, CredentialError> {
        let credential = Self::read(&resolve(cert_path, profiles_dir)?)?;
        credential.check_thumbprint(thumbprint)?;
        credential.check_validity(now)?;
        Ok(credential)
    }

    /// Reads key and certificate whatever their dates: PKCS#8 or PKCS#1, in any order, with or without the
    /// certificates of a chain. Of several certificates the one of the key counts, the latest if there are more.
    ///
    /// # Errors
    /// When the file is missing, open to others than its owner, not PEM, or key and certificate do not fit.
    pub fn read(path: &Path) -> Result<Self, CredentialError> {
        Self::read_stamped(path).map(|(credential, _)| credential)
    }

    fn read_stamped(path: &Path) -> Result<(Self, file::Stamp), CredentialError> {
        let fail = |problem| CredentialError { path: path.to_owned(), problem };
        let (bytes, stamp) = file::read_secret(path).map_err(fail)?;
        let credential = Self::from_pem(path, &bytes).map_err(fail)?;
        Ok((credential, stamp))
    }

    fn from_pem(path: &Path, bytes: &[u8]) -> Result<Self, CredentialProblem> {
        let pem::Contents { key, certificates } = pem::read(bytes)?;
        // Also checks the numbers of the key against each other.
        let pair = RsaKeyPair::from_der(&key).map_err(|_| CredentialProblem::BadKey)?;
        let key_bits = pair.public_modulus_len() * 8;
        check_strength(key_bits)?;
        let public_key = pair.public_key().as_ref();
        let parsed: Vec<(&Vec<u8>, X509Certificate<'_>)> = certificates
            .iter()
            .filter_map(|der| X509Certificate::from_der(der).ok().map(|(_, certificate)| (der, certificate)))
            .collect();
        let (der, certificate) = parsed
            .iter()
            .filter(|(_, certificate)| certificate.public_key().subject_public_key.data == public_key)
            .max_by_key(|(_, certificate)| certificate.validity().not_after.timestamp())
            .ok_or(if parsed.len() < certificates.len() {
                CredentialProblem::BadCertificate
            } else {
                CredentialProblem::KeyMismatch
            })?;
        let moment = |seconds| DateTime::from_timestamp(seconds, 0).ok_or(CredentialProblem::BadCertificate);
        Ok(Self {
            path: path.to_owned(),
            key: EncodingKey::from_rsa_der(&key),
            key_bits,
            derived: derived(&key),
            sha1: digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref().to_vec(),
            sha256: digest::digest(&SHA256, der).as_ref().to_vec(),
            not_before: moment(certificate.validity().not_before.timestamp())?,
            not_after: moment(certificate.validity().not_after.timestamp())?,
            subject: certificate.subject().to_string(),
        })
    }

    /// Whether this is the certificate a profile means.
    ///
    /// # Errors
    /// When its SHA-1 thumbprint differs from `expected` (case and separators aside).
    pub fn check_thumbprint(&self, expected: &str) -> Result<(), CredentialError> {
        let expected: String =
            expected.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
        let found = self.thumbprint_sha1();
        if found == expected {
            return Ok(());
        }
        Err(self.error(CredentialProblem::ThumbprintMismatch { expected, found }))
    }

    /// Whether the certificate is valid at `now`.
    ///
    /// # Errors
    /// When its time has not come or is over.
    pub fn check_validity(&self, now: DateTime<Utc>) -> Result<(), CredentialError> {
        if now < self.not_before {
            return Err(self.error(CredentialProblem::NotYetValid { not_before: self.not_before }));
        }
        if now > self.not_after {
            return Err(self.error(CredentialProblem::Expired { not_after: self.not_after }));
        }
        Ok(())
    }

    /// What to tell about a date of expiry noted by hand (a profile's `expires`); `None` when it is right. The
    /// certificate's own date counts in any case.
    #[must_use]
    pub fn expiry_note(&self, noted: NaiveDate) -> Option<String> {
        let actual = self.not_after.date_naive();
        (actual != noted).then(|| {
            format!(
                "The profile says the certificate expires on {noted}, the certificate says {actual}; the certificate \
                 counts. Correct `expires` in the profile."
            )
        })
    }

    /// The file it was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-1 thumbprint of the certificate, as Entra shows it: 40 upper-case hex digits.
    #[must_use]
    pub fn thumbprint_sha1(&self) -> String {
        hex(&self.sha1)
    }

    /// SHA-256 thumbprint of the certificate: 64 upper-case hex digits.
    #[must_use]
    pub fn thumbprint_sha256(&self) -> String {
        hex(&self.sha256)
    }

    /// Start of validity.
    #[must_use]
    pub fn not_before(&self) -> DateTime<Utc> {
        self.not_before
    }

    /// End of validity.
    #[must_use]
    pub fn not_after(&self) -> DateTime<Utc> {
        self.not_after
    }

    /// Name in the certificate, such as `CN=leitwarte-contoso`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Size of the RSA key.
    #[must_use]
    pub fn key_bits(&self) -> usize {
        self.key_bits
    }

    /// A secret that follows from the private key and does not lead back to it: whoever has the key has it, too.
    #[must_use]
    pub fn key_secret(&self) -> &[u8] {
        self.derived.as_slice()
    }

    pub(crate) fn key(&self) -> &EncodingKey {
        &self.key
    }

    pub(crate) fn sha1(&self) -> &[u8] {
        &self.sha1
    }

    pub(crate) fn sha256(&self) -> &[u8] {
        &self.sha256
    }

    pub(crate) fn error(&self, problem: CredentialProblem) -> CredentialError {
        CredentialError { path: self.path.clone(), problem }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("path", &self.path)
            .field("subject", &self.subject)
            .field("thumbprint_sha1", &self.thumbprint_sha1())
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

fn derived(key: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut context = digest::Context::new(&SHA256);
    context.update(b"leitwarte secret of a private key");
    context.update(key);
    let mut secret = Zeroizing::new([0; 32]);
    secret.copy_from_slice(context.finish().as_ref());
    secret
}

fn check_strength(bits: usize) -> Result<(), CredentialProblem> {
    if bits < MIN_KEY_BITS { Err(CredentialProblem::KeyTooShort { bits }) } else { Ok(()) }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_below_2048_bits_is_refused() {
        assert_eq!(check_strength(1024), Err(CredentialProblem::KeyTooShort { bits: 1024 }));
        assert_eq!(check_strength(2040), Err(CredentialProblem::KeyTooShort { bits: 2040 }));
        assert_eq!(check_strength(2048), Ok(()));
        assert_eq!(check_strength(4096), Ok(()));
    }
}
