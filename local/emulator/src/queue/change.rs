//! Every way the queue changes, as SQL that SQLite and PostgreSQL both take.

use std::collections::HashSet;

use sqlx::{AnyConnection, Row as _};
use uuid::Uuid;

use super::event::{Claimed, DeathReason, NewEvent, Slot, dead_letter_id};
use super::pending::Pending;

const FREE: &str = "UPDATE events SET lease_owner = NULL, lease_host = NULL, lease_until_ms = 0 WHERE id = $1";
const RELEASE_OWN: &str =
    "UPDATE events SET lease_owner = NULL, lease_host = NULL, lease_until_ms = 0 WHERE lease_owner = $1";
const RELEASE_HOST: &str =
    "UPDATE events SET lease_owner = NULL, lease_host = NULL, lease_until_ms = 0 WHERE lease_host = $1";
const RELEASE_STRANGERS: &str = "UPDATE events SET lease_owner = NULL, lease_host = NULL, lease_until_ms = 0 \
                                 WHERE lease_owner IS NOT NULL AND lease_owner NOT IN (SELECT run FROM emulators)";
const APPEAR: &str =
    "INSERT INTO emulators (run, host, beats, started_at_ms) VALUES ($1, $2, 0, $3) ON CONFLICT (run) DO NOTHING";
const BEAT: &str = "INSERT INTO emulators (run, host, beats, started_at_ms) VALUES ($1, $2, 0, $3) \
                    ON CONFLICT (run) DO UPDATE SET beats = emulators.beats + 1";

/// A change to the queue.
#[derive(Debug)]
pub(super) enum Change {
    Enqueue {
        event: NewEvent,
        slot: Option<Slot>,
    },
    Claim {
        function: String,
        limit: i64,
        now_ms: i64,
        lease_until_ms: i64,
        only_expired: bool,
    },
    /// After a claim of which nobody knows whether it took place: frees what it may have taken, that is, whatever this
    /// run has of the function and does not work on.
    GiveBack {
        function: String,
        held: HashSet<Uuid>,
    },
    Finish {
        id: Uuid,
        function: String,
        follow_up: Option<NewEvent>,
    },
    Retry {
        id: Uuid,
        at_ms: i64,
        attempts: i64,
        throttles: i64,
    },
    Bury {
        id: Uuid,
        function: String,
        grave: Grave,
        follow_up: Option<NewEvent>,
    },
    Redrive {
        dead_letter: String,
        function: String,
        id: Uuid,
        now_ms: i64,
        expires_at_ms: i64,
    },
    Discard {
        dead_letter: String,
    },
    /// This run ends: its events are free, and nobody needs to watch it.
    ReleaseOwn,
    /// Frees the events of a former run: on a queue of our own that of this data directory, on a shared one those
    /// of runs that nobody watches.
    ReleaseFormer,
    /// This run lives.
    Beat {
        now_ms: i64,
    },
    /// Frees the events of an emulator that is dead, if its counter still stands where it was seen.
    TakeOver {
        run: String,
        beats: i64,
    },
    /// Changes nothing, but counts the events between two changes.
    Count,
    /// Forgets events that were given up before a time, and all but the newest of each function.
    Forget {
        before_ms: i64,
        per_function: i64,
    },
}

/// How an event ended.
#[derive(Debug)]
pub(super) struct Grave {
    pub(super) reason: DeathReason,
    pub(super) attempts: i64,
    pub(super) error: Option<String>,
    pub(super) dead_at_ms: i64,
}

/// What a change did.
#[derive(Debug)]
pub(super) enum Changed {
    Done,
    /// There was nothing to change: the slot was fired, the lease lost, the dead letter gone.
    Nothing,
    Claimed(Vec<Claimed>),
    /// Events per function.
    Counted(Vec<(String, i64)>),
    /// Dead letters that are no more.
    Forgotten(u64),
}

/// Who changes: one run of one emulator.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    /// On a queue of our own the data directory, on a shared one the machine.
    pub(super) host: String,
    pub(super) run: String,
    /// Other emulators work on the same queue.
    pub(super) shared: bool,
}

