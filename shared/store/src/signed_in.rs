//! Who is signed in, and sessions that others end.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use leitwarte_core::auth_profile::Role;
use leitwarte_database::{PATIENCE, within};
use serde_json::json;
use sqlx::AnyConnection;

use crate::audit::{self, Actor};
use crate::roles::person_subject;
use crate::rows::get;
use crate::sessions::{StoredSession, end, stored, stored_sessions};
use crate::{Store, StoreError};

impl Store {
    /// The sessions that can be used now, by name and beginning.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn open_sessions(&self, now: DateTime<Utc>) -> Result<Vec<StoredSession>, StoreError> {
        const OPERATION: &str = "reading who is signed in";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = concat!(stored_sessions!(), " ORDER BY p.name, s.person, s.created_at, s.id_hash");
        let rows = within(PATIENCE, sqlx::query(sql).fetch_all(&mut *connection)).await.map_err(&error)?;
        let sessions: Vec<StoredSession> = rows.iter().map(stored).collect::<Result<_, _>>().map_err(error)?;
        Ok(sessions.into_iter().filter(|session| session.times.is_alive(now)).collect())
    }

    /// Ends every session of a person, who is to be kept out or has lost a device; tells how many there were. Who did it
    /// stands in the audit log.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn end_sessions_of(&self, person: i64, actor: Actor<'_>, now: DateTime<Utc>) -> Result<u64, StoreError> {
        const OPERATION: &str = "ending a person's sessions";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let connection = writing.connection();
        let ended = end_all_of(connection, person).await.map_err(&error)?;
        note(connection, actor, &person_subject(person), ended, now).await.map_err(&error)?;
        writing.commit().await?;
        Ok(ended)
    }

    /// Ends every session of everybody. Who did it stands in the audit log.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn end_all_sessions(&self, actor: Actor<'_>, now: DateTime<Utc>) -> Result<u64, StoreError> {
        const OPERATION: &str = "ending all sessions";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let connection = writing.connection();
        let ended = sqlx::query("DELETE FROM sessions").execute(&mut *connection).await.map_err(&error)?;
        let ended = ended.rows_affected();
        note(connection, actor, "", ended, now).await.map_err(&error)?;
        writing.commit().await?;
        Ok(ended)
    }
}

/// Writes down who ended sessions, if there were any.
async fn note(
    connection: &mut AnyConnection,
    actor: Actor<'_>,
    subject: &str,
    ended: u64,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    if ended == 0 {
        return Ok(());
    }
    audit::note(connection, actor, "sessions-ended", subject, &json!({ "sessions": ended }), now).await
}

/// Ends every session of a person, in the transaction that changes what the person may do.
pub(crate) async fn end_all_of(connection: &mut AnyConnection, person: i64) -> Result<u64, sqlx::Error> {
    let query = sqlx::query("DELETE FROM sessions WHERE person = $1").bind(person);
    Ok(query.execute(connection).await?.rows_affected())
}

/// Ends the sessions of a person that have a right not among `rights` and began by a moment; tells how many.
pub(crate) async fn end_beyond(
    connection: &mut AnyConnection,
    person: i64,
    rights: &BTreeSet<Role>,
    begun_by: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let query = sqlx::query("SELECT id_hash, rights FROM sessions WHERE person = $1 AND created_at <= $2");
    let rows = query.bind(person).bind(begun_by.timestamp_millis()).fetch_all(&mut *connection).await?;
    let mut ended = 0;
    for row in &rows {
        if !Role::split(get(row, "rights")?).is_subset(rights) {
            end(connection, get(row, "id_hash")?).await?;
            ended += 1;
        }
    }
    Ok(ended)
}
