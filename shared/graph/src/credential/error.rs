//! What can be wrong with a certificate file, in words for the technician who made it.

use std::io;
use std::path::PathBuf;

use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_core::{DateTime, Utc};

/// A certificate file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Certificate file {}: {problem}", path.display())]
pub struct CredentialError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: CredentialProblem,
}

/// What is wrong with a certificate file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialProblem {
    /// Neither in the profiles' folder nor in its parent.
    #[error("it does not exist{}", also(also_tried.as_ref()))]
    NotFound {
        /// The other place a relative path was looked up.
        also_tried: Option<PathBuf>,
    },
    /// A folder, device or pipe.
    #[error("it is not a regular file")]
    NotAFile,
    /// The operating system refuses the file or a folder on the way to it.
    #[error("it cannot be read ({0})")]
    Unreadable(io::ErrorKind),
    /// Far larger than any key with certificate.
    #[error("it is larger than 256 KiB")]
    TooLarge,
    /// Group or others have rights on the private key.
    #[error("others than its owner may access the private key (mode {mode:04o})")]
    TooOpen {
        /// The permission bits.
        mode: u32,
    },
    /// Not PEM at all, or damaged.
    #[error("it is not a PEM file: {0}")]
    NotPem(&'static str),
    /// The private key has a password.
    #[error("its private key is encrypted with a password")]
    Encrypted,
    /// No private key in it.
    #[error("it holds no private key")]
    NoKey,
    /// Which of them?
    #[error("it holds more than one private key")]
    SeveralKeys,
    /// No certificate in it.
    #[error("it holds no certificate")]
    NoCertificate,
    /// A certificate that cannot be decoded.
    #[error("its certificate is damaged")]
    BadCertificate,
    /// An elliptic curve or other key.
    #[error("its private key is not an RSA key")]
    NotRsa,
    /// An RSA key that cannot be decoded or contradicts itself.
    #[error("its private key is damaged")]
    BadKey,
    /// Too weak for Entra.
    #[error("its RSA key has {bits} bits, less than 2048")]
    KeyTooShort {
        /// Size of the modulus.
        bits: usize,
    },
    /// Key and certificate are of different pairs.
    #[error("its private key does not belong to its certificate")]
    KeyMismatch,
    /// Another certificate than the profile says.
    #[error("its certificate has the thumbprint {found}, the profile says {expected}")]
    ThumbprintMismatch {
        /// The profile's thumbprint.
        expected: String,
        /// The certificate's.
        found: String,
    },
    /// Its time has not come.
    #[error("its certificate is not valid before {}", not_before.format("%Y-%m-%d %H:%M UTC"))]
    NotYetValid {
        /// Start of validity.
        not_before: DateTime<Utc>,
    },
    /// Its time is over.
    #[error("its certificate expired on {}", not_after.format("%Y-%m-%d %H:%M UTC"))]
    Expired {
        /// End of validity.
        not_after: DateTime<Utc>,
    },
}

fn also(path: Option<&PathBuf>) -> String {
    path.map(|path| format!(", nor does {}", path.display())).unwrap_or_default()
}

impl CredentialError {
    /// The class of failure.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self.problem {
            CredentialProblem::Expired { .. } => FailureKind::CertificateExpired,
            _ => FailureKind::Certificate,
        }
    }

    /// End of the certificate's validity, if it is over: the date to show beside the failure.
    #[must_use]
    pub fn not_after(&self) -> Option<DateTime<Utc>> {
        match self.problem {
            CredentialProblem::Expired { not_after } => Some(not_after),
            _ => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        let path = self.path.display();
        match &self.problem {
            CredentialProblem::NotFound { .. } => {
                "Put the file there or correct cert_path; a relative path starts at the profiles' folder or its parent."
                    .to_owned()
            }
            CredentialProblem::NotAFile => "Let cert_path name one PEM file.".to_owned(),
            CredentialProblem::Unreadable(_) => {
                format!(
                    "Let the account that runs Leitwarte enter the file's folder, make it the owner of the file and run: \
                     chmod 600 '{path}'"
                )
            }
            CredentialProblem::TooLarge => "Let cert_path name a PEM file with one key and its certificate.".to_owned(),
            CredentialProblem::TooOpen { .. } => {
                format!("Run: chmod 600 '{path}' (and replace the key if others may have read it).")
            }
            CredentialProblem::NotPem(_) => {
                "Convert it, for example: openssl pkcs12 -in file.pfx -out file.pem -nodes".to_owned()
            }
            CredentialProblem::Encrypted => {
                "Store the key without a password in an owner-only file: openssl rsa -in old.pem -out new.pem".to_owned()
            }
            CredentialProblem::NoKey | CredentialProblem::NoCertificate => {
                "The file must hold both: the private key and its certificate, one after the other.".to_owned()
            }
            CredentialProblem::SeveralKeys => "Leave only the key that belongs to the certificate.".to_owned(),
            CredentialProblem::KeyMismatch => "Put the key and the certificate that were made together.".to_owned(),
            CredentialProblem::BadCertificate
            | CredentialProblem::BadKey
            | CredentialProblem::NotRsa
            | CredentialProblem::KeyTooShort { .. } => {
                "Make a new RSA key of 2048 bits or more with its certificate, and upload the certificate to the app \
                 registration."
                    .to_owned()
            }
            CredentialProblem::ThumbprintMismatch { .. } => {
                "Correct thumbprint or cert_path in the profile; the certificate must be the one in the app registration."
                    .to_owned()
            }
            CredentialProblem::NotYetValid { .. } => "Wait until then, or correct this machine's clock.".to_owned(),
            CredentialProblem::Expired { .. } => {
                "Make a new certificate, upload it to the app registration, and put its thumbprint into the profile."
                    .to_owned()
            }
        }
    }

    /// The failure as a poll records it.
    #[must_use]
    pub fn failure(&self) -> PollFailure {
        PollFailure { kind: self.kind(), message: format!("{self}."), fix: self.fix() }
    }
}
