//! Who may invoke: programs on this machine, and whoever shows the key.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

use crate::http::error::ApiError;

/// Shorter keys could be guessed.
const MIN_LENGTH: usize = 32;

/// The file with the invoke key cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// It can be neither read nor made.
    #[error("cannot read or make the invoke key {} (INVOKE_KEY_FILE)", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Others could read the key.
    #[error("the invoke key {} must be readable by its owner only; run `chmod 600` on it", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
    },
    /// It could be guessed.
    #[error("the invoke key {} has fewer than {MIN_LENGTH} characters; delete the file to get a new one", path.display())]
    TooShort {
        /// The file.
        path: PathBuf,
    },
}

/// The key that callers beyond loopback must show as `Authorization: Bearer`.
pub(crate) struct InvokeKey(String);

impl InvokeKey {
    /// Reads the key, or makes one that only its owner can read.
    pub(crate) fn read_or_make(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File { path: path.to_owned(), source };
        match fs::read_to_string(path) {
            Ok(text) => {
                let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
                let key = text.trim();
                if mode & 0o077 != 0 {
                    Err(KeyError::Mode { path: path.to_owned() })
                } else if key.len() < MIN_LENGTH {
                    Err(KeyError::TooShort { path: path.to_owned() })
                } else {
                    Ok(Self(key.to_owned()))
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(path).map_err(failed),
            Err(error) => Err(failed(error)),
        }
    }

    /// Refuses callers beyond loopback without the key, and web pages: a browser on this machine carries out what
    /// any page asks of it, and says so in these headers.
    pub(crate) fn check(&self, peer: IpAddr, headers: &HeaderMap) -> Result<(), ApiError> {
        if self.is_shown(headers) {
            return Ok(());
        }
        if !peer.is_loopback() {
            return Err(ApiError::AccessDenied(
                "callers from other machines need `Authorization: Bearer` with the invoke key",
            ));
        }
        if headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site") {
            return Err(ApiError::AccessDenied("web pages may not call the Invoke API"));
        }
        Ok(())
    }

    fn is_shown(&self, headers: &HeaderMap) -> bool {
        headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
            .is_some_and(|shown| shown.ct_eq(self.0.as_bytes()).into())
    }
}

fn make(path: &Path) -> io::Result<InvokeKey> {
    let key = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key.as_bytes())?;
    file.sync_all()?;
    Ok(InvokeKey(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7));

    fn made() -> (tempfile::TempDir, PathBuf, InvokeKey) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets/invoke.key");
        let key = InvokeKey::read_or_make(&path).unwrap();
        (folder, path, key)
    }

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn callers_on_this_machine_need_no_key() {
        assert_eq!(made().2.check(HERE, &HeaderMap::new()), Ok(()));
    }

    #[test]
    fn callers_elsewhere_need_the_key_of_the_file() {
        let (_folder, path, key) = made();
        let right = fs::read_to_string(path).unwrap();
        assert_eq!(key.check(ELSEWHERE, &headers("authorization", &format!("Bearer {right}"))), Ok(()));
        assert!(key.check(ELSEWHERE, &headers("authorization", "Bearer wrong")).is_err());
        assert!(key.check(ELSEWHERE, &HeaderMap::new()).is_err());
    }

    #[test]
    fn a_web_page_on_this_machine_is_refused() {
        let key = made().2;
        assert!(key.check(HERE, &headers("origin", "https://example.com")).is_err());
        assert!(key.check(HERE, &headers("sec-fetch-site", "same-origin")).is_err());
    }

    #[test]
    fn a_made_key_is_kept_and_only_its_owner_can_read_it() {
        let (_folder, path, key) = made();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(InvokeKey::read_or_make(&path).unwrap().0, key.0);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let (_folder, path, _key) = made();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(InvokeKey::read_or_make(&path), Err(KeyError::Mode { .. })));
    }
}
