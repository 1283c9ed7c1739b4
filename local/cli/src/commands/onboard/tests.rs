use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use clap::Parser as _;
use leitwarte_core::profile::TenantProfile;
use leitwarte_graph::Credential;

use super::*;
use crate::{Cli, Command, Settings};

const TENANT: &str = "8c2b7e0e-54a1-4f5a-9d53-0d7c6d1f6a01";
const OTHER_TENANT: &str = "11111111-54a1-4f5a-9d53-0d7c6d1f6a01";
const CLIENT: &str = "0b9f1b3c-2c67-4a3e-8c1e-5f2b7a9d4e02";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn args(words: &[&str]) -> Result<Args, clap::Error> {
    let cli = Cli::try_parse_from([&["leitwarte", "onboard"], words].concat())?;
    let Command::Onboard(args) = cli.command else { panic!("not onboard") };
    Ok(args)
}

/// Runs it below `base`; the outcome and what it said.
fn onboard(base: &Path, words: &[&str]) -> (Outcome, String) {
    let profiles = base.join("config-profiles").display().to_string();
    let settings = Settings::new([("PROFILES_DIR".to_owned(), profiles)]).unwrap();
    let context = Context { settings, now: now(), width: 100 };
    let mut out = Vec::new();
    let outcome = run(&args(words).unwrap(), &context, &mut out).unwrap();
    (outcome, anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string())
}

fn contoso(base: &Path) -> (Outcome, String) {
    onboard(base, &["contoso", "--tenant-id", TENANT, "--client-id", CLIENT])
}

fn profile(base: &Path) -> TenantProfile {
    let text = fs::read_to_string(base.join("config-profiles/config-contoso-profile.json")).unwrap();
    TenantProfile::parse(&text).unwrap()
}

#[test]
fn what_it_makes_is_what_a_poll_loads() {
    let base = tempfile::tempdir().unwrap();
    let (outcome, said) = contoso(base.path());
    assert_eq!(outcome, Outcome::Well, "{said}");
    let profile = profile(base.path());
    let credential =
        Credential::load(&profile.cert_path, &profile.thumbprint, &base.path().join("config-profiles"), now()).unwrap();
    assert_eq!(credential.expiry_note(profile.expires), None);
    assert_eq!(credential.not_after(), now() + TimeDelta::days(365));
    assert_eq!(credential.key_bits(), 3072);
    assert!(said.contains(&credential.thumbprint_sha1()) && said.contains(&credential.thumbprint_sha256()), "{said}");
}

