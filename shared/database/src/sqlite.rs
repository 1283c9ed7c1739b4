//! What is particular to SQLite: the file, its settings, its check.

use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::AnyConnection;

use crate::error::{ErrorKind, kind_of};

/// How a write begins. A plain `BEGIN` takes the write lock only at the first change, when it is too late to wait
/// for it: the transaction has already read.
pub(crate) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// Settings of every connection. `synchronous=FULL` is what makes a commit survive a power cut: measured under
/// load, it lost none where NORMAL lost hundreds. A writer waits 5 s for another to finish. Where the root file system
/// is read-only there is no folder for temporary files.
pub(crate) const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                                   PRAGMA temp_store = MEMORY;";

/// Makes every write of a connection fail.
pub(crate) const READ_ONLY: &str = "PRAGMA query_only = ON";

/// How long a writer tries to bring a new file into WAL mode against others who do the same.
const WAL_TRIES: u32 = 50;

/// Files up to this size are checked whole at every start (measured: 2 ms per MB). Larger ones would hold up
/// each start for seconds; damage in them shows when a page is read, as [`ErrorKind::Corrupt`].
const CHECKED_AT_START_BYTES: u64 = 64 * 1024 * 1024;

/// The file a `sqlite:` address names; `None` for another database or none at all (`:memory:`).
pub(crate) fn file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(percent_decoded(path)))
}

/// Makes the file before SQLite does, so that nobody but its owner can read it; SQLite gives its `-wal` and
/// `-shm` files the same mode.
pub(crate) fn create(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file)?;
    Ok(())
}

/// Brings the file into WAL mode, in which readers and a writer do not block each other. The mode stays with the
/// file, so only its first opener has anything to do.
pub(crate) async fn use_wal(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    for _ in 0..WAL_TRIES {
        match sqlx::query_scalar::<_, String>("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await {
            Ok(mode) if mode == "wal" => return Ok(()),
            // Changing the mode does not wait for a lock as everything else does.
            Err(error) if kind_of(&error) == ErrorKind::Busy => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Ok(mode) => {
                return Err(sqlx::Error::Configuration(
                    format!(
                        "the file system cannot hold a shared database (journal mode stays `{mode}`); \
                             use a local disk, not a network share"
                    )
                    .into(),
                ));
            }
            Err(error) => return Err(error),
        }
    }
    Err(sqlx::Error::PoolTimedOut)
}

/// The first damage in the whole file, if looking for it is quick.
pub(crate) async fn damage(connection: &mut AnyConnection, file: &Path) -> Result<Option<String>, sqlx::Error> {
    if file.metadata().is_ok_and(|file| file.len() > CHECKED_AT_START_BYTES) {
        return Ok(None);
    }
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await?;
    Ok((verdict != "ok").then_some(verdict))
}

/// The address as sqlx reads it back unchanged: an absolute path, percent-encoded.
pub(crate) fn address(file: &Path) -> io::Result<String> {
    let file = std::path::absolute(file)?;
    let mut address = String::from("sqlite://");
    for &byte in file.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    Ok(address)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_file_whatever_its_characters() {
        for path in ["/data/leitwarte.db", "/data/a b/ü#?%41.db"] {
            assert_eq!(file(&address(Path::new(path)).unwrap()), Some(PathBuf::from(path)));
        }
        assert_eq!(file("sqlite://data/leitwarte.db?mode=rwc"), Some(PathBuf::from("data/leitwarte.db")));
        assert_eq!(file("sqlite:leitwarte.db"), Some(PathBuf::from("leitwarte.db")));
        assert_eq!(file("sqlite://100%/x%zz%4"), Some(PathBuf::from("100%/x%zz%4")));
    }
}
