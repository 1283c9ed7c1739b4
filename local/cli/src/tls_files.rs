//! The gateway's certificate and key (`TLS_CERT_FILE`, `TLS_KEY_FILE`), loaded as the gateway does.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use leitwarte_host::env::Environment;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Whether the gateway can speak TLS with these settings; `false` when it is to speak plain HTTP.
///
/// # Errors
/// Why it would not start.
pub(crate) fn check(host: &Environment) -> anyhow::Result<bool> {
    match (host.get("TLS_CERT_FILE"), host.get("TLS_KEY_FILE")) {
        (None, None) => Ok(false),
        (Some(certificate), Some(key)) => load(Path::new(certificate), Path::new(key)).map(|()| true),
        _ => bail!("TLS needs both TLS_CERT_FILE and TLS_KEY_FILE; set the other one too, or neither"),
    }
}

fn load(certificate: &Path, key: &Path) -> anyhow::Result<()> {
    let certificates = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("cannot read {} (TLS_CERT_FILE)", certificate.display()))?;
    ensure!(!certificates.is_empty(), "{} holds no PEM certificate (TLS_CERT_FILE)", certificate.display());
    let private =
        PrivateKeyDer::from_pem_file(key).with_context(|| format!("cannot read {} (TLS_KEY_FILE)", key.display()))?;
    let is_open = key.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
    ensure!(!is_open, "{} can be read by others; run `chmod 600` on it (TLS_KEY_FILE)", key.display());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, private))
        .context("certificate and key cannot be used together (TLS_CERT_FILE, TLS_KEY_FILE)")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    fn host(pairs: &[(&str, &Path)]) -> Environment {
        pairs.iter().map(|(name, path)| ((*name).to_owned(), path.display().to_string())).collect()
    }

    #[test]
    fn a_pair_is_taken_only_if_the_gateway_would_take_it() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        let made = rcgen::generate_simple_self_signed(["leitwarte.test".to_owned()]).unwrap();
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let both = host(&[("TLS_CERT_FILE", &certificate), ("TLS_KEY_FILE", &key)]);
        fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
        assert!(check(&both).unwrap_err().to_string().contains("chmod 600"));
        fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        assert!(check(&both).unwrap());
        fs::write(&certificate, "no certificate").unwrap();
        assert!(check(&both).unwrap_err().to_string().contains("TLS_CERT_FILE"));
        assert!(!check(&host(&[])).unwrap());
        assert!(check(&host(&[("TLS_KEY_FILE", &key)])).unwrap_err().to_string().contains("TLS_CERT_FILE"));
    }
}
