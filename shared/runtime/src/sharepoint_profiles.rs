//! Loading of SharePoint profiles from disk.

use std::fs;
use std::io;
use std::path::Path;

use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_core::sharepoint::profile::{SharePointProfile, key_of_file_name};

use crate::profiles::text;

/// What a profile file says, or why it cannot be used, by the profile's key.
pub type Found = (String, Result<SharePointProfile, PollFailure>);

/// Reads every `sharepoint/sp-config-<name>-profile.json`, ordered by key; no folder means no SharePoint.
///
/// # Errors
/// The folder cannot be read.
pub fn load(profiles_dir: &Path) -> Result<Vec<Found>, String> {
    let folder = profiles_dir.join("sharepoint");
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("cannot read {} (PROFILES_DIR): {error}", folder.display())),
        Ok(entries) => entries,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| format!("cannot read {}: {error}", folder.display()))?.file_name();
        let Some(key) = name.to_str().and_then(key_of_file_name) else { continue };
        found.push((key.to_owned(), read(&folder.join(&name), key)));
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}

fn read(file: &Path, key: &str) -> Result<SharePointProfile, PollFailure> {
    let broken = |problem: String| PollFailure {
        kind: FailureKind::Profile,
        message: format!("sharepoint/sp-config-{key}-profile.json: {problem}."),
        fix: "Correct the profile file.".to_owned(),
    };
    let text = text(file).map_err(|error| broken(format!("cannot be read: {error}")))?;
    SharePointProfile::parse(&text).map_err(|error| broken(error.to_string()))
}
