//! The profiles of a folder, the usable and the broken ones alike.

use std::collections::HashMap;

use uuid::Uuid;

use super::TenantProfile;
use crate::poll::{FailureKind, PollFailure};

/// A profile file that was found, whether it can be used or not: a broken one is a tenant that fails with a
/// reason, never one that disappears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundProfile {
    /// The tenant's key.
    pub key: String,
    /// What the file says, or why it cannot be used.
    pub profile: Result<TenantProfile, PollFailure>,
}

impl FoundProfile {
    /// Reads the text of the profile file of `key`.
    #[must_use]
    pub fn read(key: &str, json: &str) -> Self {
        match TenantProfile::parse(json) {
            Ok(profile) => Self { key: key.to_owned(), profile: Ok(profile) },
            Err(error) => Self::broken(key, format!("{}: {error}.", file_name(key)), "Correct the profile file."),
        }
    }

    /// A profile that cannot be used: what is wrong and what to do, each a sentence.
    #[must_use]
    pub fn broken(key: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        let failure = PollFailure { kind: FailureKind::Profile, message: message.into(), fix: fix.into() };
        Self { key: key.to_owned(), profile: Err(failure) }
    }
}

/// The profile file of a tenant, as messages name it.
#[must_use]
pub fn file_name(key: &str) -> String {
    format!("config-{key}-profile.json")
}

/// Refuses profiles that would show one Microsoft tenant under two names: usually a copied file whose
/// `tenant_id` was not changed yet. The file that `owner` says had the tenant first keeps it, so that a bad copy
/// does not stop the original; among files nobody knows yet, the first in the list does.
pub fn refuse_shared_tenants(found: &mut [FoundProfile], owner: impl Fn(Uuid) -> Option<String>) {
    let mut holders: HashMap<Uuid, String> = HashMap::new();
    for entry in found.iter() {
        if let Ok(profile) = &entry.profile {
            holders.entry(profile.tenant_id).or_insert_with(|| {
                let owner = owner(profile.tenant_id).filter(|owner| may_hold(found, owner, profile.tenant_id));
                owner.unwrap_or_else(|| entry.key.clone())
            });
        }
    }
    for entry in found {
        let Ok(profile) = &entry.profile else { continue };
        let holder = &holders[&profile.tenant_id];
        if *holder != entry.key {
            let message = format!("{}: `tenant_id` is the same as in {}.", file_name(&entry.key), file_name(holder));
            *entry =
                FoundProfile::broken(&entry.key, message, "Enter the GUID of this tenant, or remove one of the files.");
        }
    }
}

/// Whether a former owner still has its file, and that file is not about another tenant by now. One that cannot be
/// read at the moment counts as its owner's.
fn may_hold(found: &[FoundProfile], owner: &str, tenant_id: Uuid) -> bool {
    found
        .iter()
        .find(|entry| entry.key == owner)
        .is_some_and(|entry| entry.profile.as_ref().map_or(true, |profile| profile.tenant_id == tenant_id))
}