impl Owner {
    /// Leases of others that end before this are free to take. Where emulators share a queue their clocks may
    /// differ, so time frees nothing there; see `liveness`.
    pub(super) fn free_before_ms(&self, now_ms: i64) -> i64 {
        if self.shared { 1 } else { now_ms }
    }
}

impl Change {
    pub(super) async fn apply(&self, db: &mut AnyConnection, owner: &Owner) -> Result<Changed, sqlx::Error> {
        match self {
            Self::Enqueue { event, slot } => enqueue(db, event, slot.as_ref()).await,
            Self::Claim { .. } => self.claim(db, owner).await,
            Self::GiveBack { function, held } => give_back(db, owner, function, held).await,
            Self::Finish { id, follow_up, .. } => {
                let sql = "DELETE FROM events WHERE id = $1 AND lease_owner = $2";
                let done = sqlx::query(sql).bind(id.to_string()).bind(&owner.run).execute(&mut *db).await?;
                and_then(db, done.rows_affected(), follow_up.as_ref()).await
            }
            Self::Retry { id, at_ms, attempts, throttles } => {
                let sql = "UPDATE events SET next_attempt_at_ms = $1, attempts = $2, throttles = $3, \
                           lease_owner = NULL, lease_host = NULL, lease_until_ms = 0 \
                           WHERE id = $4 AND lease_owner = $5";
                let done = sqlx::query(sql)
                    .bind(at_ms)
                    .bind(attempts)
                    .bind(throttles)
                    .bind(id.to_string())
                    .bind(&owner.run)
                    .execute(db)
                    .await?;
                Ok(changed(done.rows_affected()))
            }
            Self::Bury { id, grave, follow_up, .. } => {
                let buried = bury(db, *id, grave, owner).await?;
                and_then(db, buried, follow_up.as_ref()).await
            }
            Self::Redrive { dead_letter, id, now_ms, expires_at_ms, .. } => {
                let sql = "INSERT INTO events (id, function_name, payload, client_context, accepted_at_ms, \
                           expires_at_ms, next_attempt_at_ms, attempts, throttles, hops, lease_until_ms) \
                           SELECT CAST($1 AS TEXT), function_name, payload, client_context, CAST($2 AS BIGINT), \
                           CAST($3 AS BIGINT), CAST($2 AS BIGINT), 0, 0, 0, 0 FROM dead_letters WHERE id = $4";
                sqlx::query(sql)
                    .bind(id.to_string())
                    .bind(now_ms)
                    .bind(expires_at_ms)
                    .bind(dead_letter)
                    .execute(&mut *db)
                    .await?;
                discard(db, dead_letter).await
            }
            Self::Discard { dead_letter } => discard(db, dead_letter).await,
            Self::ReleaseOwn => {
                let sql = "DELETE FROM emulators WHERE run = $1";
                sqlx::query(sql).bind(&owner.run).execute(&mut *db).await?;
                release(db, RELEASE_OWN, &owner.run).await
            }
            Self::ReleaseFormer if owner.shared => {
                let done = sqlx::query(RELEASE_STRANGERS).execute(db).await?;
                Ok(changed(done.rows_affected()))
            }
            Self::ReleaseFormer => release(db, RELEASE_HOST, &owner.host).await,
            Self::Beat { now_ms } => {
                appear(db, owner, BEAT, *now_ms).await?;
                Ok(Changed::Done)
            }
            Self::Count => Ok(Changed::Counted(counts(db).await?)),
            Self::Forget { before_ms, per_function } => forget(db, *before_ms, *per_function).await,
            Self::TakeOver { run, beats } => {
                let sql = "DELETE FROM emulators WHERE run = $1 AND beats = $2";
                let gone = sqlx::query(sql).bind(run).bind(beats).execute(&mut *db).await?;
                if gone.rows_affected() == 0 {
                    return Ok(Changed::Nothing);
                }
                release(db, RELEASE_OWN, run).await?;
                Ok(Changed::Done)
            }
        }
    }

    /// What a change that took place means for the number of events.
    pub(super) fn tally(&self, changed: &Changed, pending: &Pending) {
        match (self, changed) {
            (_, Changed::Counted(counts)) => pending.set(counts),
            (Self::Enqueue { event, .. }, Changed::Done) => pending.add(&event.function, 1),
            (Self::Redrive { function, .. }, Changed::Done) => pending.add(function, 1),
            (Self::Finish { function, follow_up, .. } | Self::Bury { function, follow_up, .. }, Changed::Done) => {
                pending.add(function, -1);
                if let Some(event) = follow_up {
                    pending.add(&event.function, 1);
                }
            }
            _ => {}
        }
    }

