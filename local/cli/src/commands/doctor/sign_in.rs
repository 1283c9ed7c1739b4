//! Checks of the profiles for people's sign-in and for SharePoint: whether their files can be read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use leitwarte_core::auth_profile::{AuthCredential, AuthProfile, name_of_auth_file};

use super::finding::{Area, Finding};

const AREA: Area = Area::SignIn;

pub(super) fn check(profiles_dir: &Path) -> Vec<Finding> {
    let folder = profiles_dir.join("auth");
    let (used, unused): (Vec<_>, Vec<_>) =
        files(&folder).into_iter().partition(|file| name_of_auth_file(&file.name).is_some());
    let mut findings: Vec<Finding> = used.iter().map(auth_file).collect();
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

fn auth_file(file: &File) -> Finding {
    let name = &file.name;
    let profile = match &file.text {
        Err(error) => {
            return AREA.bad(name, format!("It cannot be read: {error}."), "Give it to the account of Leitwarte.");
        }
        Ok(text) => AuthProfile::parse(text),
    };
    match profile {
        Ok(profile) if file.is_open && matches!(profile.credential, Some(AuthCredential::Secret(_))) => AREA.bad(
            name,
            "It holds a client_secret and others than its owner can read it.",
            format!("Run: chmod 600 '{}' (and make a new secret if others may have read it).", file.path.display()),
        ),
        Ok(profile) => AREA.good(name, format!("Tokens of {} are accepted.", profile.issuer())),
        Err(error) => AREA.bad(name, format!("{error}."), "Correct the file."),
    }
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

    fn look(files: &[(&str, &str)]) -> Vec<(String, Level)> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        check(folder.path()).into_iter().map(|finding| (finding.subject, finding.level)).collect()
    }

    fn found(findings: &[(&str, Level)]) -> Vec<(String, Level)> {
        findings.iter().map(|(subject, level)| ((*subject).to_owned(), *level)).collect()
    }

    #[test]
    fn one_profile_is_what_it_takes() {
        let name = "auth-office-profile.json";
        assert_eq!(look(&[("auth/auth-office-profile.json", GOOD)]), found(&[(name, Level::Good)]));
    }

    #[test]
    fn without_a_profile_nobody_can_sign_in() {
        assert_eq!(look(&[]), found(&[("sign-in", Level::Warning)]));
        let misnamed = look(&[("auth/office.json", GOOD), ("auth/readme.txt", "no profile")]);
        assert_eq!(misnamed, found(&[("sign-in", Level::Warning), ("office.json", Level::Warning)]));
    }

    #[test]
    fn a_second_profile_leaves_open_which_one_counts() {
        let two = look(&[("auth/auth-a-profile.json", GOOD), ("auth/auth-b-profile.json", "{}")]);
        assert_eq!(
            two,
            found(&[
                ("auth-a-profile.json", Level::Good),
                ("auth-b-profile.json", Level::Bad),
                ("sign-in", Level::Bad)
            ])
        );
    }

    #[test]
    fn a_secret_that_others_can_read_is_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("auth")).unwrap();
        let path = folder.path().join("auth/auth-a-profile.json");
        fs::write(&path, GOOD.replace('}', r#", "client_secret": "hunter2"}"#)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let open = check(folder.path());
        assert_eq!(open[0].level, Level::Bad);
        assert!(open[0].fix.as_ref().unwrap().contains("chmod 600"));
        assert!(!format!("{open:?}").contains("hunter2"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(check(folder.path())[0].level, Level::Good);
    }

    #[test]
    fn a_sharepoint_profile_has_to_be_json() {
        let broken = look(&[
            ("auth/auth-a-profile.json", GOOD),
            ("sharepoint/sp-config-a-profile.json", "{\"site_id\": "),
            ("sharepoint/sp-config-b-profile.json", "{}"),
        ]);
        assert_eq!(broken[1..], found(&[("sp-config-a-profile.json", Level::Bad)]));
    }
}
