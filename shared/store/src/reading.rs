//! What readers ask: all tenants, one tenant, how far the data has come.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use leitwarte_core::rules::Rules;
use leitwarte_core::status::{TenantSnapshot, Yardstick};
use leitwarte_database::{PATIENCE, within};
use sqlx::any::AnyRow;

use crate::records::{PollRun, Revision, TenantInfo};
use crate::rows::{failure, flag, from_millis, get, optional_id, optional_time, packed_stock, time, unpacked_stock};
use crate::subscriptions::trials_of;
use crate::{Store, StoreError, rules};

macro_rules! snapshot_columns {
    () => {
        concat!(
            "SELECT t.tenant_key, t.tenant_name, t.enabled * t.profile_enabled AS enabled, t.count_warning_units, \
             t.last_success_at, t.failure_kind, t.failure_message, t.failure_fix, t.trials, \
             t.subscriptions_asked_at, t.subscriptions_read_at, ",
            packed_stock!(),
            " FROM tenants t"
        )
    };
}

macro_rules! tenant_columns {
    () => {
        "SELECT tenant_key, tenant_id, tenant_name, display_name, enabled * profile_enabled AS enabled, \
         profile_enabled, monitoring, first_seen_at, last_attempt_at, last_success_at, failure_kind, failure_message, \
         failure_fix, failing_since, consecutive_failures, certificate_ends_at FROM tenants"
    };
}

impl Store {
    /// How far the data has come.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn revision(&self) -> Result<Revision, StoreError> {
        const OPERATION: &str = "reading the revision";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let rows = within(PATIENCE, sqlx::query("SELECT name, value FROM meta").fetch_all(&mut *connection))
            .await
            .map_err(&error)?;
        let mut revision = Revision { number: 0, last_tick: None };
        for row in &rows {
            let value = get(row, "value").map_err(&error)?;
            match get(row, "name").map_err(&error)? {
                "revision" => revision.number = value,
                "last_tick_at" => revision.last_tick = from_millis(value),
                _ => {}
            }
        }
        Ok(revision)
    }

    /// Every configured tenant with its stock, all of one moment, ordered by key.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn snapshots(&self) -> Result<Vec<TenantSnapshot>, StoreError> {
        const OPERATION: &str = "reading the stock of every tenant";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let rows = within(
            PATIENCE,
            sqlx::query(concat!(snapshot_columns!(), " WHERE t.removed_at IS NULL ORDER BY t.tenant_key"))
                .fetch_all(&mut *connection),
        )
        .await
        .map_err(&error)?;
        let rules = Arc::new(within(PATIENCE, rules::read(&mut connection)).await.map_err(&error)?);
        rows.iter().map(|row| snapshot(row, &rules)).collect::<Result<_, _>>().map_err(error)
    }

    /// One configured tenant with its stock, found by key, else by its exact `tenant_name` (of several with that
    /// name, the first by key).
    ///
    /// # Errors
    /// Those of reading.
    pub async fn snapshot(&self, key_or_name: &str) -> Result<Option<TenantSnapshot>, StoreError> {
        const OPERATION: &str = "reading the stock of a tenant";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let row = within(
            PATIENCE,
            sqlx::query(concat!(
                snapshot_columns!(),
                " WHERE t.removed_at IS NULL AND (t.tenant_key = $1 OR t.tenant_name = $1) \
             ORDER BY CASE WHEN t.tenant_key = $1 THEN 0 ELSE 1 END, t.tenant_key LIMIT 1"
            ))
            .bind(key_or_name)
            .fetch_optional(&mut *connection),
        )
        .await
        .map_err(&error)?;
        let Some(row) = row else { return Ok(None) };
        let rules = Arc::new(within(PATIENCE, rules::read(&mut connection)).await.map_err(&error)?);
        snapshot(&row, &rules).map(Some).map_err(error)
    }

    /// Every configured tenant without its stock, ordered by key.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn tenants(&self) -> Result<Vec<TenantInfo>, StoreError> {
        const OPERATION: &str = "reading the tenants";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = concat!(tenant_columns!(), " WHERE removed_at IS NULL ORDER BY tenant_key");
        let rows = within(PATIENCE, sqlx::query(sql).fetch_all(&mut *connection)).await.map_err(&error)?;
        rows.iter().map(tenant).collect::<Result<_, _>>().map_err(error)
    }

    /// What is kept of one tenant, whether or not it still has a profile; `None` for an unknown key.
    pub(crate) async fn kept(&self, key: &str) -> Result<Option<(TenantInfo, TenantSnapshot)>, StoreError> {
        const OPERATION: &str = "reading what is kept of a tenant";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query(concat!(tenant_columns!(), " WHERE tenant_key = $1")).bind(key);
        let info = within(PATIENCE, query.fetch_optional(&mut *connection)).await.map_err(&error)?;
        let query = sqlx::query(concat!(snapshot_columns!(), " WHERE t.tenant_key = $1")).bind(key);
        let with_stock = within(PATIENCE, query.fetch_optional(&mut *connection)).await.map_err(&error)?;
        let Some((info, with_stock)) = info.zip(with_stock) else { return Ok(None) };
        let rules = Arc::new(within(PATIENCE, rules::read(&mut connection)).await.map_err(&error)?);
        let both = || Ok((tenant(&info)?, snapshot(&with_stock, &rules)?));
        both().map(Some).map_err(error)
    }

    /// When a tenant's profile was first seen; `None` for an unknown tenant.
    pub(crate) async fn first_seen(&self, key: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        const OPERATION: &str = "reading since when a tenant is known";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query("SELECT first_seen_at FROM tenants WHERE tenant_key = $1").bind(key);
        let row = within(PATIENCE, query.fetch_optional(&mut *connection)).await.map_err(&error)?;
        row.as_ref().map(|row| time(row, "first_seen_at")).transpose().map_err(error)
    }

    /// A tenant's last polls, newest first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn recent_polls(&self, key: &str, limit: u32) -> Result<Vec<PollRun>, StoreError> {
        const OPERATION: &str = "reading a tenant's polls";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let rows = within(PATIENCE, sqlx::query(
            "SELECT poll, started_at, finished_at, failure_kind, failure_message, failure_fix, skus, changes, requests, \
             retries FROM poll_runs WHERE tenant_key = $1 ORDER BY poll DESC LIMIT $2",
        )
        .bind(key)
        .bind(i64::from(limit))
        .fetch_all(&mut *connection)).await
        .map_err(&error)?;
        rows.iter().map(poll_run).collect::<Result<_, _>>().map_err(error)
    }
}

