//! Everything that is kept of one person: to be handed over, or to be erased.
//!
//! Where a table holds a name alone, what was done at the same moment by somebody else of that name (the audit log knows)
//! is not this person's.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::AnyConnection;

use crate::audit::{self, Actor};
use crate::people::{self, Person};
use crate::roles::{REMEMBERED, person_subject};
use crate::rows::{get, optional_time, unreadable};
use crate::signed_in::end_all_of;
use crate::{Store, StoreError};

/// What became of the wish to erase a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonErased {
    /// The person is gone, and the name with them.
    Done {
        /// Sessions that were ended.
        sessions: u64,
        /// Rows that were changed or deleted.
        rows: u64,
    },
    /// There is nobody of this number.
    Unknown,
    /// A change of the person's role is under way, or was an hour ago, so that the next one may still need it.
    RoleChange {
        /// Its number.
        operation: i64,
    },
}

/// Tables that hold a name alone: the table, the name's column, and when it was written.
const NAMED: [(&str, &str, &str); 5] = [
    ("incident_events", "who", "at"),
    ("rules", "changed_by", "changed_at"),
    ("tenants", "switched_by", "switched_at"),
    ("poll_wishes", "asked_by", "asked_at"),
    ("role_operations", "asked_by", "accepted_at"),
];

/// JSON about others in which the name may stand, because the person holds an office that they were to take.
const OF_OTHERS: [(&str, &str); 5] = [
    ("role_findings", "drift"),
    ("role_operations", "problem"),
    ("role_operations", "trouble"),
    ("role_steps", "detail"),
    ("audit_log", "detail"),
];

/// What stands in place of an erased person's name.
fn pseudonym(person: i64) -> String {
    format!("Person {person}")
}

/// The condition by which a row of [`NAMED`] is of the person `$2` called `$1`.
fn of_name(who: &str, at: &str) -> String {
    format!("{who} = $1 AND COALESCE({at}, 0) NOT IN (SELECT at FROM audit_log WHERE who = $1 AND person <> $2)")
}

impl Store {
    /// Everything that is kept of a person, as JSON; `None` for who is not known.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn export_person(&self, number: i64) -> Result<Option<Value>, StoreError> {
        const OPERATION: &str = "handing over what is kept of a person";
        let mut connection = self.reading(OPERATION).await?;
        export(&mut connection, number).await.map_err(StoreError::during(OPERATION))
    }

    /// Takes a person out of the database: the entry and the sessions are deleted, and so are changes of the person's role
    /// that are over; elsewhere `Person NUMBER` stands in place of the name. Backups made before still hold it.
    ///
    /// # Errors
    /// Those of writing; nothing is changed then.
    pub async fn erase_person(
        &self,
        number: i64,
        actor: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<PersonErased, StoreError> {
        const OPERATION: &str = "erasing a person";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let erased = erase(writing.connection(), number, actor, now).await.map_err(error)?;
        if matches!(erased, PersonErased::Done { .. }) {
            writing.revise();
            writing.commit().await?;
        }
        Ok(erased)
    }
}

