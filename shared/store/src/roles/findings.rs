//! What a comparison with Entra found, and missing object ids.

use chrono::{DateTime, Utc};
use leitwarte_core::roles::standing::{Drift, Effect, OpenSessions};
use leitwarte_core::roles::words::Problem;
use leitwarte_database::{PATIENCE, within};
use serde_json::json;
use sqlx::AnyConnection;
use uuid::Uuid;

use super::{at_sign_in, office_subject, person_subject};
use crate::audit::{self, Actor};
use crate::rows::{get, time, unreadable};
use crate::signed_in::{end_all_of, end_beyond};
use crate::{Store, StoreError};

/// What was found about one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPerson {
    /// The person's number.
    pub person: i64,
    /// The person's version when it was judged; nothing is applied if it has changed.
    pub version: i64,
    /// Findings.
    pub drifts: Vec<Drift>,
    /// What they do.
    pub effect: Effect,
    /// What becomes of the person's sessions, whatever the version is.
    pub sessions: OpenSessions,
}

/// One finding, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFinding {
    /// The person it is about; `None` for an office.
    pub person: Option<i64>,
    /// What it is.
    pub drift: Drift,
    /// Since when it is known.
    pub since: DateTime<Utc>,
}

/// The last comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastReconciliation {
    /// When it was tried.
    pub at: DateTime<Utc>,
    /// Why it could not be done.
    pub problem: Option<Problem>,
}

impl Store {
    /// Stores what a whole comparison found, in place of what was found before. Lower roles are applied at once and end
    /// sessions, and so does an account that is gone or has lost a right; the role of a person who was changed meanwhile is
    /// left for the next comparison.
    ///
    /// # Errors
    /// Those of writing; nothing is stored then.
    pub async fn record_reconciliation(
        &self,
        tenant: Uuid,
        people: &[FoundPerson],
        offices: &[(String, Drift)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const OPERATION: &str = "recording a comparison of roles";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let connection = writing.connection();
        let since = known_since(connection, tenant).await.map_err(&error)?;
        let clear = sqlx::query("DELETE FROM role_findings WHERE tenant_id = $1").bind(tenant.to_string());
        clear.execute(&mut *connection).await.map_err(&error)?;
        for found in people {
            end_sessions(connection, found, now).await.map_err(&error)?;
            if !apply(connection, found, now).await.map_err(&error)? {
                continue;
            }
            for drift in &found.drifts {
                let new =
                    NewFinding { tenant, subject: person_subject(found.person), person: Some(found.person), drift };
                insert(connection, &since, new, now).await.map_err(&error)?;
            }
        }
        for (office, drift) in offices {
            let new = NewFinding { tenant, subject: office_subject(office), person: None, drift };
            insert(connection, &since, new, now).await.map_err(&error)?;
        }
        compared(connection, tenant, None, now).await.map_err(&error)?;
        writing.revise();
        writing.commit().await
    }

    /// Notes that a comparison was not possible; what was found before stays.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn record_failed_reconciliation(
        &self,
        tenant: Uuid,
        problem: &Problem,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const OPERATION: &str = "recording that roles could not be compared";
        let mut writing = self.writing(OPERATION).await?;
        let noted = compared(writing.connection(), tenant, Some(problem), now).await;
        noted.map_err(StoreError::during(OPERATION))?;
        writing.commit().await
    }

    /// What the last comparison found.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn role_findings(&self, tenant: Uuid) -> Result<Vec<RoleFinding>, StoreError> {
        const OPERATION: &str = "reading differences of roles";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = "SELECT person, drift, since FROM role_findings WHERE tenant_id = $1 ORDER BY since, subject, drift";
        let query = sqlx::query(sql).bind(tenant.to_string());
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        let read = |row| {
            let drift: &str = get(row, "drift")?;
            Ok(RoleFinding { person: get(row, "person")?, drift: parsed(drift)?, since: time(row, "since")? })
        };
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(error)
    }

    /// When roles were last compared, and why that was not possible.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn last_reconciliation(&self, tenant: Uuid) -> Result<Option<LastReconciliation>, StoreError> {
        const OPERATION: &str = "reading when roles were compared";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query("SELECT at, problem FROM role_reconciliations WHERE tenant_id = $1");
        let query = query.bind(tenant.to_string());
        let row = within(PATIENCE, query.fetch_optional(&mut *connection)).await.map_err(&error)?;
        let read = |row| {
            let problem: Option<&str> = get(row, "problem")?;
            let problem = problem.map(serde_json::from_str).transpose();
            let problem = problem.map_err(|_| unreadable("problem", "a problem"))?;
            Ok(LastReconciliation { at: time(row, "at")?, problem })
        };
        row.as_ref().map(read).transpose().map_err(error)
    }

    /// Stores an object id that was found by the name a person signs in with, if the person has none; tells whether it was
    /// stored. Whoever has signed in meanwhile has it already: then that entry is the person, and the one of the name alone
    /// goes.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn fill_object_id(
        &self,
        (tenant, person): (Uuid, i64),
        object_id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const OPERATION: &str = "storing an object id";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let connection = writing.connection();
        let filled = sqlx::query(
            "UPDATE people SET object_id = $3, version = version + 1 WHERE number = $2 AND tenant_id = $1 \
             AND object_id IS NULL AND NOT EXISTS (SELECT 1 FROM people WHERE tenant_id = $1 AND object_id = $3)",
        )
        .bind(tenant.to_string())
        .bind(person)
        .bind(object_id.to_string())
        .execute(&mut *connection)
        .await
        .map_err(&error)?;
        if filled.rows_affected() == 0 {
            let removed = sqlx::query(
                "DELETE FROM people WHERE number = $2 AND tenant_id = $1 AND object_id IS NULL \
                 AND EXISTS (SELECT 1 FROM people p WHERE p.tenant_id = $1 AND p.object_id = $3)",
            )
            .bind(tenant.to_string())
            .bind(person)
            .bind(object_id.to_string())
            .execute(&mut *connection)
            .await
            .map_err(&error)?;
            if removed.rows_affected() == 0 {
                return Ok(false);
            }
            forget(connection, tenant, person).await.map_err(&error)?;
        }
        let (actor, detail) = (Actor { person: None, who: "role-sync" }, json!({ "object_id": object_id }));
        let noted = audit::note(connection, actor, "object-id-found", &person_subject(person), &detail, now).await;
        noted.map_err(&error)?;
        writing.revise();
        writing.commit().await?;
        Ok(true)
    }
}

