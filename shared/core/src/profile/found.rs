//! The profiles of a folder, the usable and the broken ones alike.

use std::collections::HashMap;
use std::hash::Hash;

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
    refuse_shared(
        found,
        |profile| profile.tenant_id,
        |id| owner(*id),
        |key, holder| {
            FoundProfile::broken(
                key,
                format!("{}: `tenant_id` is the same as in {}.", file_name(key), file_name(holder)),
                "Enter the GUID of this tenant, or remove one of the files.",
            )
        },
    );
}

/// Refuses profiles that would show two tenants under one name, where one customer's numbers could be taken for the
/// other's. Names are the same when their [`comparable_name`] is, which is also what `owner` is asked for; who keeps
/// the name is decided as for [`refuse_shared_tenants`].
pub fn refuse_shared_names(found: &mut [FoundProfile], owner: impl Fn(&str) -> Option<String>) {
    let name = |profile: &TenantProfile| comparable_name(&profile.tenant_name);
    let refusal = |key: &str, holder: &str| {
        FoundProfile::broken(
            key,
            format!("{}: `tenant_name` is the same as in {}.", file_name(key), file_name(holder)),
            "Give each of the two files its own `tenant_name`.",
        )
    };
    // A tenant that is refused is shown under its last name still, so that nobody else can have that one.
    while refuse_shared(found, name, |name| owner(name), refusal) {}
}

/// A tenant's name as it is compared: people take names that differ in case or surrounding spaces for the same.
#[must_use]
pub fn comparable_name(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Refuses all but one of the profiles with one value; tells whether there were any.
fn refuse_shared<T: Eq + Hash>(
    found: &mut [FoundProfile],
    value: impl Fn(&TenantProfile) -> T,
    owner: impl Fn(&T) -> Option<String>,
    refusal: impl Fn(&str, &str) -> FoundProfile,
) -> bool {
    let usable: HashMap<&str, Option<T>> =
        found.iter().map(|entry| (entry.key.as_str(), entry.profile.as_ref().ok().map(&value))).collect();
    // A former owner still has its file, and that has no other value by now. One that cannot be used at the moment
    // counts as its owner's.
    let may_hold = |key: &String, wanted: &T| {
        usable.get(key.as_str()).is_some_and(|value| value.as_ref().is_none_or(|value| value == wanted))
    };
    let mut holders: HashMap<T, String> = HashMap::new();
    for entry in found.iter() {
        if let Ok(profile) = &entry.profile {
            let value = value(profile);
            let former = owner(&value).filter(|key| may_hold(key, &value));
            holders.entry(value).or_insert_with(|| former.unwrap_or_else(|| entry.key.clone()));
        }
    }
    let mut refused = false;
    for entry in found {
        let Ok(profile) = &entry.profile else { continue };
        let holder = &holders[&value(profile)];
        if *holder != entry.key {
            *entry = refusal(&entry.key, holder);
            refused = true;
        }
    }
    refused
}
