//! TLS with certificate files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use leitwarte_gateway::Limits;
use leitwarte_gateway::settings::TlsFiles;
use leitwarte_gateway::tls::{TlsError, server_config};
use serde_json::json;
use tempfile::TempDir;

use crate::common::{Gateway, emulator, result};

/// A certificate for `localhost` in files, and its PEM for the client to trust.
fn certificate(folder: &Path) -> (TlsFiles, String) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    fs::write(&files.certificate, cert.pem()).unwrap();
    fs::write(&files.key, signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&files.key, Permissions::from_mode(0o600)).unwrap();
    (files, cert.pem())
}

#[tokio::test]
async fn requests_over_tls_are_served_and_promise_tls() {
    let folder = TempDir::new().unwrap();
    let (files, pem) = certificate(folder.path());
    let answering = emulator(|_, event| {
        assert_eq!(event["headers"]["x-forwarded-proto"], "https");
        result(&json!("secret"))
    })
    .await;
    let gateway = Gateway::in_front_of(answering, Limits::default(), Some(server_config(&files).unwrap())).await;

    let trusted = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    let url = format!("https://localhost:{}/page", gateway.address.port());
    let response = client.get(&url).send().await.unwrap();
    assert!(response.headers().contains_key("strict-transport-security"));
    assert_eq!(response.text().await.unwrap(), "secret");

    let plain = client.get(gateway.url("/page")).send().await;
    assert!(plain.is_err(), "plain HTTP on a TLS port gets no answer");
}

#[test]
fn files_that_cannot_be_used_say_why() {
    let folder = TempDir::new().unwrap();
    let (files, _) = certificate(folder.path());
    let error = |files: &TlsFiles| server_config(files).unwrap_err();

    fs::set_permissions(&files.key, Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(error(&files), TlsError::KeyReadableByOthers(_)));
    fs::set_permissions(&files.key, Permissions::from_mode(0o600)).unwrap();

    let swapped = TlsFiles { certificate: files.key.clone(), key: files.key.clone() };
    assert!(matches!(error(&swapped), TlsError::NoCertificate(_)));

    let missing = TlsFiles { key: folder.path().join("none.pem"), ..files.clone() };
    assert!(error(&missing).to_string().contains("none.pem (TLS_KEY_FILE)"));

    let other = TempDir::new().unwrap();
    let foreign = TlsFiles { key: certificate(other.path()).0.key, ..files };
    assert!(matches!(error(&foreign), TlsError::Unusable(_)));
}
