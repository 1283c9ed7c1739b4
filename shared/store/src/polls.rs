//! Recording how polls went: many in one transaction, each under its fence.

use chrono::{DateTime, Utc};
use leitwarte_core::change::{self, StockChange};
use leitwarte_core::poll::PollFailure;
use leitwarte_core::stock::LicenceStock;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::incidents::{Desk, Found, Polled};
use crate::records::{PollResult, Recorded};
use crate::rows::{clean, flag, get, packed_stock, unpacked_stock};
use crate::subscriptions::trials_of;
use crate::{Store, StoreError, history};

impl Store {
    /// Records finished polls in one transaction: current stock, history, poll run and the tenant's state. Answers
    /// in the order of `results`.
    ///
    /// # Errors
    /// Those of writing; nothing of any result is stored then.
    pub async fn record_polls(&self, results: &[PollResult]) -> Result<Vec<Recorded>, StoreError> {
        const OPERATION: &str = "recording polls";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        // In the order of the keys, as claims are made: writers that lock rows one by one cannot block each other.
        let mut order: Vec<usize> = (0..results.len()).collect();
        order.sort_by_key(|&index| &results[index].claim.key);
        let mut recorded = vec![Recorded::Superseded; results.len()];
        let mut desk = Desk::read(writing.connection()).await.map_err(&error)?;
        for index in order {
            recorded[index] = record(writing.connection(), &results[index], &mut desk).await.map_err(&error)?;
        }
        if recorded.iter().any(|recorded| *recorded != Recorded::Superseded) {
            writing.revise();
        }
        writing.commit().await?;
        Ok(recorded)
    }

    /// Notes that every due tenant has been polled.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn finish_tick(&self, finished_at: DateTime<Utc>) -> Result<(), StoreError> {
        const OPERATION: &str = "finishing a poll";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        sqlx::query(
            "INSERT INTO meta (name, value) VALUES ('last_tick_at', $1) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(finished_at.timestamp_millis())
        .execute(writing.connection())
        .await
        .map_err(&error)?;
        writing.commit().await
    }
}

async fn record(connection: &mut AnyConnection, result: &PollResult, desk: &mut Desk) -> Result<Recorded, sqlx::Error> {
    let (mut changes, mut incidents) = (0, Found::default());
    match &result.stock {
        Ok(stock) => {
            let Some(tenant) = store_success(connection, result).await? else { return Ok(Recorded::Superseded) };
            let stock = clean(stock);
            let found = replace_stock(connection, &result.claim.key, &stock).await?;
            history::insert(connection, &result.claim.key, result.claim.fence, result.started_at, &found).await?;
            changes = found.len();
            incidents = desk.judge(connection, &polled(&tenant, result, &stock)?).await?;
        }
        Err(failure) if !store_failure(connection, result, failure).await? => return Ok(Recorded::Superseded),
        Err(_) => {}
    }
    insert_run(connection, result, changes).await?;
    Ok(Recorded::Stored { changes, opened: incidents.opened, closed: incidents.closed })
}

/// The tenant as its shortages are judged, from the row that [`store_success`] answers.
fn polled<'a>(tenant: &AnyRow, result: &'a PollResult, stock: &'a [LicenceStock]) -> Result<Polled<'a>, sqlx::Error> {
    let name: String = get(tenant, "tenant_name")?;
    Ok(Polled {
        key: &result.claim.key,
        name: get::<Option<String>>(tenant, "display_name")?.unwrap_or(name),
        monitoring: flag(tenant, "monitoring")?,
        count_warning_units: flag(tenant, "count_warning_units")?,
        trials: trials_of(tenant)?,
        stock,
        at: result.started_at,
    })
}

/// Ends the lease with new numbers and answers what else is needed of the tenant; `None` if the fence is no longer this
/// poll's or its result is stored already.
async fn store_success(connection: &mut AnyConnection, result: &PollResult) -> Result<Option<AnyRow>, sqlx::Error> {
    sqlx::query(
        "UPDATE tenants SET lease_until = NULL, last_attempt_at = $3, last_success_at = $3, failing_since = NULL, \
         failure_kind = NULL, failure_message = NULL, failure_fix = NULL, consecutive_failures = 0, \
         certificate_ends_at = COALESCE($4, certificate_ends_at) \
         WHERE tenant_key = $1 AND fence = $2 AND lease_until IS NOT NULL \
         RETURNING tenant_name, display_name, monitoring, count_warning_units, trials, subscriptions_asked_at, \
         subscriptions_read_at",
    )
    .bind(&result.claim.key)
    .bind(result.claim.fence)
    .bind(result.started_at.timestamp_millis())
    .bind(result.certificate_ends_at.map(|at| at.timestamp_millis()))
    .fetch_optional(connection)
    .await
}