    /// Takes free events that are due, and own ones whose lease has ended. The conditions stand in the outer statement too, so that on PostgreSQL the second of
    /// two emulators sees that the first was quicker.
    async fn claim(&self, db: &mut AnyConnection, owner: &Owner) -> Result<Changed, sqlx::Error> {
        let Self::Claim { function, limit, now_ms, lease_until_ms, only_expired } = self else {
            return Ok(Changed::Nothing);
        };
        if owner.shared {
            // Nobody may hold events without being watched, not even if it was taken for dead a moment ago.
            appear(db, owner, APPEAR, *now_ms).await?;
        }
        let sql = "UPDATE events SET lease_host = $1, lease_owner = $2, lease_until_ms = $3 \
                   WHERE (lease_until_ms < $4 OR lease_owner = $2 AND lease_until_ms < $8) AND id IN \
                   (SELECT id FROM events WHERE function_name = $5 AND next_attempt_at_ms <= $8 \
                   AND (lease_until_ms < $4 OR lease_owner = $2 AND lease_until_ms < $8) AND expires_at_ms <= $6 \
                   ORDER BY next_attempt_at_ms LIMIT $7) \
                   RETURNING id, payload, client_context, accepted_at_ms, expires_at_ms, attempts, throttles, hops";
        let expires_before = if *only_expired { *now_ms } else { i64::MAX };
        let rows = sqlx::query(sql)
            .bind(&owner.host)
            .bind(&owner.run)
            .bind(lease_until_ms)
            .bind(owner.free_before_ms(*now_ms))
            .bind(function)
            .bind(expires_before)
            .bind(limit)
            .bind(now_ms)
            .fetch_all(db)
            .await?;
        let claimed = rows.iter().map(|row| claimed(row, function)).collect::<Result<Vec<_>, _>>()?;
        Ok(Changed::Claimed(claimed))
    }
}

fn claimed(row: &sqlx::any::AnyRow, function: &str) -> Result<Claimed, sqlx::Error> {
    let id: String = row.try_get("id")?;
    Ok(Claimed {
        event: NewEvent {
            id: id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            function: function.to_owned(),
            payload: row.try_get("payload")?,
            client_context: row.try_get("client_context")?,
            accepted_at_ms: row.try_get("accepted_at_ms")?,
            expires_at_ms: row.try_get("expires_at_ms")?,
            hops: row.try_get("hops")?,
        },
        attempts: row.try_get("attempts")?,
        throttles: row.try_get("throttles")?,
    })
}

/// A recorded slot that lies further ahead was fired under a clock that has been set back since: it must not keep
/// the schedule silent until then. The timer judges by the same measure.
const CLOCK_TOLERANCE_MS: i64 = 10 * 60 * 1000;

async fn enqueue(db: &mut AnyConnection, event: &NewEvent, slot: Option<&Slot>) -> Result<Changed, sqlx::Error> {
    if let Some(slot) = slot {
        let sql = "INSERT INTO schedule_slots (name, last_slot_ms) VALUES ($1, $2) ON CONFLICT (name) \
                   DO UPDATE SET last_slot_ms = excluded.last_slot_ms \
                   WHERE schedule_slots.last_slot_ms < excluded.last_slot_ms OR schedule_slots.last_slot_ms > $3";
        let done = sqlx::query(sql)
            .bind(&slot.schedule)
            .bind(slot.slot_ms)
            .bind(event.accepted_at_ms + CLOCK_TOLERANCE_MS)
            .execute(&mut *db)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(Changed::Nothing);
        }
    }
    insert(db, event).await?;
    Ok(Changed::Done)
}

async fn insert(db: &mut AnyConnection, event: &NewEvent) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO events (id, function_name, payload, client_context, accepted_at_ms, expires_at_ms, \
               next_attempt_at_ms, attempts, throttles, hops, lease_until_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $5, 0, 0, $7, 0)";
    sqlx::query(sql)
        .bind(event.id.to_string())
        .bind(&event.function)
        .bind(&event.payload)
        .bind(&event.client_context)
        .bind(event.accepted_at_ms)
        .bind(event.expires_at_ms)
        .bind(event.hops)
        .execute(db)
        .await?;
    Ok(())
}

