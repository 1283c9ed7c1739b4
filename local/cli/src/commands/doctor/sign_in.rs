//! Checks of the profiles for people's sign-in and for SharePoint: whether their files can be read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leitwarte_core::auth_profile::{AuthCredential, AuthProfile, name_of_auth_file};
use leitwarte_core::hosts::AllowedHosts;
use leitwarte_core::{DateTime, Utc};
use reqwest::StatusCode;
use serde::Deserialize;

use super::finding::{Area, Finding};
use super::people;
use crate::Settings;
use crate::words::count;

const AREA: Area = Area::SignIn;

/// A person is waiting.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Entra's key document is about 10 kB.
const LARGEST_DOCUMENT_BYTES: usize = 256 * 1024;

/// Checks the files and, when `online`, asks the sign-in host for its keys.
pub(super) async fn check(settings: &Settings, online: bool, now: DateTime<Utc>) -> Vec<Finding> {
    let profiles_dir = &settings.app.profiles_dir;
    let folder = profiles_dir.join("auth");
    let (used, unused): (Vec<_>, Vec<_>) =
        files(&folder).into_iter().partition(|file| name_of_auth_file(&file.name).is_some());
    let mut findings = Vec::new();
    for file in &used {
        match auth_file(file) {
            Ok(profile) => {
                findings.push(authority(settings, &file.name, &profile, online).await);
                findings.push(people::check(settings, &profile, now));
            }
            Err(finding) => findings.push(*finding),
        }
    }
    if used.is_empty() {
        findings.push(AREA.warning(
            "sign-in",
            format!("There is no profile in {}, so nobody can use pages or API.", folder.display()),
            "Register an application for Leitwarte in your own Entra and write its ids to \
             auth/auth-<name>-profile.json: {\"tenant_id\": …, \"client_id\": …}",
        ));
    } else if used.len() > 1 {
        let names: Vec<&str> = used.iter().map(|file| file.name.as_str()).collect();
        let message = format!("There are several profiles: {}.", names.join(", "));
        findings.push(AREA.bad("sign-in", message, "Keep exactly one; no other way tells which one counts."));
    }
    findings.extend(unused.iter().map(|file| {
        AREA.warning(&file.name, "This file is not used.", "Name it auth-<name>-profile.json, or remove it.")
    }));
    findings.extend(files(&profiles_dir.join("sharepoint")).iter().filter_map(sharepoint_file));
    findings
}

/// The profile in a file, or what is wrong with it.
fn auth_file(file: &File) -> Result<AuthProfile, Box<Finding>> {
    let bad = |message: String, fix: &str| Box::new(AREA.bad(&file.name, message, fix));
    let text = file
        .text
        .as_ref()
        .map_err(|error| bad(format!("It cannot be read: {error}."), "Give it to the account of Leitwarte."))?;
    let profile = AuthProfile::parse(text).map_err(|error| bad(format!("{error}."), "Correct the file."))?;
    if file.is_open && matches!(profile.credential, Some(AuthCredential::Secret(_))) {
        return Err(bad(
            "It holds a client_secret and others than its owner can read it.".to_owned(),
            &format!("Run: chmod 600 '{}' (and make a new secret if others may have read it).", file.path.display()),
        ));
    }
    Ok(profile)
}

/// Whether the sign-in host may be asked and, when `online`, has keys to check tokens with.
async fn authority(settings: &Settings, name: &str, profile: &AuthProfile, online: bool) -> Finding {
    let address = profile.keys_address();
    let allowed = match AllowedHosts::parse(&settings.app.graph_extra_hosts) {
        Ok(hosts) => hosts.check(&address).map_err(|refused| format!("Its authority_host cannot be used: {refused}.")),
        Err(error) => Err(format!("{error}.")),
    };
    if let Err(message) = allowed {
        let fix = "Leave authority_host out for Microsoft's own cloud, or correct it or GRAPH_EXTRA_HOSTS.";
        return AREA.bad(name, message, fix);
    }
    let issuer = profile.issuer();
    if !online {
        return AREA.good(name, format!("The profile is right; it wants tokens of {issuer}."));
    }
    match signing_keys(&address).await {
        Ok(0) => AREA.bad(
            name,
            format!("{issuer} publishes no signing key, so no token can be checked."),
            "Correct tenant_id and authority_host.",
        ),
        Ok(number) => AREA.good(name, format!("Tokens of {issuer} are accepted; it has {}.", count(number, "key"))),
        Err(problem) => AREA.bad(
            name,
            format!("The keys of {issuer} cannot be fetched, so no token can be checked: {problem}."),
            "Correct tenant_id and authority_host; let this machine reach the sign-in host (firewall, HTTPS_PROXY).",
        ),
    }
}

/// How many keys for signatures a key document (RFC 7517) holds.
async fn signing_keys(address: &str) -> Result<usize, String> {
    #[derive(Deserialize)]
    struct Keys {
        keys: Vec<Key>,
    }
    #[derive(Deserialize)]
    struct Key {
        kty: String,
        r#use: Option<String>,
    }
    let in_words = |error: reqwest::Error| format!("{:#}", anyhow::Error::from(error.without_url()));
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(in_words)?;
    let mut response = client.get(address).send().await.map_err(in_words)?;
    if response.status() != StatusCode::OK {
        return Err(format!("the answer is {}", response.status()));
    }
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(in_words)? {
        if document.len() + chunk.len() > LARGEST_DOCUMENT_BYTES {
            return Err("the answer is too long".to_owned());
        }
        document.extend_from_slice(&chunk);
    }
    let document: Keys = serde_json::from_slice(&document).map_err(|_| "the answer is no key document".to_owned())?;
    let signs = |key: &&Key| key.kty == "RSA" && key.r#use.as_deref().is_none_or(|usage| usage == "sig");
    Ok(document.keys.iter().filter(signs).count())
}