/// Ends the lease with a reason, and leaves the stock alone; `false` where [`store_success`] answers nothing.
async fn store_failure(
    connection: &mut AnyConnection,
    result: &PollResult,
    failure: &PollFailure,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE tenants SET lease_until = NULL, last_attempt_at = $3, failing_since = COALESCE(failing_since, $3), \
         failure_kind = $5, failure_message = $6, failure_fix = $7, consecutive_failures = consecutive_failures + 1, \
         certificate_ends_at = COALESCE($4, certificate_ends_at) \
         WHERE tenant_key = $1 AND fence = $2 AND lease_until IS NOT NULL",
    )
    .bind(&result.claim.key)
    .bind(result.claim.fence)
    .bind(result.started_at.timestamp_millis())
    .bind(result.certificate_ends_at.map(|at| at.timestamp_millis()))
    .bind(failure.kind.as_str())
    .bind(&failure.message)
    .bind(&failure.fix)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes `stock` (as [`clean`] leaves it) the tenant's current one, touching only the products that differ, and tells which do.
pub(crate) async fn replace_stock(
    connection: &mut AnyConnection,
    key: &str,
    stock: &[LicenceStock],
) -> Result<Vec<StockChange>, sqlx::Error> {
    let row = sqlx::query(concat!("SELECT ", packed_stock!(), " FROM tenants t WHERE t.tenant_key = $1"))
        .bind(key)
        .fetch_one(&mut *connection)
        .await?;
    let changes = change::changes(&unpacked_stock(&row)?, stock);
    for change in &changes {
        match &change.after {
            Some(after) => upsert(connection, key, after).await?,
            None => {
                sqlx::query("DELETE FROM stock WHERE tenant_key = $1 AND sku_id = $2")
                    .bind(key)
                    .bind(change.sku_id.to_string())
                    .execute(&mut *connection)
                    .await?;
            }
        }
    }
    Ok(changes)
}

async fn upsert(connection: &mut AnyConnection, key: &str, stock: &LicenceStock) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO stock (tenant_key, sku_id, part_number, applies_to, capability_status, enabled, warning, \
         suspended, locked_out, consumed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (tenant_key, sku_id) DO UPDATE SET part_number = excluded.part_number, \
         applies_to = excluded.applies_to, capability_status = excluded.capability_status, \
         enabled = excluded.enabled, warning = excluded.warning, suspended = excluded.suspended, \
         locked_out = excluded.locked_out, consumed = excluded.consumed",
    )
    .bind(key)
    .bind(stock.sku_id.to_string())
    .bind(&stock.part_number)
    .bind(stock.applies_to.as_str())
    .bind(stock.capability_status.as_str())
    .bind(stock.enabled)
    .bind(stock.warning)
    .bind(stock.suspended)
    .bind(stock.locked_out)
    .bind(stock.consumed)
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_run(connection: &mut AnyConnection, result: &PollResult, changes: usize) -> Result<(), sqlx::Error> {
    let (outcome, skus, failure) = match &result.stock {
        Err(failure) => ("failed", 0, Some(failure)),
        Ok(stock) if changes == 0 => ("unchanged", stock.len(), None),
        Ok(stock) => ("changed", stock.len(), None),
    };
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO poll_runs (tenant_key, poll, started_at, finished_at, outcome, failure_kind, failure_message, \
         failure_fix, skus, changes, requests, retries) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(&result.claim.key)
    .bind(result.claim.fence)
    .bind(result.started_at.timestamp_millis())
    .bind(result.finished_at.timestamp_millis())
    .bind(outcome)
    .bind(failure.map(|failure| failure.kind.as_str()))
    .bind(failure.map(|failure| &failure.message))
    .bind(failure.map(|failure| &failure.fix))
    .bind(number(skus))
    .bind(number(changes))
    .bind(i64::from(result.requests))
    .bind(i64::from(result.retries))
    .execute(connection)
    .await?;
    Ok(())
}