fn snapshot(row: &AnyRow, rules: &Arc<Rules>) -> Result<TenantSnapshot, sqlx::Error> {
    Ok(TenantSnapshot {
        key: get(row, "tenant_key")?,
        tenant_name: get(row, "tenant_name")?,
        enabled: flag(row, "enabled")?,
        count_warning_units: flag(row, "count_warning_units")?,
        polled_at: optional_time(row, "last_success_at")?,
        failure: failure(row)?,
        stock: unpacked_stock(row)?,
        yardstick: Yardstick { rules: Arc::clone(rules), trials: trials_of(row)? },
    })
}

fn tenant(row: &AnyRow) -> Result<TenantInfo, sqlx::Error> {
    Ok(TenantInfo {
        key: get(row, "tenant_key")?,
        tenant_id: optional_id(row, "tenant_id")?,
        tenant_name: get(row, "tenant_name")?,
        display_name: get(row, "display_name")?,
        enabled: flag(row, "enabled")?,
        profile_enabled: flag(row, "profile_enabled")?,
        monitoring: flag(row, "monitoring")?,
        first_seen_at: time(row, "first_seen_at")?,
        last_attempt_at: optional_time(row, "last_attempt_at")?,
        last_success_at: optional_time(row, "last_success_at")?,
        failure: failure(row)?,
        failing_since: optional_time(row, "failing_since")?,
        consecutive_failures: get(row, "consecutive_failures")?,
        certificate_ends_at: optional_time(row, "certificate_ends_at")?,
    })
}

fn poll_run(row: &AnyRow) -> Result<PollRun, sqlx::Error> {
    Ok(PollRun {
        poll: get(row, "poll")?,
        started_at: time(row, "started_at")?,
        finished_at: time(row, "finished_at")?,
        failure: failure(row)?,
        skus: get(row, "skus")?,
        changes: get(row, "changes")?,
        requests: get(row, "requests")?,
        retries: get(row, "retries")?,
    })
}
