//! Credentials kept in memory, so that a tick with a thousand tenants does not read a thousand unchanged files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::file::{self, Stamp};
use super::{Credential, CredentialError, CredentialProblem};

/// More than any operator has tenants; beyond it the cache starts afresh.
const MAX_ENTRIES: usize = 5_000;

/// Credentials by file. A file that changed in any way (content, time, permissions) is read again.
#[derive(Debug, Default)]
pub(crate) struct CredentialCache {
    entries: Mutex<HashMap<PathBuf, (Stamp, Arc<Credential>)>>,
}

impl CredentialCache {
    /// The credential in a file. Reads from disk: call it where blocking is allowed.
    pub(crate) fn get(&self, path: &Path) -> Result<Arc<Credential>, CredentialError> {
        let stamp = file::stamp(path).map_err(|error| CredentialError {
            path: path.to_owned(),
            problem: CredentialProblem::Unreadable(error.kind()),
        })?;
        if let Some((cached, credential)) = self.lock().get(path)
            && *cached == stamp
        {
            return Ok(Arc::clone(credential));
        }
        let read = Credential::read_stamped(path);
        let mut entries = self.lock();
        // An unusable file must not leave its predecessor behind.
        entries.remove(path);
        let (credential, stamp) = read?;
        if entries.len() >= MAX_ENTRIES {
            entries.clear();
        }
        let credential = Arc::new(credential);
        entries.insert(path.to_owned(), (stamp, Arc::clone(&credential)));
        Ok(credential)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, (Stamp, Arc<Credential>)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
