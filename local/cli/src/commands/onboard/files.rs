//! Where a tenant's files go, and writing them all or none, never over an existing one.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::certificate::Certificate;

/// The files of one tenant.
#[derive(Debug)]
pub(super) struct Paths {
    /// `certs/<name>/`
    pub(super) folder: PathBuf,
    /// `certs/<name>/mycert_<name>.pem`, private key and certificate.
    pub(super) key: PathBuf,
    /// `certs/<name>/<name>.cer`, the certificate to upload.
    pub(super) public: PathBuf,
    /// `config-profiles/config-<name>-profile.json`
    pub(super) profile: PathBuf,
}

impl Paths {
    pub(super) fn new(base: &Path, profiles: &Path, name: &str) -> Self {
        let folder = base.join("certs").join(name);
        Self {
            key: folder.join(format!("mycert_{name}.pem")),
            public: folder.join(format!("{name}.cer")),
            profile: profiles.join(format!("config-{name}-profile.json")),
            folder,
        }
    }

    /// The first of the files that is already there.
    pub(super) fn existing(&self) -> Option<&Path> {
        [&self.profile, &self.key, &self.public].into_iter().find(|path| path.exists()).map(PathBuf::as_path)
    }
}

/// Writes all three files; the profile last, because with it the tenant is polled.
///
/// # Errors
/// The file or folder that could not be written. The files written before it are removed again.
pub(super) fn write(paths: &Paths, certificate: &Certificate, profile: &str) -> anyhow::Result<()> {
    private_folder(&paths.folder)?;
    if let Some(folder) = paths.profile.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let files = [
        (&paths.key, certificate.with_key.as_bytes(), 0o600),
        (&paths.public, certificate.public.as_bytes(), 0o644),
        (&paths.profile, profile.as_bytes(), 0o644),
    ];
    let mut written = Vec::new();
    for (path, content, mode) in files {
        if let Err(error) = new_file(path, content, mode) {
            for path in written {
                // The first error is what a person needs to know; a file that stays is named at the next attempt.
                let _ = fs::remove_file(path);
            }
            return Err(error).with_context(|| format!("cannot write {}", path.display()));
        }
        written.push(path);
    }
    Ok(())
}

/// Makes the folder for the key so that only its owner can look into it, and closes an existing one to others.
fn private_folder(folder: &Path) -> anyhow::Result<()> {
    let failed = || format!("cannot make the folder {}", folder.display());
    DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(failed)?;
    fs::set_permissions(folder, Permissions::from_mode(0o700)).with_context(failed)
}

/// Writes a whole new file or none: under another name first, then named in one step that fails if the name is taken.
fn new_file(path: &Path, content: &[u8], mode: u32) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
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
