//! Finding and reading a certificate file.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{CredentialError, CredentialProblem};

/// A key of 8192 bits with a long certificate chain needs about a tenth of this.
const MAX_BYTES: u64 = 256 * 1024;

/// What tells one state of a file from another without reading it. The time of the last change of its properties
/// is part of it, so that a `chmod` is seen too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Where a profile's `cert_path` leads: an absolute path as it is; a relative one in the profiles' folder or, if it
/// is not there, in that folder's parent (the source system keeps `certs/` beside `config-profiles/`).
///
/// # Errors
/// When there is no such file, or a folder on the way to it cannot be looked into.
pub fn resolve(cert_path: &str, profiles_dir: &Path) -> Result<PathBuf, CredentialError> {
    let first = profiles_dir.join(cert_path);
    if is_there(&first)? {
        return Ok(first);
    }
    // An absolute path replaces the folder it is joined to.
    let second = parent(profiles_dir).join(cert_path);
    if is_there(&second)? {
        return Ok(second);
    }
    let also_tried = (second != first).then_some(second);
    Err(CredentialError { path: first, problem: CredentialProblem::NotFound { also_tried } })
}

/// Unlike [`Path::exists`], does not take a closed folder for a missing file.
fn is_there(path: &Path) -> Result<bool, CredentialError> {
    match fs::metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => {
            Err(CredentialError { path: path.to_owned(), problem: CredentialProblem::Unreadable(error.kind()) })
        }
    }
}

/// The folder above, also of a relative path of one word or one that ends in `.` or `..`.
fn parent(folder: &Path) -> PathBuf {
    match (folder.file_name(), folder.parent()) {
        (Some(_), Some(parent)) => parent.to_owned(),
        _ => folder.join(".."),
    }
}

pub(super) fn stamp(path: &Path) -> io::Result<Stamp> {
    Ok(Stamp::of(&fs::metadata(path)?))
}

/// Reads a file that holds a private key, if it is a regular file that only its owner can access.
pub(super) fn read_secret(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Stamp), CredentialProblem> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => CredentialProblem::NotFound { also_tried: None },
        kind => CredentialProblem::Unreadable(kind),
    };
    // Before opening, because opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(CredentialProblem::NotAFile);
    }
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(CredentialProblem::TooOpen { mode });
    }
    if metadata.len() > MAX_BYTES {
        return Err(CredentialProblem::TooLarge);
    }
    // Room for all of it: growing would leave a copy of the key behind.
    let room = usize::try_from(metadata.len()).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(metadata.len()).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok((bytes, Stamp::of(&metadata)))
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}