#[test]
fn the_profile_has_the_source_systems_form() {
    let base = tempfile::tempdir().unwrap();
    contoso(base.path());
    let text = fs::read_to_string(base.path().join("config-profiles/config-contoso-profile.json")).unwrap();
    let thumbprint = profile(base.path()).thumbprint;
    insta::assert_snapshot!(text.replace(&thumbprint, "<thumbprint>"), @r#"
    {
      "tenant_id": "8c2b7e0e-54a1-4f5a-9d53-0d7c6d1f6a01",
      "tenant_name": "contoso",
      "client_id": "0b9f1b3c-2c67-4a3e-8c1e-5f2b7a9d4e02",
      "thumbprint": "<thumbprint>",
      "cert_path": "certs/contoso/mycert_contoso.pem",
      "expires": "2028-01-15"
    }
    "#);
}

#[test]
fn a5_the_key_is_for_its_owner_alone_and_not_in_the_file_to_upload() {
    let base = tempfile::tempdir().unwrap();
    contoso(base.path());
    let mode = |path: &str| fs::metadata(base.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("certs/contoso"), 0o700);
    assert_eq!(mode("certs/contoso/mycert_contoso.pem"), 0o600);
    let public = fs::read_to_string(base.path().join("certs/contoso/contoso.cer")).unwrap();
    assert!(public.starts_with("-----BEGIN CERTIFICATE-----") && !public.contains("PRIVATE"));
    let files: Vec<_> = fs::read_dir(base.path().join("certs/contoso")).unwrap().flatten().collect();
    assert_eq!(files.len(), 2, "no temporary file stays behind");
}

#[test]
fn the_steps_name_everything_a_person_needs() {
    let base = tempfile::tempdir().unwrap();
    let words = ["contoso", "--tenant-id", TENANT, "--client-id", CLIENT, "--cloud", "usgov"];
    let (_, said) = onboard(base.path(), &words);
    for needed in ["portal.azure.us", CLIENT, "contoso.cer", "LicenseAssignment.Read.All", "admin consent", "doctor"] {
        assert!(said.contains(needed), "{needed} is missing in\n{said}");
    }
    assert_eq!(profile(base.path()).cloud, Cloud::UsGov);
}

#[test]
fn nothing_is_overwritten() {
    let base = tempfile::tempdir().unwrap();
    contoso(base.path());
    let key = base.path().join("certs/contoso/mycert_contoso.pem");
    let before = fs::read(&key).unwrap();
    let (outcome, said) = onboard(base.path(), &["contoso", "--tenant-id", OTHER_TENANT, "--client-id", CLIENT]);
    assert_eq!(outcome, Outcome::Problem);
    assert!(said.contains("config-contoso-profile.json") && said.contains("overwritten"), "{said}");
    // Not even when only the key is left.
    fs::remove_file(base.path().join("config-profiles/config-contoso-profile.json")).unwrap();
    let (outcome, said) = contoso(base.path());
    assert_eq!(outcome, Outcome::Problem);
    assert!(said.contains("mycert_contoso.pem"), "{said}");
    assert_eq!(fs::read(&key).unwrap(), before);
}

#[test]
fn one_tenant_is_taken_in_once() {
    let base = tempfile::tempdir().unwrap();
    contoso(base.path());
    let (outcome, said) = onboard(base.path(), &["again", "--tenant-id", TENANT, "--client-id", CLIENT]);
    assert_eq!(outcome, Outcome::Problem);
    assert!(said.contains("`contoso`") && said.contains(TENANT), "{said}");
    let words = ["again", "--tenant-id", OTHER_TENANT, "--client-id", CLIENT, "--tenant-name", "contoso"];
    let (outcome, said) = onboard(base.path(), &words);
    assert_eq!(outcome, Outcome::Problem);
    assert!(said.contains("--tenant-name"), "{said}");
    assert!(!base.path().join("certs/again").exists(), "a refusal leaves nothing behind");
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing_behind() {
    let base = tempfile::tempdir().unwrap();
    let paths = files::Paths::new(base.path(), &base.path().join("config-profiles"), "contoso");
    let made = certificate::make("contoso", now(), TimeDelta::days(1)).unwrap();
    // The profile's name is taken between the check and the writing.
    fs::create_dir_all(&paths.profile).unwrap();
    let error = files::write(&paths, &made, "{}").unwrap_err();
    assert!(error.to_string().contains("config-contoso-profile.json"), "{error:#}");
    assert!(!paths.key.exists() && !paths.public.exists());
}

#[test]
fn bad_names_and_ids_are_refused_with_words() {
    let refused = |words: &[&str]| args(words).unwrap_err().to_string();
    for name in ["", "../x", "a b", ".hidden", "ä", &"x".repeat(65)] {
        let words = refused(&[name, "--tenant-id", TENANT, "--client-id", CLIENT]);
        assert!(words.contains("letters, digits"), "{name}: {words}");
    }
    let words = refused(&["contoso", "--tenant-id", "contoso.onmicrosoft.com", "--client-id", CLIENT]);
    assert!(words.contains("not a GUID") && words.contains("--tenant-id"), "{words}");
    let words = refused(&["contoso", "--tenant-id", TENANT, "--client-id", "00000000-0000-0000-0000-000000000000"]);
    assert!(words.contains("placeholder"), "{words}");
}

#[test]
fn while_the_demo_runs_it_says_that_nothing_is_polled_yet() {
    let base = tempfile::tempdir().unwrap();
    let mut lock = crate::commands::up::lock::take(&base.path().join("data")).unwrap();
    lock.note(true).unwrap();
    let values = [("PROFILES_DIR", "config-profiles"), ("DATA_DIR", "data")]
        .map(|(name, folder)| (name.to_owned(), base.path().join(folder).display().to_string()));
    let context = Context { settings: Settings::new(values).unwrap(), now: now(), width: 100 };
    let mut out = Vec::new();
    run(&args(&["contoso", "--tenant-id", TENANT, "--client-id", CLIENT]).unwrap(), &context, &mut out).unwrap();
    let said = String::from_utf8(out).unwrap();
    assert!(said.contains("The demo is running") && !said.contains("from now on"), "{said}");
}