async fn counts(db: &mut AnyConnection) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let sql = "SELECT function_name, COUNT(*) AS waiting FROM events GROUP BY function_name";
    let rows = sqlx::query(sql).fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get("function_name")?, row.try_get("waiting")?))).collect()
}

/// Enqueues what follows, if the change took place.
async fn and_then(db: &mut AnyConnection, rows: u64, follow_up: Option<&NewEvent>) -> Result<Changed, sqlx::Error> {
    if let (Some(event), 1..) = (follow_up, rows) {
        insert(db, event).await?;
    }
    Ok(changed(rows))
}

async fn bury(db: &mut AnyConnection, id: Uuid, grave: &Grave, owner: &Owner) -> Result<u64, sqlx::Error> {
    let sql = "INSERT INTO dead_letters (id, request_id, function_name, payload, client_context, accepted_at_ms, \
               dead_at_ms, attempts, reason, error) \
               SELECT CAST($1 AS TEXT), id, function_name, payload, client_context, accepted_at_ms, \
               CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS TEXT) \
               FROM events WHERE id = $6 AND lease_owner = $7";
    let buried = sqlx::query(sql)
        .bind(dead_letter_id(grave.dead_at_ms, id))
        .bind(grave.dead_at_ms)
        .bind(grave.attempts)
        .bind(grave.reason.as_str())
        .bind(&grave.error)
        .bind(id.to_string())
        .bind(&owner.run)
        .execute(&mut *db)
        .await?
        .rows_affected();
    let sql = "DELETE FROM events WHERE id = $1 AND lease_owner = $2";
    sqlx::query(sql).bind(id.to_string()).bind(&owner.run).execute(db).await?;
    Ok(buried)
}

async fn give_back(
    db: &mut AnyConnection,
    owner: &Owner,
    function: &str,
    held: &HashSet<Uuid>,
) -> Result<Changed, sqlx::Error> {
    let sql = "SELECT id FROM events WHERE function_name = $1 AND lease_owner = $2";
    let rows = sqlx::query(sql).bind(function).bind(&owner.run).fetch_all(&mut *db).await?;
    let mut freed = 0;
    for row in rows {
        let id: &str = row.try_get("id")?;
        if id.parse().is_ok_and(|id: Uuid| held.contains(&id)) {
            continue;
        }
        freed += sqlx::query(FREE).bind(id).execute(&mut *db).await?.rows_affected();
    }
    Ok(changed(freed))
}

async fn discard(db: &mut AnyConnection, dead_letter: &str) -> Result<Changed, sqlx::Error> {
    let done = sqlx::query("DELETE FROM dead_letters WHERE id = $1").bind(dead_letter).execute(db).await?;
    Ok(changed(done.rows_affected()))
}

async fn forget(db: &mut AnyConnection, before_ms: i64, per_function: i64) -> Result<Changed, sqlx::Error> {
    let sql = "DELETE FROM dead_letters WHERE dead_at_ms < $1 OR id IN (SELECT id FROM (SELECT id, ROW_NUMBER() OVER \
               (PARTITION BY function_name ORDER BY id DESC) AS place FROM dead_letters) AS ranked WHERE place > $2)";
    let done = sqlx::query(sql).bind(before_ms).bind(per_function).execute(db).await?;
    Ok(Changed::Forgotten(done.rows_affected()))
}

/// Makes this run known to the others.
async fn appear(db: &mut AnyConnection, owner: &Owner, sql: &'static str, now_ms: i64) -> Result<(), sqlx::Error> {
    sqlx::query(sql).bind(&owner.run).bind(&owner.host).bind(now_ms).execute(db).await?;
    Ok(())
}

async fn release(db: &mut AnyConnection, sql: &'static str, value: &str) -> Result<Changed, sqlx::Error> {
    let done = sqlx::query(sql).bind(value).execute(db).await?;
    Ok(changed(done.rows_affected()))
}

fn changed(rows: u64) -> Changed {
    if rows == 0 { Changed::Nothing } else { Changed::Done }
}
