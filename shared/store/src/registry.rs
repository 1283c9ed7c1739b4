//! Which tenants there are: what the profile files say, carried into the database.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use leitwarte_core::profile::{
    FoundProfile, TenantProfile, comparable_name, file_name, refuse_shared_names, refuse_shared_tenants,
};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::rows::{flag, get, optional_id};
use crate::{Store, StoreError};

/// What is known of a tenant before its profile is looked at.
struct Known {
    key: String,
    tenant_id: Option<Uuid>,
    tenant_name: String,
    definition: String,
    removed: bool,
    polled: bool,
}

impl Store {
    /// Carries the profiles found on disk into the database and returns them as they may be used: each that must
    /// not be is turned into a failure.
    ///
    /// - The key (the file's name) is the tenant. A changed `tenant_name` renames it and never makes a second one.
    /// - A file that is gone takes its tenant out of sight; its history stays, and it returns with the file.
    /// - A new or changed profile, a broken one too, is polled at the next tick.
    /// - A `tenant_id` that changes after numbers were read under the old one is refused: it is another customer,
    ///   whose numbers must not continue this one's history. A mistyped id that never worked may be corrected.
    /// - Two files with one `tenant_id` or one `tenant_name`: the file that had it first goes on, the other is refused.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn register_profiles(
        &self,
        mut found: Vec<FoundProfile>,
        now: DateTime<Utc>,
    ) -> Result<Vec<FoundProfile>, StoreError> {
        const OPERATION: &str = "registering the tenant profiles";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let known = all_known(writing.connection()).await.map_err(&error)?;
        refuse(&mut found, &known);
        let names = found.iter().filter_map(|entry| entry.profile.as_ref().ok());
        let names: HashSet<String> = names.map(|profile| comparable_name(&profile.tenant_name)).collect();
        let mut changed = false;
        for entry in &found {
            let before = known.iter().find(|known| known.key == entry.key);
            changed |= store_profile(writing.connection(), entry, before, &names, now).await.map_err(&error)?;
        }
        for gone in known.iter().filter(|known| !known.removed && !found.iter().any(|entry| entry.key == known.key)) {
            sqlx::query("UPDATE tenants SET removed_at = $2 WHERE tenant_key = $1")
                .bind(&gone.key)
                .bind(now.timestamp_millis())
                .execute(writing.connection())
                .await
                .map_err(&error)?;
            changed = true;
        }
        if changed {
            writing.revise();
        }
        writing.commit().await?;
        Ok(found)
    }
}

async fn all_known(connection: &mut AnyConnection) -> Result<Vec<Known>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT tenant_key, tenant_id, tenant_name, definition, \
         CASE WHEN removed_at IS NULL THEN 0 ELSE 1 END AS removed, \
         CASE WHEN last_success_at IS NULL THEN 0 ELSE 1 END AS polled FROM tenants \
         ORDER BY first_seen_at DESC, tenant_key DESC",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(known).collect()
}

fn known(row: &AnyRow) -> Result<Known, sqlx::Error> {
    Ok(Known {
        key: get(row, "tenant_key")?,
        tenant_id: optional_id(row, "tenant_id")?,
        tenant_name: get(row, "tenant_name")?,
        definition: get(row, "definition")?,
        removed: flag(row, "removed")?,
        polled: flag(row, "polled")?,
    })
}

fn refuse(found: &mut [FoundProfile], known: &[Known]) {
    let by_key: HashMap<&str, &Known> = known.iter().map(|known| (known.key.as_str(), known)).collect();
    for entry in found.iter_mut() {
        let (Ok(profile), Some(before)) = (&entry.profile, by_key.get(entry.key.as_str())) else { continue };
        if let Some(id) = before.tenant_id.filter(|id| before.polled && *id != profile.tenant_id) {
            let file = file_name(&entry.key);
            *entry = FoundProfile::broken(
                &entry.key,
                format!("{file}: `tenant_id` was {id} and is now another tenant's."),
                "Put the old GUID back; a new customer gets a profile file with a new name.",
            );
        }
    }
    // The first seen comes last and stays. One whose profile was never read has neither an id nor a name of its own.
    let shown = || known.iter().filter(|known| !known.removed);
    let owners: HashMap<Uuid, &str> =
        shown().filter_map(|known| Some((known.tenant_id?, known.key.as_str()))).collect();
    refuse_shared_tenants(found, |tenant_id| owners.get(&tenant_id).map(|key| (*key).to_owned()));
    let owners: HashMap<String, &str> = shown()
        .filter(|known| known.tenant_id.is_some())
        .map(|known| (comparable_name(&known.tenant_name), known.key.as_str()))
        .collect();
    refuse_shared_names(found, |name| owners.get(name).map(|key| (*key).to_owned()));
}

/// What a tenant without a usable profile is shown as: its last name, or its key; if that is another's name by now,
/// as its file, for its numbers must not be taken for the other's.
fn name_without_profile(key: &str, before: Option<&Known>, names: &HashSet<String>) -> String {
    let last = before.map_or(key, |before| &before.tenant_name);
    let name = [last, key].into_iter().find(|name| !names.contains(&comparable_name(name)));
    name.map_or_else(|| file_name(key), str::to_owned)
}

/// Writes what the profile says if it differs from what is stored; tells whether it did. `names` are those of the
/// usable profiles.
async fn store_profile(
    connection: &mut AnyConnection,
    entry: &FoundProfile,
    before: Option<&Known>,
    names: &HashSet<String>,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let definition = definition(entry)?;
    if before.is_some_and(|before| !before.removed && before.definition == definition) {
        return Ok(false);
    }
    if before.is_none() {
        sqlx::query(
            "INSERT INTO tenants (tenant_key, tenant_name, definition, profile_enabled, first_seen_at) \
             VALUES ($1, $1, '', 1, $2)",
        )
        .bind(&entry.key)
        .bind(now.timestamp_millis())
        .execute(&mut *connection)
        .await?;
    }
    match &entry.profile {
        Ok(profile) => update_from(connection, &entry.key, profile, definition).await?,
        // Name and numbers stay. Whether it is switched off can no longer be read, so it shows its failure.
        Err(_) => {
            sqlx::query(
                "UPDATE tenants SET definition = $2, tenant_name = $3, profile_enabled = 1, poll_wanted = 1, removed_at = NULL \
                 WHERE tenant_key = $1",
            )
            .bind(&entry.key)
            .bind(definition)
            .bind(name_without_profile(&entry.key, before, names))
            .execute(connection)
            .await?;
        }
    }
    Ok(true)
}

async fn update_from(
    connection: &mut AnyConnection,
    key: &str,
    profile: &TenantProfile,
    definition: String,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE tenants SET tenant_id = $2, tenant_name = $3, display_name = $4, definition = $5, \
         profile_enabled = $6, count_warning_units = $7, poll_wanted = 1, removed_at = NULL WHERE tenant_key = $1",
    )
    .bind(key)
    .bind(profile.tenant_id.to_string())
    .bind(&profile.tenant_name)
    .bind(profile.display_name.as_ref())
    .bind(definition)
    .bind(i32::from(profile.enabled))
    .bind(i32::from(profile.count_warning_units))
    .execute(connection)
    .await?;
    Ok(())
}

/// What the file says as one text, to notice a change.
fn definition(entry: &FoundProfile) -> Result<String, sqlx::Error> {
    let text = match &entry.profile {
        Ok(profile) => serde_json::to_string(profile),
        Err(failure) => serde_json::to_string(failure),
    };
    text.map_err(|error| sqlx::Error::Encode(error.into()))
}
