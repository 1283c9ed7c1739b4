//! Loading of tenant profiles from disk.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use leitwarte_core::profile::{FoundProfile, is_key, key_of_file_name};

/// A profile is half a kilobyte; a file beyond this is not one.
const MAX_BYTES: u64 = 64 * 1024;

/// The folder of the profiles cannot be read: nothing is known of any tenant, which is not the same as there being
/// none.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the profiles' folder {} (PROFILES_DIR)", dir.display())]
pub struct ProfilesError {
    dir: PathBuf,
    #[source]
    source: io::Error,
}

/// Reads every `config-<name>-profile.json` of a folder, ordered by key. A file that cannot be used is in the
/// list with the reason, also one whose name does not make a key; other files are passed over. Blocks on the disk, on one
/// that does not answer (a network mount) for good: whoever calls this bounds the wait.
///
/// # Errors
/// When the folder itself cannot be read.
pub fn load(dir: &Path) -> Result<Vec<FoundProfile>, ProfilesError> {
    let error = |source| ProfilesError { dir: dir.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(error)? {
        names.push(entry.map_err(error)?.file_name());
    }
    names.sort_unstable();
    let mut found: Vec<FoundProfile> =
        names.iter().filter_map(|name| Some(read(&dir.join(name), key_of_file_name(name.to_str()?)?))).collect();
    for name in &names {
        let name = name.to_string_lossy();
        if let Some(broken) = badly_named(&name)
            && !found.iter().any(|entry| entry.key == broken.key)
        {
            found.push(broken);
        }
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(found)
}

fn read(path: &Path, key: &str) -> FoundProfile {
    match text(path) {
        Ok(json) => FoundProfile::read(key, &json),
        Err(problem) => FoundProfile::broken(
            key,
            format!("{} cannot be read: {problem}.", shown(path)),
            "Make it a text file in UTF-8 that this program's user may read.",
        ),
    }
}

/// The text of a profile's file.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    // Opening a pipe waits until somebody writes to it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file but a folder, a pipe or a device"));
    }
    let mut text = String::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {MAX_BYTES} bytes")));
    }
    Ok(text)
}

/// A file that is meant as a profile but whose name makes no key: a tenant that fails under the nearest key, so
/// that it is seen.
fn badly_named(name: &str) -> Option<FoundProfile> {
    let meant = name.strip_prefix("config-")?.strip_suffix("-profile.json")?;
    if is_key(meant) {
        return None;
    }
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
    let key: String = meant.trim_start_matches('.').chars().map(allowed).take(64).collect();
    let key = if key.is_empty() { "_".to_owned() } else { key };
    Some(FoundProfile::broken(
        &key,
        format!("The name of the file {name:?} cannot stand in commands and addresses."),
        "Name it config-<name>-profile.json, <name> being 1 to 64 letters, digits, '.', '_' or '-'.",
    ))
}

fn shown(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use leitwarte_core::poll::FailureKind;
    use tempfile::TempDir;

    use super::*;

    const GOOD: &str = r#"{ "tenant_id": "7d0d8a3e-52c7-4b0e-9f5b-0e6f0f7b9a11", "tenant_name": "contoso",
        "client_id": "0c5b7f3a-8d1e-4a57-8a42-3f1c7a1d9b22", "expires": "2026-05-19", "cert_path": "c.pem",
        "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678" }"#;

    fn folder(files: &[(&str, &[u8])]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    fn keys(found: &[FoundProfile]) -> Vec<(&str, bool)> {
        found.iter().map(|entry| (entry.key.as_str(), entry.profile.is_ok())).collect()
    }

    #[test]
    fn every_profile_is_found_ordered_by_key_and_nothing_else() {
        let folder = folder(&[
            ("config-b-profile.json", GOOD.as_bytes()),
            ("config-a-profile.json", GOOD.as_bytes()),
            ("config-c-profile.json~", GOOD.as_bytes()),
            (".config-d-profile.json.swp", b"x"),
            ("README.md", b"x"),
        ]);
        fs::create_dir(folder.path().join("sharepoint")).unwrap();
        assert_eq!(keys(&load(folder.path()).unwrap()), [("a", true), ("b", true)]);
    }

    #[test]
    fn a_broken_profile_is_in_the_list_with_the_reason_and_the_others_are_read() {
        let huge = vec![b' '; 70_000];
        let folder = folder(&[
            ("config-good-profile.json", GOOD.as_bytes()),
            ("config-huge-profile.json", &huge),
            ("config-json-profile.json", b"{"),
            ("config-utf16-profile.json", b"\xff\xfe{\0}\0"),
        ]);
        fs::create_dir(folder.path().join("config-folder-profile.json")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("config-link-profile.json")).unwrap();
        let found = load(folder.path()).unwrap();
        let expected = ["folder", "good", "huge", "json", "link", "utf16"].map(|key| (key, key == "good"));
        assert_eq!(keys(&found), expected);
        for broken in found.iter().filter_map(|entry| entry.profile.as_ref().err()) {
            assert_eq!(broken.kind, FailureKind::Profile);
            assert!(broken.message.starts_with("config-") && !broken.fix.is_empty(), "{broken:?}");
        }
    }

    #[test]
    fn a_pipe_that_nobody_writes_to_is_a_broken_profile_and_holds_up_nobody() {
        let folder = folder(&[("config-good-profile.json", GOOD.as_bytes())]);
        let pipe = folder.path().join("config-pipe-profile.json");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        let (answer, loaded) = std::sync::mpsc::channel();
        let dir = folder.path().to_owned();
        std::thread::spawn(move || answer.send(load(&dir)));
        let found = loaded.recv_timeout(std::time::Duration::from_secs(10)).expect("it waits for the pipe").unwrap();
        assert_eq!(keys(&found), [("good", true), ("pipe", false)]);
        let broken = found[1].profile.as_ref().unwrap_err();
        assert!(broken.message.contains("not a file"), "{broken:?}");
    }

    #[test]
    fn a_file_whose_name_makes_no_key_is_seen_under_the_nearest_one() {
        let folder = folder(&[("config-my tenant-profile.json", GOOD.as_bytes()), ("config--profile.json", b"")]);
        assert_eq!(keys(&load(folder.path()).unwrap()), [("_", false), ("my_tenant", false)]);
    }

    #[test]
    fn a_badly_named_file_does_not_replace_a_good_one() {
        let folder =
            folder(&[("config-my tenant-profile.json", b""), ("config-my_tenant-profile.json", GOOD.as_bytes())]);
        assert_eq!(keys(&load(folder.path()).unwrap()), [("my_tenant", true)]);
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_not_an_empty_one() {
        let folder = folder(&[]);
        assert_eq!(load(folder.path()).unwrap(), []);
        let error = load(&folder.path().join("missing")).unwrap_err();
        assert!(error.to_string().contains("PROFILES_DIR"), "{error}");
    }
}
