//! What is remembered of the SharePoint lists, and the switches they are the master of.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use leitwarte_core::poll::PollFailure;
use leitwarte_core::sharepoint::plan::{Known, Switches};
use leitwarte_database::{PATIENCE, within};
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::error::StoreError;
use crate::rows::{failure, flag, get, optional_time, time, unreadable};
use crate::store::Store;

/// How the last sync of a SharePoint profile went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncInfo {
    /// The profile's key.
    pub profile: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When the last one that worked began.
    pub last_success_at: Option<DateTime<Utc>>,
    /// Why the last one did not work.
    pub failure: Option<PollFailure>,
    /// Since when none has worked.
    pub failing_since: Option<DateTime<Utc>>,
    /// Rows that stand for the same licence as another row.
    pub doubled_rows: i64,
}

impl Store {
    /// The rows that stand for what in the lists of a SharePoint profile.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn known_rows(&self, profile: &str) -> Result<Known, StoreError> {
        const OPERATION: &str = "reading the known rows of the SharePoint lists";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query("SELECT tenant_key, sku_id, item_id FROM sharepoint_rows WHERE profile_key = $1");
        let rows = within(PATIENCE, query.bind(profile).fetch_all(&mut *connection)).await.map_err(&error)?;
        let mut known = Known::default();
        for row in &rows {
            let (tenant, item): (String, String) =
                (get(row, "tenant_key").map_err(&error)?, get(row, "item_id").map_err(&error)?);
            let sku: &str = get(row, "sku_id").map_err(&error)?;
            if sku.is_empty() {
                known.tenants.insert(tenant, item);
            } else {
                let sku = sku.parse().map_err(|_| error(unreadable("sku_id", "a GUID")))?;
                known.licences.insert((tenant, sku), item);
            }
        }
        Ok(known)
    }

    /// Remembers `after` where it differs from `before`, and forgets what only `before` has. With an empty `before`, what
    /// was remembered stays, and `after` joins it.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn remember_rows(&self, profile: &str, before: &Known, after: &Known) -> Result<(), StoreError> {
        const OPERATION: &str = "remembering rows of the SharePoint lists";
        let error = StoreError::during(OPERATION);
        if before == after {
            return Ok(());
        }
        let mut writing = self.writing(OPERATION).await?;
        let connection = writing.connection();
        for (tenant, item) in after.tenants.iter().filter(|(key, item)| before.tenants.get(*key) != Some(*item)) {
            remember(connection, profile, tenant, None, item).await.map_err(&error)?;
        }
        for ((tenant, sku), item) in
            after.licences.iter().filter(|(key, item)| before.licences.get(*key) != Some(*item))
        {
            remember(connection, profile, tenant, Some(*sku), item).await.map_err(&error)?;
        }
        let gone = before.licences.keys().filter(|key| !after.licences.contains_key(*key));
        let gone = gone.map(|(tenant, sku)| (tenant, Some(*sku)));
        let gone =
            gone.chain(before.tenants.keys().filter(|key| !after.tenants.contains_key(*key)).map(|key| (key, None)));
        for (tenant, sku) in gone {
            sqlx::query("DELETE FROM sharepoint_rows WHERE profile_key = $1 AND tenant_key = $2 AND sku_id = $3")
                .bind(profile)
                .bind(tenant)
                .bind(sku.map_or_else(String::new, |sku: Uuid| sku.to_string()))
                .execute(&mut *connection)
                .await
                .map_err(&error)?;
        }
        writing.commit().await
    }

    /// Takes the tenants' switches over from their master, the Tenantliste; tells how many were changed.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn set_switches(&self, switches: &[Switches]) -> Result<u64, StoreError> {
        const OPERATION: &str = "taking over the switches of the Tenantliste";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query("SELECT tenant_key, enabled, monitoring FROM tenants");
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        drop(connection);
        let read = |row| Ok((get::<String>(row, "tenant_key")?, (flag(row, "enabled")?, flag(row, "monitoring")?)));
        let now: HashMap<_, _> = rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(&error)?;
        let differs = |one: &&Switches| now.get(&one.key) != Some(&(one.enabled, one.monitoring));
        let different: Vec<&Switches> = switches.iter().filter(differs).collect();
        // Nearly always: not worth everybody's turn to write.
        if different.is_empty() {
            return Ok(0);
        }
        let mut writing = self.writing(OPERATION).await?;
        let mut changed = 0;
        for Switches { key, enabled, monitoring } in different {
            changed += sqlx::query(
                "UPDATE tenants SET enabled = $2, monitoring = $3, switches_version = switches_version + 1, \
                 switched_at = NULL, switched_by = '' WHERE tenant_key = $1 AND (enabled <> $2 OR monitoring <> $3)",
            )
            .bind(key)
            .bind(i32::from(*enabled))
            .bind(i32::from(*monitoring))
            .execute(writing.connection())
            .await
            .map_err(&error)?
            .rows_affected();
        }
        if changed > 0 {
            writing.revise();
        }
        writing.commit().await?;
        Ok(changed)
    }

    /// Records how a sync went; returns how the one before failed.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn record_sync(
        &self,
        profile: &str,
        started_at: DateTime<Utc>,
        doubled_rows: usize,
        outcome: Option<&PollFailure>,
    ) -> Result<Option<PollFailure>, StoreError> {
        const OPERATION: &str = "recording a sync with SharePoint";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let select = sqlx::query(
            "SELECT failure_kind, failure_message, failure_fix FROM sharepoint_syncs WHERE profile_key = $1",
        );
        let before = select.bind(profile).fetch_optional(writing.connection()).await.map_err(&error)?;
        let before = before.as_ref().map(failure).transpose().map_err(&error)?.flatten();
        let started = started_at.timestamp_millis();
        sqlx::query(
            "INSERT INTO sharepoint_syncs (profile_key, started_at, last_success_at, failure_kind, failure_message, \
             failure_fix, failing_since, doubled_rows) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (profile_key) DO UPDATE SET started_at = excluded.started_at, \
             last_success_at = COALESCE(excluded.last_success_at, sharepoint_syncs.last_success_at), \
             failure_kind = excluded.failure_kind, failure_message = excluded.failure_message, \
             failure_fix = excluded.failure_fix, doubled_rows = excluded.doubled_rows, \
             failing_since = CASE WHEN excluded.failing_since IS NULL THEN NULL \
             ELSE COALESCE(sharepoint_syncs.failing_since, excluded.failing_since) END",
        )
        .bind(profile)
        .bind(started)
        .bind(outcome.is_none().then_some(started))
        .bind(outcome.map(|failure| failure.kind.as_str()))
        .bind(outcome.map(|failure| failure.message.as_str()))
        .bind(outcome.map(|failure| failure.fix.as_str()))
        .bind(outcome.map(|_| started))
        .bind(i64::try_from(doubled_rows).unwrap_or(i64::MAX))
        .execute(writing.connection())
        .await
        .map_err(&error)?;
        writing.commit().await?;
        Ok(before)
    }

    /// How the last sync of every SharePoint profile went, ordered by profile.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn syncs(&self) -> Result<Vec<SyncInfo>, StoreError> {
        const OPERATION: &str = "reading the syncs with SharePoint";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query(
            "SELECT profile_key, started_at, last_success_at, failure_kind, failure_message, failure_fix, failing_since, \
             doubled_rows FROM sharepoint_syncs ORDER BY profile_key",
        );
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        let read = |row| {
            Ok(SyncInfo {
                profile: get(row, "profile_key")?,
                started_at: time(row, "started_at")?,
                last_success_at: optional_time(row, "last_success_at")?,
                failure: failure(row)?,
                failing_since: optional_time(row, "failing_since")?,
                doubled_rows: get(row, "doubled_rows")?,
            })
        };
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(error)
    }
}

async fn remember(
    connection: &mut AnyConnection,
    profile: &str,
    tenant: &str,
    sku: Option<Uuid>,
    item: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO sharepoint_rows (profile_key, tenant_key, sku_id, item_id) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (profile_key, tenant_key, sku_id) DO UPDATE SET item_id = excluded.item_id",
    )
    .bind(profile)
    .bind(tenant)
    .bind(sku.map_or_else(String::new, |sku| sku.to_string()))
    .bind(item)
    .execute(connection)
    .await?;
    Ok(())
}
