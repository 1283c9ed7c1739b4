//! What tenants have bought: recorded as a whole, or why it could not be read.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use leitwarte_core::catalogue::product_name;
use leitwarte_core::poll::PollFailure;
use leitwarte_core::status::TenantSnapshot;
use leitwarte_core::stock::CapabilityStatus;
use leitwarte_core::subscription::{Reading, Subscription, trials};
use leitwarte_database::{PATIENCE, within};
use serde_json::{Value, json};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::rows::{failure_of, flag, get, id, optional_time, unreadable};
use crate::{Store, StoreError};

/// What asking a tenant for its subscriptions brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionsRead {
    /// The tenant's key.
    pub key: String,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// All of them, or why there are none.
    pub found: Result<Vec<Subscription>, PollFailure>,
}

/// What is known of a tenant's subscriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantSubscriptions {
    /// The tenant.
    pub tenant: TenantSnapshot,
    /// From when it is.
    pub reading: Reading,
    /// Those of the last reading that worked, by product and then by their end.
    pub subscriptions: Vec<Subscription>,
}

impl Store {
    /// Records what tenants told of their subscriptions, in one transaction. A failure keeps what was read before. What was
    /// asked earlier than what is recorded is dropped.
    ///
    /// # Errors
    /// Those of writing; nothing is recorded then.
    pub async fn record_subscriptions(&self, reads: &[SubscriptionsRead]) -> Result<(), StoreError> {
        const OPERATION: &str = "recording subscriptions";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        // In the order of the keys, as every writer does: two that lock rows one by one cannot block each other.
        let mut reads: Vec<&SubscriptionsRead> = reads.iter().collect();
        reads.sort_by(|a, b| a.key.cmp(&b.key));
        for read in reads {
            record(writing.connection(), read).await.map_err(&error)?;
        }
        writing.revise();
        writing.commit().await
    }

    /// What is known of one tenant's subscriptions, found as in [`Store::snapshot`].
    ///
    /// # Errors
    /// Those of reading.
    pub async fn subscriptions(&self, key_or_name: &str) -> Result<Option<TenantSubscriptions>, StoreError> {
        let Some(tenant) = self.snapshot(key_or_name).await? else { return Ok(None) };
        self.subscriptions_of(tenant).await.map(Some)
    }

    /// The same of a tenant that was read already.
    pub(crate) async fn subscriptions_of(&self, tenant: TenantSnapshot) -> Result<TenantSubscriptions, StoreError> {
        const OPERATION: &str = "reading a tenant's subscriptions";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query(
            "SELECT subscriptions_asked_at, subscriptions_read_at, subscriptions_failure_kind, \
             subscriptions_failure_message, subscriptions_failure_fix FROM tenants WHERE tenant_key = $1",
        );
        let row = within(PATIENCE, query.bind(&tenant.key).fetch_one(&mut *connection)).await.map_err(&error)?;
        let reading = reading(&row).map_err(&error)?;
        let query = sqlx::query(
            "SELECT subscription_id, sku_id, part_number, status, licences, is_trial, created_at, next_lifecycle_at \
             FROM subscriptions WHERE tenant_key = $1 ORDER BY part_number, sku_id, next_lifecycle_at, subscription_id",
        );
        let rows = within(PATIENCE, query.bind(&tenant.key).fetch_all(&mut *connection)).await.map_err(&error)?;
        let subscriptions = rows.iter().map(subscription).collect::<Result<_, _>>().map_err(error)?;
        Ok(TenantSubscriptions { tenant, reading, subscriptions })
    }
}

impl Store {
    /// What is known of every tenant's subscriptions, by the tenant's key; only of those in force that end.
    pub(crate) async fn subscriptions_of_all(
        &self,
    ) -> Result<HashMap<String, (Reading, Vec<Subscription>)>, StoreError> {
        const OPERATION: &str = "reading the subscriptions of every tenant";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query(
            "SELECT tenant_key, subscriptions_asked_at, subscriptions_read_at, subscriptions_failure_kind, \
             subscriptions_failure_message, subscriptions_failure_fix FROM tenants",
        );
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        let mut known = HashMap::new();
        for row in &rows {
            known.insert(get(row, "tenant_key").map_err(&error)?, (reading(row).map_err(&error)?, Vec::new()));
        }
        let query = sqlx::query(
            "SELECT tenant_key, subscription_id, sku_id, part_number, status, licences, is_trial, created_at, \
             next_lifecycle_at FROM subscriptions WHERE next_lifecycle_at IS NOT NULL AND status IN ('Enabled', 'Warning')",
        );
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        for row in &rows {
            let key: &str = get(row, "tenant_key").map_err(&error)?;
            if let Some((_, subscriptions)) = known.get_mut(key) {
                subscriptions.push(subscription(row).map_err(&error)?);
            }
        }
        Ok(known)
    }
}

