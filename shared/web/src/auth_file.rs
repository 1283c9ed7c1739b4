//! Reads the sign-in profile from `PROFILES_DIR/auth/`, anew when it may have changed.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::auth_profile::{AuthCredential, AuthProfile, name_of_auth_file};
use leitwarte_core::hosts::{AllowedHosts, HostRefused};
use leitwarte_core::profile::ProfileError;

/// How long a profile is used before its file is looked at again.
const LOOK_AGAIN_AFTER: TimeDelta = TimeDelta::seconds(1);

/// No profile is this long.
const LARGEST_FILE_BYTES: u64 = 64 * 1024;

/// Why there is no usable sign-in profile. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum AuthFileError {
    /// No file of that name.
    #[error(
        "there is no sign-in profile: create auth/auth-<name>-profile.json in the profiles folder with tenant_id and \
         client_id of the Entra application of this API"
    )]
    Missing,
    /// More than one, and nothing says which counts.
    #[error("there are several sign-in profiles in the folder auth: {names}; keep exactly one of them")]
    Several {
        /// Their file names.
        names: String,
    },
    /// The folder or the file cannot be read.
    #[error("auth/{name} cannot be read: {source}")]
    Unreadable {
        /// File name, empty for the folder.
        name: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Others may read a file that holds a secret.
    #[error("auth/{name} holds a client_secret and can be read by others; make it owner-only (chmod 600)")]
    NotOwnerOnly {
        /// File name.
        name: String,
    },
    /// Not a profile.
    #[error("auth/{name} cannot be used: {source}")]
    Profile {
        /// File name.
        name: String,
        /// What is wrong with it.
        source: ProfileError,
    },
    /// Sign-in would happen at a host that is not allowed.
    #[error("the authority_host in auth/{name} cannot be used: {source}")]
    Host {
        /// File name.
        name: String,
        /// Why not.
        source: HostRefused,
    },
}

/// A profile, or why there is none.
pub type AuthFileResult = Result<Arc<AuthProfile>, Arc<AuthFileError>>;

/// The sign-in profile of one profiles folder.
#[derive(Debug)]
pub struct AuthFile {
    folder: PathBuf,
    hosts: AllowedHosts,
    last: Mutex<Option<(DateTime<Utc>, AuthFileResult)>>,
}

impl AuthFile {
    /// The profile in `profiles_dir/auth`; nothing is read yet.
    #[must_use]
    pub fn new(profiles_dir: &Path, hosts: AllowedHosts) -> Self {
        Self { folder: profiles_dir.join("auth"), hosts, last: Mutex::new(None) }
    }

    /// The profile as it stands now; a change of the file is seen within a second.
    ///
    /// # Errors
    /// Why there is none to use.
    pub fn current(&self, now: DateTime<Utc>) -> AuthFileResult {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((read_at, result)) if (now - *read_at).abs() < LOOK_AGAIN_AFTER => result.clone(),
            _ => {
                let result = read(&self.folder, &self.hosts).map(Arc::new).map_err(Arc::new);
                *last = Some((now, result.clone()));
                result
            }
        }
    }
}

