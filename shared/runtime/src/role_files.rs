//! Loading of what says how roles are kept: the mapping table and the profile of `role-sync`.

use std::io;
use std::path::{Path, PathBuf};

use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::profile::RoleSyncProfile;

use crate::profiles::text;

/// Where the mapping table is.
#[must_use]
pub fn table_file(profiles_dir: &Path) -> PathBuf {
    profiles_dir.join("roles/roles.json")
}

/// Where the profile is.
#[must_use]
pub fn profile_file(profiles_dir: &Path) -> PathBuf {
    profiles_dir.join("roles/role-sync-profile.json")
}

/// The mapping table; an empty one, by which nobody has a role, when there is no file.
///
/// # Errors
/// What is wrong with the file, with its path.
pub fn table(profiles_dir: &Path) -> Result<RoleTable, String> {
    let file = table_file(profiles_dir);
    let table = read(&file)?.map(|text| RoleTable::parse(&text)).transpose();
    table.map(Option::unwrap_or_default).map_err(|error| format!("{}: {error}", file.display()))
}

/// The profile; `None` when there is no file: roles are not kept in step.
///
/// # Errors
/// What is wrong with the file, with its path.
pub fn profile(profiles_dir: &Path) -> Result<Option<RoleSyncProfile>, String> {
    let file = profile_file(profiles_dir);
    let profile = read(&file)?.map(|text| RoleSyncProfile::parse(&text)).transpose();
    profile.map_err(|error| format!("{}: {error}", file.display()))
}

fn read(file: &Path) -> Result<Option<String>, String> {
    match text(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read: {error}", file.display())),
    }
}
