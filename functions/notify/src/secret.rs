//! Files with a password or a secret address.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use zeroize::Zeroizing;

/// No password and no address is this long.
const MAX_BYTES: u64 = 8 * 1024;

/// A file that holds a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Not there, or not to be read.
    #[error("{} cannot be read: {source}; `{field}` names it in {}", path.display(), leitwarte_core::notifications::FILE)]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The profile's field that names it.
        field: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// Others may read it.
    #[error("{} can be read by others; make it owner-only (chmod 600)", path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
    },
    /// Empty, too long, or not text.
    #[error("{} has to hold one line of text", path.display())]
    NotOneLine {
        /// The file.
        path: PathBuf,
    },
}

/// A relative path counts from the profiles' folder or, if nothing is there, from its parent, as a `cert_path` does.
pub(crate) fn resolve(path: &str, profiles_dir: &Path) -> PathBuf {
    let first = profiles_dir.join(path);
    let second = profiles_dir.join("..").join(path);
    if !first.exists() && second.exists() { second } else { first }
}

/// Reads the one line of a file that only its owner can read.
pub(crate) fn read(path: &str, field: &'static str, profiles_dir: &Path) -> Result<SecretString, SecretError> {
    let path = resolve(path, profiles_dir);
    let unreadable = |source| SecretError::Unreadable { path: path.clone(), field, source };
    // Before opening: opening a pipe waits for its writer.
    if !fs::metadata(&path).map_err(unreadable)?.is_file() {
        return Err(unreadable(io::Error::other("it is no file")));
    }
    let file = File::open(&path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.permissions().mode() & 0o077 != 0 {
        return Err(SecretError::TooOpen { path });
    }
    // One byte more, by which a file that is too long is known: the beginning of a secret is another secret.
    let most = MAX_BYTES + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(most).unwrap_or_default()));
    let read = file.take(most).read_to_end(&mut bytes).map_err(unreadable)?;
    let fits = u64::try_from(read).is_ok_and(|read| read <= MAX_BYTES);
    match std::str::from_utf8(&bytes).map(str::trim) {
        Ok(line) if fits && !line.is_empty() && !line.contains(char::is_control) => Ok(SecretString::from(line)),
        _ => Err(SecretError::NotOneLine { path }),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_secret_is_one_line_of_a_file_that_only_its_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let profiles = folder.path().join("config-profiles");
        fs::create_dir(&profiles).unwrap();
        let write = |content: &str, mode: u32| {
            let file = folder.path().join("password");
            fs::write(&file, content).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            read("password", "password_file", &profiles)
        };
        assert_eq!(write("hush\n", 0o600).unwrap().expose_secret(), "hush");
        assert!(write("hush", 0o640).unwrap_err().to_string().contains("chmod 600"));
        assert!(write("", 0o600).unwrap_err().to_string().contains("one line"));
        assert!(write("a\nb", 0o600).unwrap_err().to_string().contains("one line"));
        let longest = "x".repeat(8 * 1024);
        assert_eq!(write(&longest, 0o600).unwrap().expose_secret(), longest);
        assert!(write(&format!("{longest}x"), 0o600).unwrap_err().to_string().contains("one line"), "not cut off");
        let missing = read("nowhere", "password_file", &profiles).unwrap_err().to_string();
        assert!(missing.contains("nowhere") && missing.contains("password_file"), "{missing}");
    }
}