fn read(folder: &Path, hosts: &AllowedHosts) -> Result<AuthProfile, AuthFileError> {
    let name = the_only_name(folder)?;
    let unreadable = |source| AuthFileError::Unreadable { name: name.clone(), source };
    let file = std::fs::File::open(folder.join(&name)).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    let mut text = String::new();
    file.take(LARGEST_FILE_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    let profile = AuthProfile::parse(&text).map_err(|source| AuthFileError::Profile { name: name.clone(), source })?;
    if matches!(profile.credential, Some(AuthCredential::Secret(_))) && mode & 0o077 != 0 {
        return Err(AuthFileError::NotOwnerOnly { name });
    }
    hosts.check(&profile.keys_address()).map_err(|source| AuthFileError::Host { name, source })?;
    Ok(profile)
}

fn the_only_name(folder: &Path) -> Result<String, AuthFileError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(AuthFileError::Missing),
        entries => entries.map_err(|source| AuthFileError::Unreadable { name: String::new(), source })?,
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name_of_auth_file(name).is_some()).collect();
    names.sort();
    match names.len() {
        0 => Err(AuthFileError::Missing),
        1 => Ok(names.remove(0)),
        _ => Err(AuthFileError::Several { names: names.join(", ") }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const BARE: &str =
        r#""tenant_id":"8c2b7e0e-54a1-4f5a-9d53-0d7c6d1f6a01","client_id":"0b9f1b3c-2c67-4a3e-8c1e-5f2b7a9d4e02""#;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("auth")).unwrap();
            Self(folder)
        }

        fn write(&self, name: &str, fields: &str, mode: u32) -> &Self {
            let path = self.0.path().join("auth").join(name);
            fs::write(&path, format!("{{{fields}}}")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            self
        }

        fn file(&self) -> AuthFile {
            AuthFile::new(self.0.path(), AllowedHosts::parse("127.0.0.1:9000").unwrap())
        }

        fn refusal(&self) -> String {
            self.file().current(DateTime::UNIX_EPOCH).unwrap_err().to_string()
        }
    }

    #[test]
    fn the_one_profile_is_read() {
        let folder = Folder::new();
        folder.write("auth-office-profile.json", BARE, 0o644).write("notes.txt", "", 0o644);
        assert!(folder.file().current(DateTime::UNIX_EPOCH).is_ok());
    }

    #[test]
    fn without_a_file_or_folder_the_refusal_says_which_to_create() {
        assert!(Folder::new().refusal().contains("create auth/auth-<name>-profile.json"));
        let nowhere = AuthFile::new(Path::new("/nonexistent"), AllowedHosts::default());
        assert!(nowhere.current(DateTime::UNIX_EPOCH).unwrap_err().to_string().contains("create auth/"));
    }

    #[test]
    fn several_profiles_are_refused_by_name() {
        let folder = Folder::new();
        folder.write("auth-b-profile.json", BARE, 0o600).write("auth-a-profile.json", BARE, 0o600);
        assert!(folder.refusal().contains("auth-a-profile.json, auth-b-profile.json; keep exactly one"));
    }

    #[test]
    fn a_file_with_a_secret_has_to_be_owner_only() {
        let with_secret = format!(r#"{BARE},"client_secret":"s""#);
        for (mode, usable) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)] {
            let folder = Folder::new();
            folder.write("auth-office-profile.json", &with_secret, mode);
            assert_eq!(folder.file().current(DateTime::UNIX_EPOCH).is_ok(), usable, "{mode:o}");
        }
    }

    #[test]
    fn an_authority_that_is_not_listed_is_refused() {
        for (authority, usable) in [("http://127.0.0.1:9000", true), ("http://127.0.0.1:9001", false)] {
            let folder = Folder::new();
            folder.write("auth-x-profile.json", &format!(r#"{BARE},"authority_host":"{authority}""#), 0o600);
            assert_eq!(folder.file().current(DateTime::UNIX_EPOCH).is_ok(), usable, "{authority}");
        }
    }

    #[test]
    fn a_broken_file_is_named_with_its_fault() {
        let folder = Folder::new();
        folder.write("auth-x-profile.json", r#""tenant":1"#, 0o600);
        let words = folder.refusal();
        assert!(words.contains("auth/auth-x-profile.json") && words.contains("`tenant`"), "{words}");
    }

    #[test]
    fn a_changed_file_is_seen_after_a_second() {
        let folder = Folder::new();
        let file = folder.file();
        let start = DateTime::UNIX_EPOCH;
        assert!(file.current(start).is_err());
        folder.write("auth-x-profile.json", BARE, 0o600);
        assert!(file.current(start + TimeDelta::milliseconds(999)).is_err());
        assert!(file.current(start + TimeDelta::seconds(1)).is_ok());
    }
}
