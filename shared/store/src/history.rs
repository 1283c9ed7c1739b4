//! The history of a tenant's stock: every change, not every poll.

use chrono::{DateTime, Utc};
use leitwarte_core::change::{StockChange, changes};
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use leitwarte_database::{PATIENCE, within};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Row};
use uuid::Uuid;

use crate::polls::replace_stock;
use crate::records::{HistoryEntry, PastPoll};
use crate::rows::{clean, get, id, time, unreadable};
use crate::{Store, StoreError};

const INSERT: &str = "INSERT INTO stock_changes (tenant_key, poll, sku_id, changed_at, before_part_number, \
    before_applies_to, before_capability_status, before_enabled, before_warning, before_suspended, before_locked_out, \
    before_consumed, after_part_number, after_applies_to, after_capability_status, after_enabled, after_warning, \
    after_suspended, after_locked_out, after_consumed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, \
    $13, $14, $15, $16, $17, $18, $19, $20)";

macro_rules! columns {
    () => {
        "poll, changed_at, sku_id, before_part_number, before_applies_to, before_capability_status, \
         before_enabled, before_warning, before_suspended, before_locked_out, before_consumed, after_part_number, \
         after_applies_to, after_capability_status, after_enabled, after_warning, after_suspended, after_locked_out, \
         after_consumed"
    };
}

macro_rules! of_tenant {
    () => {
        concat!("SELECT ", columns!(), " FROM stock_changes WHERE tenant_key = $1 AND changed_at >= $2")
    };
}

const SELECT: &str = concat!(of_tenant!(), " AND ($3 IS NULL OR sku_id = $3) ORDER BY poll, sku_id");
/// The newest of them, so many.
pub(crate) const NEWEST: &str = concat!(of_tenant!(), " ORDER BY poll DESC, sku_id LIMIT $3");
/// Those of every tenant.
const OF_ALL: &str = concat!(
    "SELECT ",
    columns!(),
    ", tenant_key FROM stock_changes WHERE changed_at >= $1 ORDER BY tenant_key, poll, sku_id"
);

/// Columns of all of them where the numbers before and after begin.
const BEFORE: usize = 3;
const AFTER: usize = BEFORE + 8;

impl Store {
    /// What changed in a tenant, or in one of its products, since a moment; oldest first. Empty for an unknown
    /// tenant. The history of a removed tenant stays.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn history(
        &self,
        key: &str,
        sku: Option<Uuid>,
        since: DateTime<Utc>,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        const OPERATION: &str = "reading a tenant's history";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let rows = within(
            PATIENCE,
            sqlx::query(SELECT)
                .bind(key)
                .bind(since.timestamp_millis())
                .bind(sku.map(|sku| sku.to_string()))
                .fetch_all(&mut *connection),
        )
        .await
        .map_err(&error)?;
        rows.iter().map(entry).collect::<Result<_, _>>().map_err(error)
    }

    /// What changed in every tenant since a moment, with the tenant's key; of each tenant the oldest first.
    pub(crate) async fn history_of_all(&self, since: DateTime<Utc>) -> Result<Vec<(String, HistoryEntry)>, StoreError> {
        const OPERATION: &str = "reading the history of every tenant";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query(OF_ALL).bind(since.timestamp_millis());
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        let keyed = |row: &AnyRow| Ok((get(row, "tenant_key")?, entry(row)?));
        rows.iter().map(keyed).collect::<Result<_, _>>().map_err(error)
    }

    /// Gives a tenant that was never polled a past, oldest poll first: for the demo. `false`, and nothing done, if
    /// it is not registered or has been polled or given a past before. The tenant remains due at once.
    ///
    /// # Errors
    /// Those of writing; nothing is stored then.
    pub async fn seed_history(&self, key: &str, polls: &[PastPoll]) -> Result<bool, StoreError> {
        const OPERATION: &str = "storing a past for a demo tenant";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let Some(last) = polls.last() else { return Ok(false) };
        let seeded = sqlx::query(
            "UPDATE tenants SET fence = $2, last_success_at = $3 \
             WHERE tenant_key = $1 AND fence = 0 AND last_success_at IS NULL",
        )
        .bind(key)
        .bind(i64::try_from(polls.len()).unwrap_or(i64::MAX))
        .bind(last.at.timestamp_millis())
        .execute(writing.connection())
        .await
        .map_err(&error)?;
        if seeded.rows_affected() == 0 {
            return Ok(false);
        }
        let mut before = Vec::new();
        for (number, poll) in (1..).zip(polls) {
            let after = clean(&poll.stock);
            insert(writing.connection(), key, number, poll.at, &changes(&before, &after)).await.map_err(&error)?;
            before = after;
        }
        replace_stock(writing.connection(), key, &before).await.map_err(&error)?;
        writing.revise();
        writing.commit().await?;
        Ok(true)
    }
}

/// Writes the changes one poll saw.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    key: &str,
    poll: i64,
    at: DateTime<Utc>,
    changes: &[StockChange],
) -> Result<(), sqlx::Error> {
    for change in changes {
        let query =
            sqlx::query(INSERT).bind(key).bind(poll).bind(change.sku_id.to_string()).bind(at.timestamp_millis());
        let query = bind_numbers(query, change.before.as_ref());
        bind_numbers(query, change.after.as_ref()).execute(&mut *connection).await?;
    }
    Ok(())
}

fn bind_numbers<'q>(query: Query<'q, Any, AnyArguments>, stock: Option<&LicenceStock>) -> Query<'q, Any, AnyArguments> {
    query
        .bind(stock.map(|stock| stock.part_number.clone()))
        .bind(stock.map(|stock| stock.applies_to.as_str()))
        .bind(stock.map(|stock| stock.capability_status.as_str()))
        .bind(stock.map(|stock| stock.enabled))
        .bind(stock.map(|stock| stock.warning))
        .bind(stock.map(|stock| stock.suspended))
        .bind(stock.map(|stock| stock.locked_out))
        .bind(stock.map(|stock| stock.consumed))
}

pub(crate) fn entry(row: &AnyRow) -> Result<HistoryEntry, sqlx::Error> {
    let sku_id = id(row, "sku_id")?;
    Ok(HistoryEntry {
        at: time(row, "changed_at")?,
        poll: get(row, "poll")?,
        change: StockChange { sku_id, before: numbers(row, sku_id, BEFORE)?, after: numbers(row, sku_id, AFTER)? },
    })
}

fn numbers(row: &AnyRow, sku_id: Uuid, first: usize) -> Result<Option<LicenceStock>, sqlx::Error> {
    let Some(part_number) = row.try_get::<Option<String>, _>(first)? else { return Ok(None) };
    let number = |offset: usize| row.try_get::<i64, _>(first + offset);
    Ok(Some(LicenceStock {
        sku_id,
        part_number,
        applies_to: AppliesTo::parse(row.try_get(first + 1)?)
            .ok_or_else(|| unreadable("applies_to", "a word this version knows"))?,
        capability_status: CapabilityStatus::parse(row.try_get(first + 2)?)
            .ok_or_else(|| unreadable("capability_status", "a word this version knows"))?,
        enabled: number(3)?,
        warning: number(4)?,
        suspended: number(5)?,
        locked_out: number(6)?,
        consumed: number(7)?,
    }))
}
