//! Sessions of people in browsers. The id itself is never stored; what is here are hashes.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::auth_profile::Role;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::session::{IDLE, SessionTimes, TOUCH_EVERY};
use leitwarte_database::{PATIENCE, within};
use serde_json::json;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::audit::{self, Actor};
use crate::people::{self, Account};
use crate::roles::{self, Claims};
use crate::rows::{get, id, optional_id, time};
use crate::{Store, StoreError};

/// How long it is remembered that a sign-in came back. Its cookie is over long before.
const ATTEMPTS_KEPT: TimeDelta = TimeDelta::hours(1);

/// Sessions with their people.
macro_rules! stored_sessions {
    () => {
        "SELECT s.person, p.tenant_id, p.object_id, p.name, p.role, p.ceiling, s.rights, s.created_at, s.last_seen_at, \
         s.ends_at FROM sessions s JOIN people p ON p.number = s.person"
    };
}
pub(crate) use stored_sessions;

/// Ends what is over, at the next sign-in.
const IS_OVER: &str = "DELETE FROM sessions WHERE ends_at <= $1 OR last_seen_at <= $2";

/// A sign-in that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn<'a> {
    /// Who it is.
    pub account: Account,
    /// The `roles` of the token, as they stand there.
    pub claims: &'a [String],
    /// When the token was issued.
    pub issued_at: DateTime<Utc>,
    /// What the claims mean.
    pub table: &'a RoleTable,
    /// What Entra lets this person do by app roles that are rights themselves.
    pub rights: &'a BTreeSet<Role>,
    /// Hash of the new session's id.
    pub id_hash: &'a str,
    /// Hash of the `state` the sign-in was begun with.
    pub attempt: &'a str,
    /// Hash of the session this browser had before, which ends.
    pub replaces: Option<&'a str>,
}

/// What became of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedIn {
    /// The session exists.
    Done {
        /// The person's number.
        person: i64,
    },
    /// This attempt came back before; nothing was changed.
    UsedBefore,
}

/// A session as it is stored, alive or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Number of the person.
    pub person: i64,
    /// Tenant of the person's account.
    pub tenant_id: Uuid,
    /// The person's account.
    pub object_id: Option<Uuid>,
    /// What the person is called.
    pub name: String,
    /// The person's role.
    pub role: Option<String>,
    /// Its limit.
    pub ceiling: Option<String>,
    /// What the person may do by the token's app roles.
    pub rights: BTreeSet<Role>,
    /// When it began, was last used, and ends.
    pub times: SessionTimes,
}

impl Store {
    /// Begins a session: the person is remembered, the session this browser had before is ended, and so is every
    /// session of the person with other rights.
    ///
    /// # Errors
    /// Those of writing; nothing has begun then.
    pub async fn sign_in(&self, sign_in: &SignIn<'_>, now: DateTime<Utc>) -> Result<SignedIn, StoreError> {
        const OPERATION: &str = "beginning a session";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let connection = writing.connection();
        if !first_use(connection, sign_in.attempt, now).await.map_err(&error)? {
            return Ok(SignedIn::UsedBefore);
        }
        let person = people::signed_in(connection, &sign_in.account, now).await.map_err(&error)?;
        let claims = Claims { table: sign_in.table, values: sign_in.claims, issued_at: sign_in.issued_at };
        roles::at_sign_in(connection, person, claims).await.map_err(&error)?;
        let rights = Role::join(sign_in.rights);
        begin(connection, sign_in, person, &rights, now).await.map_err(&error)?;
        let actor = Actor { person: Some(person), who: &sign_in.account.name };
        audit::note(
            connection,
            actor,
            "signed-in",
            "",
            &json!({ "rights": sign_in.rights.iter().map(|role| role.as_str()).collect::<Vec<_>>() }),
            now,
        )
        .await
        .map_err(&error)?;
        writing.commit().await?;
        Ok(SignedIn::Done { person })
    }

