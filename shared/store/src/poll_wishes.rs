//! Polls people ask for: one wish, one poll, however often somebody clicks; and how far it is.

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::poll::PollFailure;
use leitwarte_database::{PATIENCE, within};
use serde_json::json;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::audit::{self, Actor};
use crate::claims::LONGEST_LEASE;
use crate::rows::{failure, flag, get, optional_time, time};
use crate::{Store, StoreError};

/// A wish that has not been fulfilled by then is over, so that whoever asks again is heard.
const WISH_LASTS: TimeDelta = TimeDelta::minutes(5);

/// What became of the wish for a poll of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollWished {
    /// Start it; the poll with the first number above `after` fulfils the wish.
    New {
        /// Number of the last poll begun so far.
        after: i64,
    },
    /// One is under way or was asked for just now; start nothing.
    Already {
        /// As above.
        after: i64,
    },
    /// The tenant is switched off.
    Disabled,
    /// There is no such tenant.
    Unknown,
}

/// What became of the wish for a poll of all tenants: those are polled whose last poll began before `since`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllWished {
    /// When it was asked for.
    pub since: DateTime<Utc>,
    /// Whether it was asked for before and is still to be done; start nothing.
    pub already: bool,
}

/// How far the polls of one tenant are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollProgress {
    /// The tenant's key.
    pub key: String,
    /// Its name.
    pub tenant_name: String,
    /// Number of the last poll that has ended; 0 for none.
    pub poll: i64,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Products whose numbers it changed.
    pub changes: i64,
    /// Why it brought no numbers.
    pub failure: Option<PollFailure>,
    /// Whether one is under way.
    pub running: bool,
    /// Start of the last poll that brought numbers.
    pub last_success_at: Option<DateTime<Utc>>,
}

/// How far a poll of all tenants is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AllProgress {
    /// Tenants that are polled.
    pub tenants: i64,
    /// Whose poll began since then and has ended.
    pub done: i64,
    /// Whose poll has ended without numbers.
    pub failed: i64,
}

struct Candidate {
    enabled: bool,
    fence: i64,
    last_poll: i64,
    lease_until: Option<DateTime<Utc>>,
}

impl Candidate {
    fn is_running(&self, now: DateTime<Utc>) -> bool {
        is_running(self.fence, self.last_poll, self.lease_until, now)
    }
}

/// Whether a poll has begun, has not ended, and may still do so.
fn is_running(fence: i64, last_poll: i64, lease_until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    fence > last_poll && lease_until.is_some_and(|until| until > now && until - now <= LONGEST_LEASE)
}

impl Store {
    /// Notes that somebody wants a tenant polled now, and tells whether that is to be started.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn wish_poll(&self, key: &str, actor: Actor<'_>, now: DateTime<Utc>) -> Result<PollWished, StoreError> {
        const OPERATION: &str = "asking for a poll";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let Some(tenant) = candidate(writing.connection(), key).await.map_err(&error)? else {
            return Ok(PollWished::Unknown);
        };
        if !tenant.enabled {
            return Ok(PollWished::Disabled);
        }
        if tenant.is_running(now) {
            return Ok(PollWished::Already { after: tenant.fence - 1 });
        }
        let open = open_wish(writing.connection(), key, now).await.map_err(&error)?;
        if let Some((_, after)) = open.filter(|(_, after)| tenant.last_poll <= *after) {
            return Ok(PollWished::Already { after });
        }
        let after = tenant.fence;
        note(writing.connection(), key, actor, after, now).await.map_err(&error)?;
        writing.commit().await?;
        Ok(PollWished::New { after })
    }

    /// Notes that somebody wants all tenants polled now, and tells whether that is to be started.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn wish_poll_of_all(&self, actor: Actor<'_>, now: DateTime<Utc>) -> Result<AllWished, StoreError> {
        const OPERATION: &str = "asking for a poll of all tenants";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        if let Some((since, _)) = open_wish(writing.connection(), "", now).await.map_err(&error)? {
            let progress = all_progress(writing.connection(), since).await.map_err(&error)?;
            if progress.done < progress.tenants {
                return Ok(AllWished { since, already: true });
            }
        }
        note(writing.connection(), "", actor, 0, now).await.map_err(&error)?;
        // A poll that is under way began before the wish; the next tick begins another.
        sqlx::query("UPDATE tenants SET poll_wanted = 1 WHERE removed_at IS NULL AND lease_until IS NOT NULL")
            .execute(writing.connection())
            .await
            .map_err(&error)?;
        writing.commit().await?;
        Ok(AllWished { since: now, already: false })
    }

    /// Takes a wish back that could not be started; `key` is empty for all.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn withdraw_poll_wish(&self, key: &str) -> Result<(), StoreError> {
        const OPERATION: &str = "taking back the wish for a poll";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        sqlx::query("DELETE FROM poll_wishes WHERE tenant_key = $1")
            .bind(key)
            .execute(writing.connection())
            .await
            .map_err(&error)?;
        writing.commit().await
    }

    /// How far the polls of a tenant are, found by key, else by its exact name.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn poll_progress(
        &self,
        key_or_name: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<PollProgress>, StoreError> {
        const OPERATION: &str = "reading how far a poll is";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query(
            "SELECT t.tenant_key, t.tenant_name, t.fence, t.lease_until, t.last_success_at, COALESCE(r.poll, 0) AS poll, \
             r.started_at, r.finished_at, COALESCE(r.changes, 0) AS changes, r.failure_kind, r.failure_message, \
             r.failure_fix FROM tenants t LEFT JOIN poll_runs r ON r.tenant_key = t.tenant_key AND r.poll = \
             (SELECT MAX(p.poll) FROM poll_runs p WHERE p.tenant_key = t.tenant_key) \
             WHERE t.removed_at IS NULL AND (t.tenant_key = $1 OR t.tenant_name = $1) \
             ORDER BY CASE WHEN t.tenant_key = $1 THEN 0 ELSE 1 END, t.tenant_key LIMIT 1",
        );
        let row = within(PATIENCE, query.bind(key_or_name).fetch_optional(&mut *connection)).await.map_err(&error)?;
        row.as_ref().map(|row| progress(row, now)).transpose().map_err(error)
    }

    /// How many tenants were polled since then.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn polls_since(&self, since: DateTime<Utc>) -> Result<AllProgress, StoreError> {
        const OPERATION: &str = "reading how far the polls are";
        let mut connection = self.reading(OPERATION).await?;
        within(PATIENCE, all_progress(&mut connection, since)).await.map_err(StoreError::during(OPERATION))
    }
}

