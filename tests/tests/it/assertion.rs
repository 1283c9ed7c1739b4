//! Our client assertion beside the one MSAL, Microsoft's own library, makes with the same key.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use anyhow::Result;
use leitwarte_core::profile::AssertionKind;
use leitwarte_core::{TimeDelta, Uuid};
use leitwarte_graph::Credential;
use leitwarte_graph::assertion::{Statement, sign};
use leitwarte_graph_simulator::rsa_certificate;
use leitwarte_runtime::clock;
use leitwarte_tests::foreign;
use leitwarte_tests::stack::repository;
use secrecy::ExposeSecret as _;

#[test]
fn both_kinds_of_assertion_agree_with_msal_claim_by_claim() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pem = folder.path().join("key-and-certificate.pem");
    let now = clock::now();
    fs::write(&pem, rsa_certificate("contoso", now - TimeDelta::days(1), now + TimeDelta::days(30))?.pem)?;
    fs::set_permissions(&pem, fs::Permissions::from_mode(0o600))?;
    let credential = Credential::read(&pem)?;

    let client_id = clock::new_id();
    let token_url = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", Uuid::from_u128(7));
    let ours = |kind| {
        let statement = Statement { client_id, audience: &token_url, now, jti: clock::new_id() };
        sign(&credential, kind, &statement).map(|assertion| assertion.expose_secret().to_owned())
    };
    // Two of the first kind, so that the comparison sees two different `jti`.
    let assertions = [ours(AssertionKind::Ps256)?, ours(AssertionKind::Ps256)?, ours(AssertionKind::Rs256)?];

    let mut compare = Command::new(foreign::python());
    compare.arg(repository().join("tests/foreign/msal/compare.py")).arg("--pem").arg(&pem);
    compare.args(["--token-url", &token_url, "--client-id", &client_id.to_string()]);
    for assertion in &assertions {
        compare.args(["--ours", assertion]);
    }
    foreign::assert_success("the comparison with MSAL", &compare.output()?);
    Ok(())
}