/// A SharePoint profile only has to be JSON here; the function that uses it checks what is in it.
fn sharepoint_file(file: &File) -> Option<Finding> {
    let problem = match &file.text {
        Err(error) => format!("It cannot be read: {error}."),
        Ok(text) => format!("It is not JSON: {}.", serde_json::from_str::<serde::de::IgnoredAny>(text).err()?),
    };
    Some(AREA.bad(&file.name, problem, "Correct the file."))
}

struct File {
    name: String,
    path: PathBuf,
    text: std::io::Result<String>,
    /// Whether group or others may read it.
    is_open: bool,
}

/// The JSON files of a folder by name; none when there is no such folder.
fn files(folder: &Path) -> Vec<File> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<File> = entries
        .flatten()
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .filter(|(name, _)| name.to_ascii_lowercase().ends_with(".json"))
        .map(|(name, path)| File {
            text: fs::read_to_string(&path),
            is_open: fs::metadata(&path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0),
            name,
            path,
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    const GOOD: &str = r#"{"tenant_id": "8c2b7e0e-54a1-4f5a-9d53-0d7c6d1f6a01",
                           "client_id": "0b9f1b3c-2c67-4a3e-8c1e-5f2b7a9d4e02"}"#;

    fn settings(profiles_dir: &Path, extra_hosts: &str) -> Settings {
        let values = [("PROFILES_DIR", profiles_dir.to_str().unwrap()), ("GRAPH_EXTRA_HOSTS", extra_hosts)];
        Settings::new(values.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap()
    }

    async fn offline(profiles_dir: &Path) -> Vec<Finding> {
        check(&settings(profiles_dir, ""), false, DateTime::UNIX_EPOCH).await
    }

    async fn look(files: &[(&str, &str)]) -> Vec<(String, Level)> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        offline(folder.path()).await.into_iter().map(|finding| (finding.subject, finding.level)).collect()
    }

    fn found(findings: &[(&str, Level)]) -> Vec<(String, Level)> {
        findings.iter().map(|(subject, level)| ((*subject).to_owned(), *level)).collect()
    }

    #[tokio::test]
    async fn one_profile_is_what_it_takes() {
        let name = "auth-office-profile.json";
        assert_eq!(
            look(&[("auth/auth-office-profile.json", GOOD)]).await,
            found(&[(name, Level::Good), ("people", Level::Warning)])
        );
    }

    #[tokio::test]
    async fn without_a_profile_nobody_can_sign_in() {
        assert_eq!(look(&[]).await, found(&[("sign-in", Level::Warning)]));
        let misnamed = look(&[("auth/office.json", GOOD), ("auth/readme.txt", "no profile")]).await;
        assert_eq!(misnamed, found(&[("sign-in", Level::Warning), ("office.json", Level::Warning)]));
    }

    #[tokio::test]
    async fn a_second_profile_leaves_open_which_one_counts() {
        let two = look(&[("auth/auth-a-profile.json", GOOD), ("auth/auth-b-profile.json", "{}")]).await;
        assert_eq!(
            two,
            found(&[
                ("auth-a-profile.json", Level::Good),
                ("people", Level::Warning),
                ("auth-b-profile.json", Level::Bad),
                ("sign-in", Level::Bad)
            ])
        );
    }

    #[tokio::test]
    async fn a_secret_that_others_can_read_is_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("auth")).unwrap();
        let path = folder.path().join("auth/auth-a-profile.json");
        fs::write(&path, GOOD.replace('}', r#", "client_secret": "hunter2"}"#)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let open = offline(folder.path()).await;
        assert_eq!(open[0].level, Level::Bad);
        assert!(open[0].fix.as_ref().unwrap().contains("chmod 600"));
        assert!(!format!("{open:?}").contains("hunter2"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(offline(folder.path()).await[0].level, Level::Good);
    }

    #[tokio::test]
    async fn a_sharepoint_profile_has_to_be_json() {
        let broken = look(&[
            ("auth/auth-a-profile.json", GOOD),
            ("sharepoint/sp-config-a-profile.json", "{\"site_id\": "),
            ("sharepoint/sp-config-b-profile.json", "{}"),
        ])
        .await;
        assert_eq!(broken[2..], found(&[("sp-config-a-profile.json", Level::Bad)]));
    }

    #[tokio::test]
    async fn a_sign_in_host_has_to_be_allowed_and_to_publish_keys() {
        let keys = r#"{"keys": [{"kty": "RSA", "use": "sig"}, {"kty": "RSA"}, {"kty": "EC"}]}"#;
        let routes = axum::Router::new().route("/{tenant}/discovery/v2.0/keys", axum::routing::get(keys));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("auth")).unwrap();
        let profile = GOOD.replace('}', &format!(r#", "authority_host": "http://{address}"}}"#));
        fs::write(folder.path().join("auth/auth-a-profile.json"), &profile).unwrap();

        let unlisted = &offline(folder.path()).await[0];
        assert!(unlisted.level == Level::Bad && unlisted.message.contains("GRAPH_EXTRA_HOSTS"), "{unlisted:?}");
        let asked = &check(&settings(folder.path(), &address), true, DateTime::UNIX_EPOCH).await[0];
        assert!(asked.level == Level::Good && asked.message.contains("2 keys"), "{asked:?}");

        let elsewhere = profile.replace(&address, &format!("{address}/nowhere"));
        fs::write(folder.path().join("auth/auth-a-profile.json"), elsewhere).unwrap();
        let asked = &check(&settings(folder.path(), &address), true, DateTime::UNIX_EPOCH).await[0];
        assert!(asked.level == Level::Bad && asked.message.contains("404"), "{asked:?}");
    }
}
