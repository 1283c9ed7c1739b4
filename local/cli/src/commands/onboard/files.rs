//! Where a tenant's files go, and writing them all or none, never over an existing one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::certificate::Certificate;
use crate::new_files::{new_file, private_folder};

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
