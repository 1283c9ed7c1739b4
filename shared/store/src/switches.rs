//! The switches of a tenant: whether it is polled, and whether its shortages are told.

use chrono::{DateTime, Utc};
use leitwarte_database::{PATIENCE, within};
use serde_json::{Value, json};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::audit::{self, Actor};
use crate::rows::{flag, get, optional_time};
use crate::{Store, StoreError};

/// A tenant's switches, and who set them last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantSwitches {
    /// The tenant's key.
    pub key: String,
    /// The tenant's name in the lists and the API.
    pub tenant_name: String,
    /// The name the pages show, where it differs.
    pub display_name: Option<String>,
    /// The switch people set; a tenant is polled when it and the profile's are on.
    pub enabled: bool,
    /// The switch in the profile file.
    pub profile_enabled: bool,
    /// Whether shortages are told.
    pub monitoring: bool,
    /// Grows with every change.
    pub version: i64,
    /// When a switch was last set; `None` when it never was, or nobody knows.
    pub switched_at: Option<DateTime<Utc>>,
    /// Who did; empty when it was this program, or the Tenantliste.
    pub switched_by: String,
}

impl TenantSwitches {
    /// As the API shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.key, "title": self.tenant_name, "enabled": self.enabled, "monitoring": self.monitoring,
            "profile_enabled": self.profile_enabled, "version": self.version, "changed_at": self.switched_at,
            "changed_by": self.switched_by,
        })
    }
}

/// A wish about a tenant's switches; what is `None` stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SwitchWish {
    /// Whether it is to be polled.
    pub enabled: Option<bool>,
    /// Whether its shortages are to be told.
    pub monitoring: Option<bool>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switched {
    /// Done, or nothing was to be done; the switches afterwards.
    Done(TenantSwitches),
    /// There is no such tenant.
    Unknown,
    /// Somebody has changed them since the version that was seen; the switches as they are.
    Changed(TenantSwitches),
}

const COLUMNS: &str = "SELECT tenant_key, tenant_name, display_name, enabled, profile_enabled, monitoring, \
                       switches_version, switched_at, switched_by FROM tenants WHERE removed_at IS NULL";

impl Store {
    /// The switches of every configured tenant, ordered by name.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn switches(&self) -> Result<Vec<TenantSwitches>, StoreError> {
        const OPERATION: &str = "reading the switches";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY tenant_name, tenant_key"));
        let rows = within(PATIENCE, sqlx::query(sql).fetch_all(&mut *connection)).await.map_err(&error)?;
        rows.iter().map(switches).collect::<Result<_, _>>().map_err(error)
    }

    /// The switches of one tenant, by its key.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn switches_of(&self, key: &str) -> Result<Option<TenantSwitches>, StoreError> {
        const OPERATION: &str = "reading a tenant's switches";
        let mut connection = self.reading(OPERATION).await?;
        within(PATIENCE, one(&mut connection, key)).await.map_err(StoreError::during(OPERATION))
    }

    /// Sets switches, if they are still as somebody saw them (`version`; `None` whatever they are). Who did it stands in
    /// the audit log if and only if it was done.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn switch_tenant(
        &self,
        key: &str,
        version: Option<i64>,
        wish: SwitchWish,
        actor: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Switched, StoreError> {
        const OPERATION: &str = "setting a tenant's switches";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let Some(before) = one(writing.connection(), key).await.map_err(&error)? else { return Ok(Switched::Unknown) };
        if version.is_some_and(|version| version != before.version) {
            return Ok(Switched::Changed(before));
        }
        let enabled = wish.enabled.unwrap_or(before.enabled);
        let monitoring = wish.monitoring.unwrap_or(before.monitoring);
        if (enabled, monitoring) == (before.enabled, before.monitoring) {
            return Ok(Switched::Done(before));
        }
        sqlx::query(
            "UPDATE tenants SET enabled = $2, monitoring = $3, switches_version = switches_version + 1, \
             switched_at = $4, switched_by = $5 WHERE tenant_key = $1",
        )
        .bind(key)
        .bind(i32::from(enabled))
        .bind(i32::from(monitoring))
        .bind(now.timestamp_millis())
        .bind(actor.who)
        .execute(writing.connection())
        .await
        .map_err(&error)?;
        let shown = |enabled, monitoring| json!({ "enabled": enabled, "monitoring": monitoring });
        let detail = json!({
            "tenant": before.tenant_name,
            "before": shown(before.enabled, before.monitoring), "after": shown(enabled, monitoring),
        });
        audit::note(writing.connection(), actor, "tenant-switched", key, &detail, now).await.map_err(&error)?;
        writing.revise();
        writing.commit().await?;
        Ok(Switched::Done(TenantSwitches {
            enabled,
            monitoring,
            version: before.version + 1,
            switched_at: Some(now),
            switched_by: actor.who.to_owned(),
            ..before
        }))
    }

    /// Writes down who asks for these switches before the Tenantliste is changed, so that it is known whose change it was
    /// whatever becomes of the rest.
    ///
    /// # Errors
    /// Those of writing; the list must not be changed then.
    pub async fn note_switch_wish(
        &self,
        seen: &TenantSwitches,
        (enabled, monitoring): (bool, bool),
        actor: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const OPERATION: &str = "noting who asks for a tenant's switches";
        let mut writing = self.writing(OPERATION).await?;
        let shown = |enabled, monitoring| json!({ "enabled": enabled, "monitoring": monitoring });
        let detail = json!({
            "tenant": seen.tenant_name,
            "before": shown(seen.enabled, seen.monitoring), "after": shown(enabled, monitoring),
        });
        let noted = audit::note(writing.connection(), actor, "tenant-switch-asked", &seen.key, &detail, now).await;
        noted.map_err(StoreError::during(OPERATION))?;
        writing.commit().await
    }
}

async fn one(connection: &mut AnyConnection, key: &str) -> Result<Option<TenantSwitches>, sqlx::Error> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} AND tenant_key = $1"));
    let row = sqlx::query(sql).bind(key).fetch_optional(connection).await?;
    row.as_ref().map(switches).transpose()
}

fn switches(row: &AnyRow) -> Result<TenantSwitches, sqlx::Error> {
    Ok(TenantSwitches {
        key: get(row, "tenant_key")?,
        tenant_name: get(row, "tenant_name")?,
        display_name: get(row, "display_name")?,
        enabled: flag(row, "enabled")?,
        profile_enabled: flag(row, "profile_enabled")?,
        monitoring: flag(row, "monitoring")?,
        version: get(row, "switches_version")?,
        switched_at: optional_time(row, "switched_at")?,
        switched_by: get(row, "switched_by")?,
    })
}
