use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser as _;

use super::finding::{Area, Finding, Level};
use super::*;
use crate::{Cli, Command, Settings};

const CLIENT: &str = "0b9f1b3c-2c67-4a3e-8c1e-5f2b7a9d4e02";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn context(base: &Path, now: DateTime<Utc>) -> Context {
    let values = [("PROFILES_DIR", "config-profiles"), ("DATA_DIR", "data")]
        .map(|(name, folder)| (name.to_owned(), base.join(folder).display().to_string()));
    Context { settings: Settings::new(values).unwrap(), now, width: 100 }
}

/// Makes a tenant as a person does.
fn onboard(base: &Path, name: &str, tenant_id: &str) {
    let words = ["leitwarte", "onboard", name, "--tenant-id", tenant_id, "--client-id", CLIENT];
    let Command::Onboard(args) = Cli::parse_from(words).command else { panic!("not onboard") };
    let outcome = crate::commands::onboard::run(&args, &context(base, now()), &mut Vec::new()).unwrap();
    assert_eq!(outcome, Outcome::Well);
}

fn tenant_id(number: u32) -> String {
    format!("{number:08x}-54a1-4f5a-9d53-0d7c6d1f6a01")
}

fn look(base: &Path, now: DateTime<Utc>) -> Vec<Finding> {
    tenants::check(&base.join("config-profiles"), &[], now).into_findings()
}