async fn erase(
    connection: &mut AnyConnection,
    number: i64,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> Result<PersonErased, sqlx::Error> {
    let Some(person) = people::of_number(connection, number).await? else { return Ok(PersonErased::Unknown) };
    if let Some(operation) = recent_change(connection, number, now).await? {
        return Ok(PersonErased::RoleChange { operation });
    }
    let names = names(connection, &person).await?;
    let sessions = end_all_of(connection, number).await?;
    let mut rows = 0;
    let delete = "DELETE FROM role_operations WHERE number IN (SELECT operation FROM role_moves WHERE person = $1)";
    rows += sqlx::query(delete).bind(number).execute(&mut *connection).await?.rows_affected();
    let delete = "DELETE FROM role_findings WHERE subject = $1";
    rows += sqlx::query(delete).bind(person_subject(number)).execute(&mut *connection).await?.rows_affected();
    for name in &names {
        rows += rename_everywhere(connection, number, name).await?;
    }
    rows += in_details(connection, &person, &names).await?;
    // By number at the end: the names before find the moments at which others of the same name did something.
    let audit = sqlx::query("UPDATE audit_log SET who = $2 WHERE person = $1").bind(number).bind(pseudonym(number));
    rows += audit.execute(&mut *connection).await?.rows_affected();
    rows += sqlx::query("DELETE FROM people WHERE number = $1")
        .bind(number)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    let detail = json!({ "sessions": sessions, "rows": rows });
    audit::note(connection, actor, "person-erased", &person_subject(number), &detail, now).await?;
    Ok(PersonErased::Done { sessions, rows })
}

/// A change of the person's role that is under way, or that the next one of somebody else still has to know of.
async fn recent_change(
    connection: &mut AnyConnection,
    person: i64,
    now: DateTime<Utc>,
) -> Result<Option<i64>, sqlx::Error> {
    let sql = "SELECT o.number FROM role_operations o JOIN role_moves m ON m.operation = o.number \
               WHERE m.person = $1 AND (o.ended_at IS NULL OR o.ended_at >= $2) ORDER BY o.number LIMIT 1";
    let since = now - REMEMBERED;
    sqlx::query_scalar(sql).bind(person).bind(since.timestamp_millis()).fetch_optional(connection).await
}

/// Every name the person has had.
async fn names(connection: &mut AnyConnection, person: &Person) -> Result<Vec<String>, sqlx::Error> {
    let query = sqlx::query_scalar("SELECT DISTINCT who FROM audit_log WHERE person = $1 AND who <> ''");
    let mut names: Vec<String> = query.bind(person.number).fetch_all(connection).await?;
    if !person.name.is_empty() {
        names.push(person.name.clone());
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// Puts the pseudonym in place of a name wherever the name stands alone.
async fn rename_everywhere(connection: &mut AnyConnection, person: i64, name: &str) -> Result<u64, sqlx::Error> {
    let mut rows = 0;
    for (table, who, at) in NAMED {
        let sql = format!("UPDATE {table} SET {who} = $3 WHERE {}", of_name(who, at));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(name).bind(person).bind(pseudonym(person));
        rows += query.execute(&mut *connection).await?.rows_affected();
    }
    // What was done with a token before people were looked up has no number.
    let sql = "UPDATE audit_log SET who = $2 WHERE who = $1 AND person IS NULL";
    let query = sqlx::query(sql).bind(name).bind(pseudonym(person));
    rows += query.execute(connection).await?.rows_affected();
    Ok(rows)
}

/// Takes names and ids out of the details: of entries about the person, and of what others met.
async fn in_details(connection: &mut AnyConnection, person: &Person, names: &[String]) -> Result<u64, sqlx::Error> {
    let object_id = person.object_id.map(|id| id.to_string());
    let gone: Vec<&str> = names
        .iter()
        .chain(&object_id)
        .map(String::as_str)
        .chain([person.user_name.as_str()])
        .filter(|text| !text.is_empty())
        .collect();
    let pseudonym = pseudonym(person.number);
    let mut changed = 0;
    let query = sqlx::query("SELECT number, detail FROM audit_log WHERE subject = $1");
    let rows = query.bind(person_subject(person.number)).fetch_all(&mut *connection).await?;
    for row in &rows {
        if let Some(detail) = without(get(row, "detail")?, &gone, &pseudonym) {
            let update = sqlx::query("UPDATE audit_log SET detail = $2 WHERE number = $1");
            let update = update.bind(get::<i64>(row, "number")?).bind(detail);
            changed += update.execute(&mut *connection).await?.rows_affected();
        }
    }
    for (table, column) in OF_OTHERS {
        for name in names {
            let like = format!("%{name}%");
            let sql = format!("SELECT DISTINCT {column} FROM {table} WHERE {column} LIKE $1");
            let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(like);
            let texts: Vec<String> = query.fetch_all(&mut *connection).await?;
            for text in texts {
                let Some(after) = without(&text, &gone, &pseudonym) else { continue };
                let sql = format!("UPDATE {table} SET {column} = $2 WHERE {column} = $1");
                let update = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(text).bind(after);
                changed += update.execute(&mut *connection).await?.rows_affected();
            }
        }
    }
    Ok(changed)
}

/// A JSON text with the pseudonym in place of these values; `None` when it has none of them.
fn without(json: &str, gone: &[&str], pseudonym: &str) -> Option<String> {
    /// How many were replaced.
    fn replace(value: &mut Value, gone: &[&str], pseudonym: &str) -> usize {
        match value {
            Value::String(text) if gone.contains(&text.as_str()) => {
                pseudonym.clone_into(text);
                1
            }
            Value::Array(items) => items.iter_mut().map(|item| replace(item, gone, pseudonym)).sum(),
            Value::Object(fields) => fields.values_mut().map(|item| replace(item, gone, pseudonym)).sum(),
            _ => 0,
        }
    }
    let mut value = serde_json::from_str(json).ok()?;
    (replace(&mut value, gone, pseudonym) > 0).then(|| value.to_string())
}

async fn export(connection: &mut AnyConnection, number: i64) -> Result<Option<Value>, sqlx::Error> {
    let Some(person) = people::of_number(connection, number).await? else { return Ok(None) };
    let names = names(connection, &person).await?;
    let changed_at = sqlx::query("SELECT role_changed_at FROM people WHERE number = $1");
    let changed_at = optional_time(&changed_at.bind(number).fetch_one(&mut *connection).await?, "role_changed_at")?;
    let subject = person_subject(number);
    let mut by_name = serde_json::Map::new();
    for (table, who, at) in NAMED {
        let mut found = Vec::new();
        for name in &names {
            let sql = format!("SELECT {who} AS name, {at} AS at FROM {table} WHERE {} ORDER BY {at}", of_name(who, at));
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(name).bind(number);
            for row in query.fetch_all(&mut *connection).await? {
                found.push(json!({ who: get::<String>(&row, "name")?, at: optional_time(&row, "at")? }));
            }
        }
        by_name.insert(table.to_owned(), found.into());
    }
    let mut audit = Vec::new();
    for name in &names {
        audit.extend(audit::without_number(connection, name).await?);
    }
    audit.extend(audit::about(connection, number, &subject).await?);
    audit.sort_by_key(|entry| entry.number);
    audit.dedup_by_key(|entry| entry.number);
    let audit: Vec<Value> = audit.iter().map(audit::AuditEntry::to_json).collect();
    let findings: Vec<String> = sqlx::query_scalar("SELECT drift FROM role_findings WHERE subject = $1")
        .bind(&subject)
        .fetch_all(&mut *connection)
        .await?;
    let findings = findings.iter().map(|drift| serde_json::from_str(drift));
    let findings: Vec<Value> = findings.collect::<Result<_, _>>().map_err(|_| unreadable("drift", "a finding"))?;
    Ok(Some(json!({
        "number": person.number, "tenant_id": person.tenant_id, "object_id": person.object_id,
        "user_name": person.user_name, "name": person.name, "role": person.role, "ceiling": person.ceiling,
        "role_changed_at": changed_at, "entra_roles": person.entra_roles, "roles_as_of": person.roles_as_of,
        "first_sign_in_at": person.first_sign_in_at, "last_sign_in_at": person.last_sign_in_at,
        "version": person.version, "sessions": sessions(connection, number).await?,
        "role_changes": role_changes(connection, number).await?, "role_findings": findings, "audit_log": audit,
        "by_name": by_name,
    })))
}

async fn sessions(connection: &mut AnyConnection, person: i64) -> Result<Vec<Value>, sqlx::Error> {
    let sql = "SELECT rights, created_at, last_seen_at, ends_at FROM sessions WHERE person = $1 ORDER BY created_at";
    let rows = sqlx::query(sql).bind(person).fetch_all(connection).await?;
    let shown = |row| {
        Ok(json!({
            "rights": get::<String>(row, "rights")?, "created_at": optional_time(row, "created_at")?,
            "last_seen_at": optional_time(row, "last_seen_at")?, "ends_at": optional_time(row, "ends_at")?,
        }))
    };
    rows.iter().map(shown).collect()
}

async fn role_changes(connection: &mut AnyConnection, person: i64) -> Result<Vec<Value>, sqlx::Error> {
    let sql = "SELECT o.number, o.kind, o.asked_by, o.accepted_at, o.ended_at, o.phase, m.name, m.object_id, m.from_role, \
               m.to_role, m.found, m.grant_state, m.gone FROM role_moves m JOIN role_operations o ON o.number = m.operation \
               WHERE m.person = $1 ORDER BY o.number, m.place";
    let rows = sqlx::query(sql).bind(person).fetch_all(connection).await?;
    let shown = |row| {
        let text = |column| get::<Option<String>>(row, column);
        Ok(json!({
            "number": get::<i64>(row, "number")?, "kind": text("kind")?, "asked_by": text("asked_by")?,
            "accepted_at": optional_time(row, "accepted_at")?, "ended_at": optional_time(row, "ended_at")?,
            "phase": text("phase")?, "name": text("name")?, "object_id": text("object_id")?, "from": text("from_role")?,
            "to": text("to_role")?, "found": text("found")?, "grant": text("grant_state")?, "gone": text("gone")?,
        }))
    };
    rows.iter().map(shown).collect()
}