    /// The session with this hash, if there is one. Whether it may still be used is the caller's to judge:
    /// [`SessionTimes::is_alive`].
    ///
    /// # Errors
    /// Those of reading.
    pub async fn session(&self, id_hash: &str) -> Result<Option<StoredSession>, StoreError> {
        const OPERATION: &str = "reading a session";
        let mut connection = self.reading(OPERATION).await?;
        within(PATIENCE, one(&mut connection, id_hash)).await.map_err(StoreError::during(OPERATION))
    }

    /// Notes that a session is used, at most once a minute and only while it is alive.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn touch_session(&self, id_hash: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        const OPERATION: &str = "noting that a session is used";
        let mut writing = self.writing(OPERATION).await?;
        sqlx::query(
            "UPDATE sessions SET last_seen_at = $2 WHERE id_hash = $1 AND last_seen_at <= $3 AND last_seen_at > $4 \
             AND ends_at > $2",
        )
        .bind(id_hash)
        .bind(now.timestamp_millis())
        .bind((now - TOUCH_EVERY).timestamp_millis())
        .bind((now - IDLE).timestamp_millis())
        .execute(writing.connection())
        .await
        .map_err(StoreError::during(OPERATION))?;
        writing.commit().await
    }

    /// Ends one session; tells whether there was one.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn sign_out(&self, id_hash: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        const OPERATION: &str = "ending a session";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let connection = writing.connection();
        let Some(session) = one(connection, id_hash).await.map_err(&error)? else { return Ok(false) };
        end(connection, id_hash).await.map_err(&error)?;
        let actor = Actor { person: Some(session.person), who: &session.name };
        audit::note(connection, actor, "signed-out", "", &json!({}), now).await.map_err(&error)?;
        writing.commit().await?;
        Ok(true)
    }
}

/// Remembers an attempt; tells whether it is its first use.
async fn first_use(connection: &mut AnyConnection, attempt: &str, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let forgotten = (now - ATTEMPTS_KEPT).timestamp_millis();
    sqlx::query("DELETE FROM sign_in_attempts WHERE used_at < $1").bind(forgotten).execute(&mut *connection).await?;
    let insert = "INSERT INTO sign_in_attempts (state_hash, used_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let query = sqlx::query(insert).bind(attempt).bind(now.timestamp_millis());
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

async fn begin(
    connection: &mut AnyConnection,
    sign_in: &SignIn<'_>,
    person: i64,
    rights: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let idle = (now - IDLE).timestamp_millis();
    sqlx::query(IS_OVER).bind(now.timestamp_millis()).bind(idle).execute(&mut *connection).await?;
    if let Some(before) = sign_in.replaces {
        end(connection, before).await?;
    }
    let other_rights = sqlx::query("DELETE FROM sessions WHERE person = $1 AND rights <> $2");
    other_rights.bind(person).bind(rights).execute(&mut *connection).await?;
    let times = SessionTimes::beginning(now);
    sqlx::query(
        "INSERT INTO sessions (id_hash, person, rights, created_at, last_seen_at, ends_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(sign_in.id_hash)
    .bind(person)
    .bind(rights)
    .bind(times.created_at.timestamp_millis())
    .bind(times.last_seen_at.timestamp_millis())
    .bind(times.ends_at.timestamp_millis())
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn end(connection: &mut AnyConnection, id_hash: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM sessions WHERE id_hash = $1").bind(id_hash).execute(connection).await?;
    Ok(())
}

async fn one(connection: &mut AnyConnection, id_hash: &str) -> Result<Option<StoredSession>, sqlx::Error> {
    let sql = concat!(stored_sessions!(), " WHERE s.id_hash = $1");
    sqlx::query(sql).bind(id_hash).fetch_optional(connection).await?.as_ref().map(stored).transpose()
}

pub(crate) fn stored(row: &AnyRow) -> Result<StoredSession, sqlx::Error> {
    Ok(StoredSession {
        person: get(row, "person")?,
        tenant_id: id(row, "tenant_id")?,
        object_id: optional_id(row, "object_id")?,
        name: get(row, "name")?,
        role: get(row, "role")?,
        ceiling: get(row, "ceiling")?,
        rights: Role::split(get(row, "rights")?),
        times: SessionTimes {
            created_at: time(row, "created_at")?,
            last_seen_at: time(row, "last_seen_at")?,
            ends_at: time(row, "ends_at")?,
        },
    })
}