fn edit(base: &Path, name: &str, from: &str, to: &str) {
    let file = base.join(format!("config-profiles/config-{name}-profile.json"));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

/// One tenant, one thing wrong with it: the only finding.
fn broken(prepare: impl Fn(&Path), now: DateTime<Utc>) -> Finding {
    let base = tempfile::tempdir().unwrap();
    onboard(base.path(), "contoso", &tenant_id(1));
    prepare(base.path());
    let mut findings: Vec<Finding> =
        look(base.path(), now).into_iter().filter(|finding| finding.level > Level::Note).collect();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let finding = findings.remove(0);
    assert_eq!((finding.area, finding.subject.as_str()), (Area::Tenants, "contoso"));
    assert!(finding.fix.as_ref().is_some_and(|fix| !fix.is_empty()), "what to do about {finding:?}?");
    finding
}

#[test]
fn a_fresh_tenant_is_good() {
    let base = tempfile::tempdir().unwrap();
    onboard(base.path(), "contoso", &tenant_id(1));
    let findings = look(base.path(), now());
    assert_eq!((findings.len(), findings[0].level), (1, Level::Good), "{findings:?}");
    assert!(findings[0].message.contains("2028-01-15"), "{}", findings[0].message);
}

#[test]
fn a_profile_that_is_not_json_is_found() {
    let cut_off = |base: &Path| edit(base, "contoso", "}", "");
    assert_eq!(broken(cut_off, now()).level, Level::Bad);
}

#[test]
fn an_unknown_key_is_found_by_name() {
    let finding = broken(|base| edit(base, "contoso", "\"expires\"", "\"expiry\""), now());
    assert!(finding.level == Level::Bad && finding.message.contains("expiry"), "{finding:?}");
}

#[test]
fn another_certificates_thumbprint_is_found() {
    let other = |base: &Path| {
        let file = base.join("config-profiles/config-contoso-profile.json");
        let mut json: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        json["thumbprint"] = "AB".repeat(20).into();
        fs::write(file, json.to_string()).unwrap();
    };
    let finding = broken(other, now());
    assert!(finding.level == Level::Bad && finding.message.contains("thumbprint"), "{finding:?}");
}

#[test]
fn a_missing_certificate_is_found() {
    let gone = |base: &Path| fs::remove_file(base.join("certs/contoso/mycert_contoso.pem")).unwrap();
    let finding = broken(gone, now());
    assert!(finding.level == Level::Bad && finding.message.contains("does not exist"), "{finding:?}");
}

#[test]
fn a5_a_key_that_others_can_read_is_found() {
    let open = |base: &Path| {
        let key = base.join("certs/contoso/mycert_contoso.pem");
        fs::set_permissions(key, fs::Permissions::from_mode(0o644)).unwrap();
    };
    let finding = broken(open, now());
    assert!(finding.level == Level::Bad && finding.fix.as_ref().unwrap().contains("chmod 600"), "{finding:?}");
}

#[test]
fn a_certificate_is_a_warning_sixty_days_before_its_end_and_bad_after_it() {
    let ends = now() + TimeDelta::days(365);
    let base = tempfile::tempdir().unwrap();
    onboard(base.path(), "contoso", &tenant_id(1));
    let worst = |now| look(base.path(), now).iter().map(|finding| finding.level).max();
    assert_eq!(worst(ends - TimeDelta::days(61)), Some(Level::Good));
    assert_eq!(worst(ends - TimeDelta::days(60)), Some(Level::Warning));
    assert_eq!(worst(ends + TimeDelta::seconds(1)), Some(Level::Bad));
}

#[test]
fn a_date_noted_wrongly_is_a_warning() {
    let finding = broken(|base| edit(base, "contoso", "2028-01-15", "2027-06-30"), now());
    assert_eq!(finding.level, Level::Warning);
    assert!(finding.message.contains("2027-06-30") && finding.message.contains("2028-01-15"), "{finding:?}");
}

#[test]
fn two_profiles_of_one_tenant_are_found() {
    let copied = |base: &Path| {
        let profiles = base.join("config-profiles");
        fs::copy(profiles.join("config-contoso-profile.json"), profiles.join("config-a-copy-profile.json")).unwrap();
        edit(base, "a-copy", "\"tenant_name\": \"contoso\"", "\"tenant_name\": \"copy\"");
    };
    let base = tempfile::tempdir().unwrap();
    onboard(base.path(), "contoso", &tenant_id(1));
    copied(base.path());
    let findings = look(base.path(), now());
    let bad: Vec<&Finding> = findings.iter().filter(|finding| finding.level == Level::Bad).collect();
    assert_eq!(bad.len(), 1, "{findings:#?}");
    assert!(bad[0].message.contains("tenant_id"), "{findings:#?}");
}

#[test]
fn one_name_for_two_tenants_is_refused() {
    let base = tempfile::tempdir().unwrap();
    onboard(base.path(), "contoso", &tenant_id(1));
    onboard(base.path(), "fabrikam", &tenant_id(2));
    edit(base.path(), "fabrikam", "\"tenant_name\": \"fabrikam\"", "\"tenant_name\": \"contoso\"");
    let findings = look(base.path(), now());
    let faults: Vec<&Finding> = findings.iter().filter(|finding| finding.level == Level::Bad).collect();
    assert_eq!((faults.len(), faults[0].subject.as_str()), (1, "fabrikam"), "{findings:#?}");
}

#[test]
fn a_tenant_that_is_switched_off_is_not_asked_and_no_problem() {
    let base = tempfile::tempdir().unwrap();
    onboard(base.path(), "contoso", &tenant_id(1));
    edit(base.path(), "contoso", "\"expires\"", "\"enabled\": false, \"expires\"");
    fs::remove_dir_all(base.path().join("certs")).unwrap();
    let findings = look(base.path(), now());
    assert_eq!((findings.len(), findings[0].level), (1, Level::Note), "{findings:?}");
}

#[test]
fn no_tenant_at_all_is_a_warning_with_the_way_on() {
    let base = tempfile::tempdir().unwrap();
    let findings = look(base.path(), now());
    assert_eq!((findings.len(), findings[0].level), (1, Level::Warning));
    assert!(findings[0].fix.as_ref().unwrap().contains("onboard"));
}

#[tokio::test]
async fn the_database_is_told_apart_missing_good_and_damaged() {
    let base = tempfile::tempdir().unwrap();
    let settings = context(base.path(), now()).settings;
    assert_eq!(database::check(&settings).await.0.level, Level::Note);
    let config = leitwarte_store::Config {
        database_url: settings.app.database_url.clone(),
        read_only: false,
        max_connections: 1,
    };
    leitwarte_store::Store::open(&config).await.unwrap().close().await;
    assert_eq!(database::check(&settings).await.0.level, Level::Good);
    fs::write(base.path().join("data/leitwarte.db"), b"this is not a database, but long enough to be read").unwrap();
    // A link to itself stands for every file that is there and cannot be opened, also for the superuser.
    let looped = context(&base.path().join("looped"), now()).settings;
    fs::create_dir_all(&looped.app.data_dir).unwrap();
    let link = looped.app.data_dir.join("leitwarte.db");
    std::os::unix::fs::symlink(&link, &link).unwrap();
    assert_eq!(database::check(&looped).await.0.level, Level::Bad);
    let (damaged, _) = database::check(&settings).await;
    assert_eq!(damaged.level, Level::Bad, "{damaged:?}");
    assert!(damaged.fix.as_ref().is_some_and(|fix| fix.contains("backup")), "{damaged:?}");
}

#[test]
fn a_profile_under_another_name_is_a_warning_and_a_mistyped_folder_bad() {
    let base = tempfile::tempdir().unwrap();
    let settings = context(base.path(), now()).settings;
    assert_eq!(tenants::folder(&settings)[0].level, Level::Bad);
    onboard(base.path(), "contoso", &tenant_id(1));
    fs::write(base.path().join("config-profiles/fabrikam.json"), "{}").unwrap();
    let findings = tenants::folder(&settings);
    assert_eq!((findings.len(), findings[0].level, findings[0].subject.as_str()), (1, Level::Warning, "fabrikam.json"));
}

#[test]
fn the_page_says_what_to_do_and_counts_what_is_wrong() {
    let findings = [
        Area::Machine.good("data folder", "data can be written to."),
        Area::Database.note("database", "data/leitwarte.db does not exist yet; the first poll makes it."),
        Area::Tenants.good("contoso", "Signs in and reads 11 licences; the certificate ends on 2027-11-23."),
        Area::Tenants.warning("fabrikam", "The certificate ends in 5 days, on 2026-11-27.", "Make a new one."),
        Area::Tenants.bad(
            "a-tenant-with-a-name-that-is-too-long",
            "Entra (login.microsoftonline.com) does not know the certificate (AADSTS700027): it is not registered, or \
             it was uploaded a few minutes ago.",
            "Upload the .cer file to the app registration under Certificates & secrets, and wait some minutes.",
        ),
    ];
    insta::assert_snapshot!(anstream::adapter::strip_str(&finding::render(&findings, 90)).to_string());
    assert!(finding::any_bad(&findings) && !finding::any_bad(&findings[..4]));
}
