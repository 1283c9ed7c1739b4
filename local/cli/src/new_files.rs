//! Files that come into being whole or not at all.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;

/// Makes the folder for the key so that only its owner can look into it, and closes an existing one to others.
pub(crate) fn private_folder(folder: &Path) -> anyhow::Result<()> {
    let failed = || format!("cannot make the folder {}", folder.display());
    DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(failed)?;
    fs::set_permissions(folder, Permissions::from_mode(0o700)).with_context(failed)
}

/// Writes a whole new file or none: under another name first, then named in one step that fails if the name is taken.
pub(crate) fn new_file(path: &Path, content: &[u8], mode: u32) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Puts a whole new content in the place of a file's old one, in one step, and keeps its mode.
pub(crate) fn replace_file(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mode = fs::metadata(path)?.permissions();
    let mut file = tempfile::Builder::new().permissions(mode).tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_somebody_made_in_the_meantime_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        new_file(&path, b"first", 0o600).unwrap();
        let error = new_file(&path, b"second", 0o600).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays behind");
    }
}