async fn candidate(connection: &mut AnyConnection, key: &str) -> Result<Option<Candidate>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT enabled * profile_enabled AS enabled, fence, lease_until, \
         (SELECT COALESCE(MAX(poll), 0) FROM poll_runs r WHERE r.tenant_key = t.tenant_key) AS last_poll \
         FROM tenants t WHERE removed_at IS NULL AND tenant_key = $1",
    )
    .bind(key)
    .fetch_optional(connection)
    .await?;
    let read = |row: &AnyRow| {
        Ok(Candidate {
            enabled: flag(row, "enabled")?,
            fence: get(row, "fence")?,
            last_poll: get(row, "last_poll")?,
            lease_until: optional_time(row, "lease_until")?,
        })
    };
    row.as_ref().map(read).transpose()
}

/// When it was asked for and after which poll; one whose time lies ahead was made before the clock was set back.
async fn open_wish(
    connection: &mut AnyConnection,
    key: &str,
    now: DateTime<Utc>,
) -> Result<Option<(DateTime<Utc>, i64)>, sqlx::Error> {
    let query = sqlx::query("SELECT asked_at, after_poll FROM poll_wishes WHERE tenant_key = $1");
    let Some(row) = query.bind(key).fetch_optional(connection).await? else { return Ok(None) };
    let asked_at = time(&row, "asked_at")?;
    let is_open = asked_at <= now && now - asked_at < WISH_LASTS;
    Ok(if is_open { Some((asked_at, get(&row, "after_poll")?)) } else { None })
}

async fn note(
    connection: &mut AnyConnection,
    key: &str,
    actor: Actor<'_>,
    after: i64,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO poll_wishes (tenant_key, asked_at, asked_by, after_poll) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant_key) DO UPDATE SET asked_at = excluded.asked_at, asked_by = excluded.asked_by, \
         after_poll = excluded.after_poll",
    )
    .bind(key)
    .bind(now.timestamp_millis())
    .bind(actor.who)
    .bind(after)
    .execute(&mut *connection)
    .await?;
    audit::note(connection, actor, "poll-asked", key, &json!({}), now).await
}

async fn all_progress(connection: &mut AnyConnection, since: DateTime<Utc>) -> Result<AllProgress, sqlx::Error> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS tenants, COALESCE(SUM(CASE WHEN last_attempt_at >= $1 THEN 1 ELSE 0 END), 0) AS done, \
         COALESCE(SUM(CASE WHEN last_attempt_at >= $1 AND failure_kind IS NOT NULL THEN 1 ELSE 0 END), 0) AS failed \
         FROM tenants WHERE removed_at IS NULL AND enabled = 1 AND profile_enabled = 1",
    )
    .bind(since.timestamp_millis())
    .fetch_one(connection)
    .await?;
    Ok(AllProgress { tenants: get(&row, "tenants")?, done: get(&row, "done")?, failed: get(&row, "failed")? })
}

fn progress(row: &AnyRow, now: DateTime<Utc>) -> Result<PollProgress, sqlx::Error> {
    let poll = get(row, "poll")?;
    Ok(PollProgress {
        key: get(row, "tenant_key")?,
        tenant_name: get(row, "tenant_name")?,
        poll,
        started_at: optional_time(row, "started_at")?,
        finished_at: optional_time(row, "finished_at")?,
        changes: get(row, "changes")?,
        failure: failure(row)?,
        running: is_running(get(row, "fence")?, poll, optional_time(row, "lease_until")?, now),
        last_success_at: optional_time(row, "last_success_at")?,
    })
}
