//! What can be asked of the queue.

use leitwarte_database::{PATIENCE, within};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::event::DeadLetter;
use super::liveness::Peer;
use super::{Queue, QueueError};

impl Queue {
    /// Events given up, newest first, older than `after`.
    pub(crate) async fn dead_letters(&self, limit: i64, after: Option<&str>) -> Result<Vec<DeadLetter>, QueueError> {
        let sql = "SELECT id, request_id, function_name, reason, attempts, accepted_at_ms, dead_at_ms, error \
                   FROM dead_letters WHERE id < $1 ORDER BY id DESC LIMIT $2";
        // Identifiers are hexadecimal: every one sorts before `g`.
        let after = after.filter(|id| is_storable(id)).unwrap_or("g");
        let rows = sqlx::query(sql).bind(after).bind(limit).fetch_all(self.database.pool());
        let rows = within(PATIENCE, rows).await?;
        rows.iter().map(|row| Ok(dead_letter(row)?)).collect()
    }

    /// One event given up, with its payload.
    pub(crate) async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, QueueError> {
        if !is_storable(id) {
            return Ok(None);
        }
        let sql = "SELECT id, request_id, function_name, reason, attempts, accepted_at_ms, dead_at_ms, error, payload \
                   FROM dead_letters WHERE id = $1";
        let row = within(PATIENCE, sqlx::query(sql).bind(id).fetch_optional(self.database.pool())).await?;
        row.map(|row| Ok(DeadLetter { payload: Some(row.try_get("payload")?), ..dead_letter(&row)? })).transpose()
    }

    /// The last slot a schedule fired.
    pub(crate) async fn last_slot_ms(&self, schedule: &str) -> Result<Option<i64>, QueueError> {
        if !is_storable(schedule) {
            return Ok(None);
        }
        let sql = "SELECT last_slot_ms FROM schedule_slots WHERE name = $1";
        let slot = sqlx::query_scalar(sql).bind(schedule).fetch_optional(self.database.pool());
        Ok(within(PATIENCE, slot).await?)
    }

    /// When the next free event of a function is, or was, due.
    pub(crate) async fn next_due_ms(&self, function: &str, now_ms: i64) -> Result<Option<i64>, QueueError> {
        let sql = "SELECT next_attempt_at_ms FROM events WHERE function_name = $1 \
                   AND (lease_until_ms < $2 OR lease_owner = $3 AND lease_until_ms < $4) \
                   ORDER BY next_attempt_at_ms LIMIT 1";
        let next = sqlx::query_scalar(sql)
            .bind(function)
            .bind(self.owner.free_before_ms(now_ms))
            .bind(&self.owner.run)
            .bind(now_ms)
            .fetch_optional(self.database.pool());
        Ok(within(PATIENCE, next).await?)
    }

    /// How many dead letters each function has.
    pub(crate) async fn dead_letter_counts(&self) -> Result<Vec<(String, i64)>, QueueError> {
        let sql = "SELECT function_name, COUNT(*) AS kept FROM dead_letters GROUP BY function_name";
        let rows = sqlx::query(sql).fetch_all(self.database.pool());
        let rows = within(PATIENCE, rows).await?;
        rows.iter().map(|row| Ok((row.try_get("function_name")?, row.try_get("kept")?))).collect()
    }

    /// The other emulators that share this queue.
    pub(super) async fn peers(&self) -> Result<Vec<Peer>, QueueError> {
        let sql = "SELECT run, host, beats FROM emulators WHERE run <> $1";
        let rows = sqlx::query(sql).bind(&self.owner.run).fetch_all(self.database.pool());
        let rows = within(PATIENCE, rows).await?;
        let peer = |row: &AnyRow| {
            Ok(Peer { run: row.try_get("run")?, host: row.try_get("host")?, beats: row.try_get("beats")? })
        };
        rows.iter().map(peer).collect()
    }
}

/// PostgreSQL knows no text with a null character, not even to compare with.
fn is_storable(text: &str) -> bool {
    !text.contains('\0')
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