/// Applies what was found about a person, unless the person was changed meanwhile.
async fn apply(connection: &mut AnyConnection, found: &FoundPerson, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let sql = "SELECT version FROM people WHERE number = $1";
    let version: Option<i64> = sqlx::query_scalar(sql).bind(found.person).fetch_optional(&mut *connection).await?;
    if version != Some(found.version) {
        return Ok(false);
    }
    at_sign_in::apply(connection, found.person, &found.effect).await?;
    let after: i64 = sqlx::query_scalar(sql).bind(found.person).fetch_one(&mut *connection).await?;
    if after == found.version {
        return Ok(true);
    }
    if matches!(found.effect, Effect::Limit(_)) {
        end_all_of(connection, found.person).await?;
    }
    let detail = match &found.effect {
        Effect::Adopt(role) => json!({ "role": role }),
        Effect::Limit(ceiling) => json!({ "ceiling": ceiling }),
        Effect::Agree | Effect::Keep => json!({ "ceiling": null }),
    };
    let actor = Actor { person: None, who: "role-sync" };
    audit::note(connection, actor, "role-reconciled", &person_subject(found.person), &detail, now).await?;
    Ok(true)
}

/// Ends the sessions of who has no account any more, and those with a right that Entra does not give any more.
async fn end_sessions(
    connection: &mut AnyConnection,
    found: &FoundPerson,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (ended, why) = match &found.sessions {
        OpenSessions::Stay => return Ok(()),
        OpenSessions::End => (end_all_of(connection, found.person).await?, "the account is gone"),
        OpenSessions::Within { rights, begun_by } => {
            (end_beyond(connection, found.person, rights, *begun_by).await?, "an app role was taken away")
        }
    };
    if ended == 0 {
        return Ok(());
    }
    let (actor, detail) = (Actor { person: None, who: "role-sync" }, json!({ "sessions": ended, "why": why }));
    audit::note(connection, actor, "sessions-ended", &person_subject(found.person), &detail, now).await
}

/// A finding to be stored.
struct NewFinding<'a> {
    tenant: Uuid,
    subject: String,
    person: Option<i64>,
    drift: &'a Drift,
}

async fn insert(
    connection: &mut AnyConnection,
    since: &[(String, String, i64)],
    new: NewFinding<'_>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let drift = serde_json::to_string(new.drift).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let known = since.iter().find(|(subject, known, _)| *subject == new.subject && *known == drift);
    sqlx::query("INSERT INTO role_findings (tenant_id, subject, drift, person, since) VALUES ($1, $2, $3, $4, $5)")
        .bind(new.tenant.to_string())
        .bind(new.subject)
        .bind(&drift)
        .bind(new.person)
        .bind(known.map_or(now.timestamp_millis(), |(_, _, since)| *since))
        .execute(connection)
        .await?;
    Ok(())
}

async fn known_since(connection: &mut AnyConnection, tenant: Uuid) -> Result<Vec<(String, String, i64)>, sqlx::Error> {
    let query = sqlx::query("SELECT subject, drift, since FROM role_findings WHERE tenant_id = $1");
    let rows = query.bind(tenant.to_string()).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((get(row, "subject")?, get(row, "drift")?, get(row, "since")?))).collect()
}

async fn compared(
    connection: &mut AnyConnection,
    tenant: Uuid,
    problem: Option<&Problem>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let problem = problem.map(serde_json::to_string).transpose().map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query(
        "INSERT INTO role_reconciliations (tenant_id, at, problem) VALUES ($1, $2, $3) \
         ON CONFLICT (tenant_id) DO UPDATE SET at = excluded.at, problem = excluded.problem",
    )
    .bind(tenant.to_string())
    .bind(now.timestamp_millis())
    .bind(problem)
    .execute(connection)
    .await?;
    Ok(())
}

/// The findings about one person.
pub(super) async fn of_person(
    connection: &mut AnyConnection,
    tenant: Uuid,
    person: i64,
) -> Result<Vec<Drift>, sqlx::Error> {
    let sql = "SELECT drift FROM role_findings WHERE tenant_id = $1 AND subject = $2 ORDER BY drift";
    let query = sqlx::query_scalar(sql).bind(tenant.to_string()).bind(person_subject(person));
    let rows: Vec<String> = query.fetch_all(connection).await?;
    rows.iter().map(|drift| parsed(drift)).collect()
}

/// Forgets the findings about a person, about whom somebody has decided.
pub(super) async fn forget(connection: &mut AnyConnection, tenant: Uuid, person: i64) -> Result<(), sqlx::Error> {
    let query = sqlx::query("DELETE FROM role_findings WHERE tenant_id = $1 AND subject = $2");
    query.bind(tenant.to_string()).bind(person_subject(person)).execute(connection).await?;
    Ok(())
}

fn parsed(drift: &str) -> Result<Drift, sqlx::Error> {
    serde_json::from_str(drift).map_err(|_| unreadable("drift", "a finding"))
}
