//! TLS by certificate file.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use thiserror::Error;

use crate::settings::TlsFiles;

/// Permission bits of group and others.
const NOT_THE_OWNER: u32 = 0o077;

/// Why TLS cannot be offered.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {} ({variable})", path.display())]
    Read {
        /// Variable that names the file.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// What reading it said.
        #[source]
        source: pem::Error,
    },
    /// The certificate file holds no certificate.
    #[error("{} holds no PEM certificate (TLS_CERT_FILE)", .0.display())]
    NoCertificate(PathBuf),
    /// Others than the owner can read the private key.
    #[error("{} can be read by others; run `chmod 600` on it (TLS_KEY_FILE)", .0.display())]
    KeyReadableByOthers(PathBuf),
    /// Certificate and key do not fit, or the key is of an unknown kind.
    #[error("certificate and key cannot be used together (TLS_CERT_FILE, TLS_KEY_FILE)")]
    Unusable(#[source] rustls::Error),
}

/// Loads certificate and key. HTTP/1.1 is the only protocol offered.
///
/// # Errors
/// A file is missing, unreadable, too open, or not what it should be.
pub fn server_config(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let certificates = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| unreadable("TLS_CERT_FILE", &files.certificate, source))?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate(files.certificate.clone()));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|source| unreadable("TLS_KEY_FILE", &files.key, source))?;
    let mode = std::fs::metadata(&files.key).map(|metadata| metadata.permissions().mode()).unwrap_or_default();
    if mode & NOT_THE_OWNER != 0 {
        return Err(TlsError::KeyReadableByOthers(files.key.clone()));
    }

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn unreadable(variable: &'static str, path: &Path, source: pem::Error) -> TlsError {
    TlsError::Read { variable, path: path.to_owned(), source }
}
