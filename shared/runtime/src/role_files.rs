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

/// The mapping table as far as it gives rights: an empty one where roles are not kept in step with Entra, because nobody would
/// look whether a role still holds there, or lift its limit again.
///
/// # Errors
/// What is wrong with one of the files, with its path.
pub fn table_in_force(profiles_dir: &Path) -> Result<RoleTable, String> {
    if profile(profiles_dir)?.is_none() {
        return Ok(RoleTable::default());
    }
    table(profiles_dir)
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

#[cfg(test)]
mod tests {
    use leitwarte_core::roles::table::SHIPPED;

    use super::*;

    #[test]
    fn the_table_gives_rights_only_where_somebody_compares_it_with_entra() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("roles")).unwrap();
        std::fs::write(table_file(folder.path()), SHIPPED).unwrap();
        assert_eq!(table(folder.path()), Ok(RoleTable::shipped()));
        assert_eq!(table_in_force(folder.path()), Ok(RoleTable::default()));
        let profile = r#"{
            "tenant_id": "8c2b7e0e-54a1-4f5a-9d53-0d7c6d1f6a01", "tenant_name": "contoso",
            "client_id": "0b9f1b3c-2c67-4a3e-8c1e-5f2b7a9d4e02", "cert_path": "roles.pem", "expires": "2030-01-01",
            "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678",
            "application_id": "3f0e6c1d-5f7b-4b62-9a57-0a1c5f3f9b10"
        }"#;
        std::fs::write(profile_file(folder.path()), profile).unwrap();
        assert_eq!(table_in_force(folder.path()), Ok(RoleTable::shipped()));
        std::fs::write(profile_file(folder.path()), "{").unwrap();
        assert!(table_in_force(folder.path()).is_err());
    }
}
