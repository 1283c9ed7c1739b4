//! What can be asked of the queue.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::event::DeadLetter;
use super::{Queue, QueueError};

impl Queue {
    /// Events given up, newest first, older than `after`.
    pub(crate) async fn dead_letters(&self, limit: i64, after: Option<&str>) -> Result<Vec<DeadLetter>, QueueError> {
        let sql = "SELECT id, request_id, function_name, reason, attempts, accepted_at_ms, dead_at_ms, error \
                   FROM dead_letters WHERE id < $1 ORDER BY id DESC LIMIT $2";
        // Identifiers are hexadecimal: every one sorts before `g`.
        let rows = sqlx::query(sql).bind(after.unwrap_or("g")).bind(limit).fetch_all(&self.database.pool).await?;
        rows.iter().map(|row| Ok(dead_letter(row)?)).collect()
    }

    /// One event given up, with its payload.
    pub(crate) async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, QueueError> {
        let sql = "SELECT id, request_id, function_name, reason, attempts, accepted_at_ms, dead_at_ms, error, payload \
                   FROM dead_letters WHERE id = $1";
        let row = sqlx::query(sql).bind(id).fetch_optional(&self.database.pool).await?;
        row.map(|row| Ok(DeadLetter { payload: Some(row.try_get("payload")?), ..dead_letter(&row)? })).transpose()
    }

    /// The last slot a schedule fired.
    pub(crate) async fn last_slot_ms(&self, schedule: &str) -> Result<Option<i64>, QueueError> {
        let sql = "SELECT last_slot_ms FROM schedule_slots WHERE name = $1";
        Ok(sqlx::query_scalar(sql).bind(schedule).fetch_optional(&self.database.pool).await?)
    }

    /// When the next free event of a function is due.
    pub(super) async fn next_due_ms(&self, function: &str, now_ms: i64) -> Result<Option<i64>, QueueError> {
        let sql = "SELECT next_attempt_at_ms FROM events WHERE function_name = $1 AND lease_until_ms < $2 \
                   ORDER BY next_attempt_at_ms LIMIT 1";
        Ok(sqlx::query_scalar(sql).bind(function).bind(now_ms).fetch_optional(&self.database.pool).await?)
    }

    /// How many events each function has in the queue.
    pub(super) async fn counts(pool: &sqlx::AnyPool) -> Result<Vec<(String, i64)>, sqlx::Error> {
        let sql = "SELECT function_name, COUNT(*) AS waiting FROM events GROUP BY function_name";
        let rows = sqlx::query(sql).fetch_all(pool).await?;
        rows.iter().map(|row| Ok((row.try_get("function_name")?, row.try_get("waiting")?))).collect()
    }
}

fn dead_letter(row: &AnyRow) -> Result<DeadLetter, sqlx::Error> {
    Ok(DeadLetter {
        id: row.try_get("id")?,
        request_id: row.try_get("request_id")?,
        function: row.try_get("function_name")?,
        reason: row.try_get("reason")?,
        attempts: row.try_get("attempts")?,
        accepted_at_ms: row.try_get("accepted_at_ms")?,
        dead_at_ms: row.try_get("dead_at_ms")?,
        error: row.try_get("error")?,
        payload: None,
    })
}
