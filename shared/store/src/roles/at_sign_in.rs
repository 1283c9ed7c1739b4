//! What a sign-in does to a person's role, in its transaction.

use chrono::{DateTime, Utc};
use leitwarte_core::roles::standing::{self, Effect, Known};
use leitwarte_core::roles::table::RoleTable;
use sqlx::AnyConnection;

use super::person_subject;
use crate::rows::{get, optional_time};

/// The `roles` of a token, and when it was issued.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claims<'a> {
    pub(crate) table: &'a RoleTable,
    pub(crate) values: &'a [String],
    pub(crate) issued_at: DateTime<Utc>,
}

/// Remembers what Entra says of a person and applies what may be applied: never a raise, never a default, nothing while a
/// change is under way.
pub(crate) async fn at_sign_in(
    connection: &mut AnyConnection,
    person: i64,
    claims: Claims<'_>,
) -> Result<(), sqlx::Error> {
    let encoded = serde_json::to_string(claims.values).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query("UPDATE people SET entra_roles = $2, roles_as_of = $3 WHERE number = $1")
        .bind(person)
        .bind(encoded)
        .bind(claims.issued_at.timestamp_millis())
        .execute(&mut *connection)
        .await?;
    let sql = "SELECT p.role, p.ceiling, p.role_changed_at, (SELECT COUNT(*) FROM role_subjects s \
               WHERE s.tenant_id = p.tenant_id AND s.subject = $2 AND s.under_way = 1) AS under_way \
               FROM people p WHERE p.number = $1";
    let row = sqlx::query(sql).bind(person).bind(person_subject(person)).fetch_one(&mut *connection).await?;
    let (role, ceiling): (Option<String>, Option<String>) = (get(&row, "role")?, get(&row, "ceiling")?);
    let known = Known {
        role: role.as_deref(),
        ceiling: ceiling.as_deref(),
        changed_at: optional_time(&row, "role_changed_at")?,
        under_way: get::<i64>(&row, "under_way")? > 0,
    };
    let effect = standing::at_sign_in(claims.table, known, claims.values, claims.issued_at);
    apply(connection, person, &effect).await
}

/// Applies what a look at Entra means for a person.
pub(super) async fn apply(connection: &mut AnyConnection, person: i64, effect: &Effect) -> Result<(), sqlx::Error> {
    let (sql, value) = match effect {
        Effect::Keep => return Ok(()),
        Effect::Adopt(role) => {
            ("UPDATE people SET role = $2, version = version + 1 WHERE number = $1 AND role IS NULL", Some(role))
        }
        Effect::Limit(ceiling) => (
            "UPDATE people SET ceiling = $2, version = version + 1 WHERE number = $1 AND (ceiling IS NULL OR ceiling <> $2)",
            Some(ceiling),
        ),
        Effect::Agree => {
            ("UPDATE people SET ceiling = $2, version = version + 1 WHERE number = $1 AND ceiling IS NOT NULL", None)
        }
    };
    sqlx::query(sql).bind(person).bind(value.map(String::as_str)).execute(connection).await?;
    Ok(())
}
