//! Forgetting what is old, a bounded number of rows at a time, so that nobody who writes waits for long.

use chrono::{DateTime, Utc};
use leitwarte_core::retention::{OlderThan, Retention};
use sqlx::AnyConnection;

use crate::rows::from_millis;
use crate::{Store, StoreError};

/// At most this many rows of one kind are forgotten at once.
const AT_ONCE: i64 = 10_000;

/// A change goes when a later one of the same product is old, too: the last old one stays, from which the history goes on.
/// That the product disappeared goes only when nothing is left before it, or it would seem to be there again.
const CHANGES: &str = "DELETE FROM stock_changes WHERE (tenant_key, poll, sku_id) IN (\
     SELECT c.tenant_key, c.poll, c.sku_id FROM stock_changes c WHERE c.changed_at < $1 AND (\
     EXISTS (SELECT 1 FROM stock_changes l WHERE l.tenant_key = c.tenant_key AND l.sku_id = c.sku_id \
     AND l.poll > c.poll AND l.changed_at < $1) \
     OR c.after_consumed IS NULL AND NOT EXISTS (SELECT 1 FROM stock_changes e WHERE e.tenant_key = c.tenant_key \
     AND e.sku_id = c.sku_id AND e.poll < c.poll)) LIMIT $2)";

/// Messages about what is over. Those about an open shortage, a change of roles under way, and the certificate a profile has
/// now, stay: they keep the same from being told again. Of kinds that are not known here nobody can say that, so they stay, too.
const MESSAGES: &str = "DELETE FROM messages WHERE number IN (\
     SELECT m.number FROM messages m WHERE m.written_at < $1 AND m.spread_at IS NOT NULL \
     AND (m.incident IS NOT NULL OR m.subject LIKE 'certificate/%' OR m.subject LIKE 'role-operation/%') \
     AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.number AND d.state = 'waiting') \
     AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.number = m.incident AND i.closed_at IS NULL) \
     AND NOT EXISTS (SELECT 1 FROM role_operations o \
     WHERE o.ended_at IS NULL AND m.subject = 'role-operation/' || o.number) \
     AND NOT EXISTS (SELECT 1 FROM certificates c \
     WHERE m.subject LIKE 'certificate/' || c.kind || '/' || c.profile_key || '/' || c.fingerprint || '/%') LIMIT $2)";

/// What each shortage had to say goes with it.
const MESSAGES_OF_INCIDENTS: &str = "DELETE FROM messages WHERE incident IN (\
     SELECT number FROM incidents WHERE closed_at < $1 ORDER BY number LIMIT $2)";
const INCIDENTS: &str = "DELETE FROM incidents WHERE number IN (\
     SELECT number FROM incidents WHERE closed_at < $1 ORDER BY number LIMIT $2)";

const AUDIT: &str =
    "DELETE FROM audit_log WHERE number IN (SELECT number FROM audit_log WHERE at < $1 ORDER BY number LIMIT $2)";

/// Changes of roles that are over, with their steps; the audit log tells them as long.
const ROLE_CHANGES: &str = "DELETE FROM role_operations WHERE number IN (\
     SELECT number FROM role_operations WHERE ended_at < $1 ORDER BY number LIMIT $2)";

/// How much was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Polls.
    pub polls: u64,
    /// Changes of stock.
    pub changes: u64,
    /// Shortages that were over.
    pub incidents: u64,
    /// Messages by themselves.
    pub messages: u64,
    /// Entries of the audit log.
    pub audit: u64,
    /// Changes of roles that were over.
    pub role_changes: u64,
}

impl Forgotten {
    /// Whether more than polls was forgotten, which happens all the time.
    #[must_use]
    pub fn is_news(&self) -> bool {
        self.changes + self.incidents + self.messages + self.audit + self.role_changes > 0
    }
}

impl Store {
    /// Forgets what is old: polls at every call, the rest once a day. Of each kind some thousands of rows at most; what is
    /// left goes at the next call.
    ///
    /// # Errors
    /// Those of writing; nothing is forgotten then.
    pub async fn forget_older(&self, retention: &Retention, now: DateTime<Utc>) -> Result<Forgotten, StoreError> {
        self.forget(retention, now, AT_ONCE).await
    }

    /// The same with fewer at once.
    ///
    /// # Errors
    /// As above.
    pub async fn forget(
        &self,
        retention: &Retention,
        now: DateTime<Utc>,
        at_once: i64,
    ) -> Result<Forgotten, StoreError> {
        const OPERATION: &str = "forgetting what is old";
        let error = StoreError::during(OPERATION);
        let old = retention.older_than(now);
        let mut writing = self.writing(OPERATION).await?;
        let mut forgotten = Forgotten {
            polls: polls(writing.connection(), &old, at_once).await.map_err(&error)?,
            ..Forgotten::default()
        };
        let last = sqlx::query_scalar::<_, i64>("SELECT value FROM meta WHERE name = 'forgotten_at'");
        let last = last.fetch_optional(writing.connection()).await.map_err(&error)?;
        if Retention::is_due(last.and_then(from_millis), now) {
            let mut delete = async |sql: &'static str, before: DateTime<Utc>| {
                let query = sqlx::query(sql).bind(before.timestamp_millis()).bind(at_once);
                query.execute(writing.connection()).await.map(|done| done.rows_affected())
            };
            forgotten.changes = delete(CHANGES, old.history).await.map_err(&error)?;
            delete(MESSAGES_OF_INCIDENTS, old.incidents).await.map_err(&error)?;
            forgotten.incidents = delete(INCIDENTS, old.incidents).await.map_err(&error)?;
            forgotten.messages = delete(MESSAGES, old.messages).await.map_err(&error)?;
            forgotten.audit = delete(AUDIT, old.audit).await.map_err(&error)?;
            forgotten.role_changes = delete(ROLE_CHANGES, old.audit).await.map_err(&error)?;
            if forgotten.is_news() {
                writing.revise();
            } else {
                note(writing.connection(), now).await.map_err(&error)?;
            }
        }
        writing.commit().await?;
        Ok(forgotten)
    }
}

async fn polls(connection: &mut AnyConnection, old: &OlderThan, at_once: i64) -> Result<u64, sqlx::Error> {
    let mut forgotten = 0;
    for (outcome, before) in [("unchanged", old.uneventful_polls), ("changed", old.polls), ("failed", old.polls)] {
        let done = sqlx::query(
            "DELETE FROM poll_runs WHERE (tenant_key, poll) IN (SELECT tenant_key, poll FROM poll_runs \
             WHERE outcome = $1 AND started_at < $2 LIMIT $3)",
        )
        .bind(outcome)
        .bind(before.timestamp_millis())
        .bind(at_once)
        .execute(&mut *connection)
        .await?;
        forgotten += done.rows_affected();
    }
    Ok(forgotten)
}

/// Nothing old is left.
async fn note(connection: &mut AnyConnection, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES ('forgotten_at', $1) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(now.timestamp_millis())
    .execute(connection)
    .await?;
    Ok(())
}