/// When a tenant was asked and what came of it, from its `subscriptions_…` columns.
pub(crate) fn reading(row: &AnyRow) -> Result<Reading, sqlx::Error> {
    Ok(Reading {
        asked_at: optional_time(row, "subscriptions_asked_at")?,
        read_at: optional_time(row, "subscriptions_read_at")?,
        failure: failure_of(row, "subscriptions_")?,
    })
}

/// The products on trial, from the columns `trials`, `subscriptions_asked_at` and `subscriptions_read_at`.
pub(crate) fn trials_of(row: &AnyRow) -> Result<BTreeSet<Uuid>, sqlx::Error> {
    let (asked_at, read_at) =
        (optional_time(row, "subscriptions_asked_at")?, optional_time(row, "subscriptions_read_at")?);
    if !(Reading { asked_at, read_at, failure: None }).trials_hold() {
        return Ok(BTreeSet::new());
    }
    let text: &str = get(row, "trials")?;
    let ids: Option<BTreeSet<Uuid>> = text.split_ascii_whitespace().map(|id| id.parse().ok()).collect();
    ids.ok_or_else(|| unreadable("trials", "GUIDs"))
}

async fn record(connection: &mut AnyConnection, read: &SubscriptionsRead) -> Result<(), sqlx::Error> {
    let failure = read.found.as_ref().err();
    let done = sqlx::query(
        "UPDATE tenants SET subscriptions_asked_at = $2, \
         subscriptions_read_at = CASE WHEN $3 IS NULL THEN $2 ELSE subscriptions_read_at END, \
         subscriptions_failure_kind = $3, subscriptions_failure_message = $4, subscriptions_failure_fix = $5 \
         WHERE tenant_key = $1 AND COALESCE(subscriptions_asked_at, $2) <= $2",
    )
    .bind(&read.key)
    .bind(read.asked_at.timestamp_millis())
    .bind(failure.map(|failure| failure.kind.as_str()))
    .bind(failure.map(|failure| &failure.message))
    .bind(failure.map(|failure| &failure.fix))
    .execute(&mut *connection)
    .await?;
    match &read.found {
        Ok(found) if done.rows_affected() == 1 => replace(connection, &read.key, found).await,
        _ => Ok(()),
    }
}

async fn replace(connection: &mut AnyConnection, key: &str, found: &[Subscription]) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM subscriptions WHERE tenant_key = $1").bind(key).execute(&mut *connection).await?;
    for subscription in found {
        let part_number: String = subscription.part_number.chars().filter(|c| !c.is_control()).collect();
        sqlx::query(
            "INSERT INTO subscriptions (tenant_key, subscription_id, sku_id, part_number, status, licences, is_trial, \
             created_at, next_lifecycle_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(key)
        .bind(subscription.id.to_string())
        .bind(subscription.sku_id.to_string())
        .bind(part_number)
        .bind(subscription.status.as_str())
        .bind(subscription.licences)
        .bind(i64::from(subscription.is_trial))
        .bind(subscription.created_at.map(|at| at.timestamp_millis()))
        .bind(subscription.next_lifecycle_at.map(|at| at.timestamp_millis()))
        .execute(&mut *connection)
        .await?;
    }
    let trials: Vec<String> = trials(found).iter().map(Uuid::to_string).collect();
    sqlx::query("UPDATE tenants SET trials = $2 WHERE tenant_key = $1")
        .bind(key)
        .bind(trials.join(" "))
        .execute(connection)
        .await?;
    Ok(())
}

fn subscription(row: &AnyRow) -> Result<Subscription, sqlx::Error> {
    Ok(Subscription {
        id: id(row, "subscription_id")?,
        sku_id: id(row, "sku_id")?,
        part_number: get(row, "part_number")?,
        status: CapabilityStatus::parse(get(row, "status")?)
            .ok_or_else(|| unreadable("status", "a word this version knows"))?,
        licences: get(row, "licences")?,
        is_trial: flag(row, "is_trial")?,
        created_at: optional_time(row, "created_at")?,
        next_lifecycle_at: optional_time(row, "next_lifecycle_at")?,
    })
}

impl TenantSubscriptions {
    /// As the API shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let one = |subscription: &Subscription| {
            let Subscription { id, sku_id, part_number, status, licences, is_trial, created_at, next_lifecycle_at } =
                subscription;
            json!({
                "subscription_id": id, "skuid": sku_id, "skupartnumber": part_number,
                "product_name": product_name(*sku_id, part_number), "status": status, "licences": licences,
                "is_trial": is_trial, "created_at": created_at, "next_lifecycle_at": next_lifecycle_at,
            })
        };
        json!({
            "tenant_key": self.tenant.key, "tenant": self.tenant.tenant_name, "known": self.reading.known(),
            "note": self.reading.note(), "asked_at": self.reading.asked_at, "read_at": self.reading.read_at,
            "subscriptions": self.subscriptions.iter().map(one).collect::<Vec<_>>(),
        })
    }
}
