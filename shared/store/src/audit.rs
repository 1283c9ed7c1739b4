//! The audit log: who did what. Entries are written in the transaction of what they tell.

use chrono::{DateTime, Utc};
use leitwarte_database::{PATIENCE, within};
use serde_json::{Value, json};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::rows::{get, next_number, time};
use crate::{Store, StoreError};

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor<'a> {
    /// The person, if it is one of [`Store::people`].
    pub person: Option<i64>,
    /// The name that people know.
    pub who: &'a str,
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Grows by one with each entry.
    pub number: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// The person, unless it was a program or somebody at the command line.
    pub person: Option<i64>,
    /// The name at that time.
    pub who: String,
    /// One word: `signed-in`, `signed-out` …
    pub action: String,
    /// What it was done to; may be empty.
    pub subject: String,
    /// More about it.
    pub detail: Value,
}

impl AuditEntry {
    /// As it is handed over.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "number": self.number, "at": self.at, "person": self.person, "who": self.who, "action": self.action,
            "subject": self.subject, "detail": self.detail,
        })
    }
}

/// Columns of an [`AuditEntry`].
macro_rules! entries {
    () => {
        "SELECT number, at, person, who, action, subject, detail FROM audit_log"
    };
}

/// What a person did and what was done to them, the oldest first.
pub(crate) async fn about(
    connection: &mut AnyConnection,
    person: i64,
    subject: &str,
) -> Result<Vec<AuditEntry>, sqlx::Error> {
    let sql = concat!(entries!(), " WHERE person = $1 OR subject = $2 ORDER BY number");
    sqlx::query(sql).bind(person).bind(subject).fetch_all(connection).await?.iter().map(entry).collect()
}

/// What somebody of this name did whose number was not noted, the oldest first.
pub(crate) async fn without_number(connection: &mut AnyConnection, name: &str) -> Result<Vec<AuditEntry>, sqlx::Error> {
    let sql = concat!(entries!(), " WHERE who = $1 AND person IS NULL ORDER BY number");
    sqlx::query(sql).bind(name).fetch_all(connection).await?.iter().map(entry).collect()
}

/// What was done to a tenant and its incidents, the oldest first.
pub(crate) async fn of_tenant(connection: &mut AnyConnection, key: &str) -> Result<Vec<AuditEntry>, sqlx::Error> {
    let sql = concat!(
        entries!(),
        " WHERE (subject = $1 AND action NOT LIKE 'incident-%') OR (action LIKE 'incident-%' AND subject IN \
         (SELECT CAST(number AS TEXT) FROM incidents WHERE tenant_key = $1)) ORDER BY number"
    );
    sqlx::query(sql).bind(key).fetch_all(connection).await?.iter().map(entry).collect()
}

/// Writes an entry in the transaction of what it tells.
pub(crate) async fn note(
    connection: &mut AnyConnection,
    actor: Actor<'_>,
    action: &str,
    subject: &str,
    detail: &Value,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let number = next_number(connection, "last_audit").await?;
    sqlx::query(
        "INSERT INTO audit_log (number, at, person, who, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(number)
    .bind(at.timestamp_millis())
    .bind(actor.person)
    .bind(actor.who)
    .bind(action)
    .bind(subject)
    .bind(detail.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Entries below the number `before`, the newest first, at most `limit`. Those about one subject only if it is given.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn audit_log(
        &self,
        before: Option<i64>,
        subject: Option<&str>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        const OPERATION: &str = "reading the audit log";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = match subject {
            None => {
                "SELECT number, at, person, who, action, subject, detail FROM audit_log WHERE number < $1 \
                 ORDER BY number DESC LIMIT $2"
            }
            Some(_) => {
                "SELECT number, at, person, who, action, subject, detail FROM audit_log WHERE number < $1 \
                 AND subject = $3 ORDER BY number DESC LIMIT $2"
            }
        };
        let mut query = sqlx::query(sql).bind(before.unwrap_or(i64::MAX)).bind(i64::from(limit));
        if let Some(subject) = subject {
            query = query.bind(subject);
        }
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        rows.iter().map(entry).collect::<Result<_, _>>().map_err(error)
    }
}

fn entry(row: &AnyRow) -> Result<AuditEntry, sqlx::Error> {
    Ok(AuditEntry {
        number: get(row, "number")?,
        at: time(row, "at")?,
        person: get(row, "person")?,
        who: get(row, "who")?,
        action: get(row, "action")?,
        subject: get(row, "subject")?,
        detail: serde_json::from_str(get(row, "detail")?).unwrap_or(Value::Null),
    })
}
