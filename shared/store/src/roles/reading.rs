//! Reading operations, their steps, and the people they concern.

use chrono::{DateTime, Utc};
use leitwarte_core::roles::operation::{Kind, Move, Operation, Phase};
use leitwarte_core::roles::words::Problem;
use leitwarte_database::{PATIENCE, within};
use serde_json::Value;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection};
use uuid::Uuid;

use super::asking::found;
use crate::rows::{flag, get, id, optional_id, optional_time, time, unreadable};
use crate::{Store, StoreError};

macro_rules! columns {
    () => {
        "number, kind, asked_by, accepted_at, phase, progress_at, ended_at, problem, trouble, version"
    };
}

/// One step of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleStep {
    /// When it was taken.
    pub at: DateTime<Utc>,
    /// What it was, as JSON: `step` and more.
    pub detail: Value,
}

/// A person as far as roles are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolePerson {
    /// The person's number.
    pub number: i64,
    /// The account.
    pub object_id: Option<Uuid>,
    /// The name the person signs in with.
    pub user_name: String,
    /// What the person is called.
    pub name: String,
    /// The role stored.
    pub role: Option<String>,
    /// Its limit.
    pub ceiling: Option<String>,
    /// When somebody last decided about it.
    pub changed_at: Option<DateTime<Utc>>,
    /// The operation that is under way.
    pub under_way: Option<i64>,
    /// Grows with every change.
    pub version: i64,
}

impl Store {
    /// Numbers of the operations of a tenant that are not over, the oldest first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn role_operations_under_way(&self, tenant: Uuid) -> Result<Vec<i64>, StoreError> {
        const OPERATION: &str = "reading the changes of roles under way";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = "SELECT number FROM role_operations WHERE tenant_id = $1 AND ended_at IS NULL ORDER BY number";
        let query = sqlx::query_scalar(sql).bind(tenant.to_string());
        within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(error)
    }

    /// One operation.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn role_operation(&self, number: i64) -> Result<Option<Operation>, StoreError> {
        const OPERATION: &str = "reading a change of roles";
        let mut connection = self.reading(OPERATION).await?;
        within(PATIENCE, one(&mut connection, number)).await.map_err(StoreError::during(OPERATION))
    }

    /// Operations of a tenant below the number `before`, the newest first, at most `limit`.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn role_operations(
        &self,
        tenant: Uuid,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Operation>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM role_operations WHERE tenant_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3"
        );
        let bound = before.unwrap_or(i64::MAX);
        self.operations(sqlx::query(sql).bind(tenant.to_string()).bind(bound).bind(i64::from(limit))).await
    }

    /// Operations of a tenant that change the role of one person, the newest first, at most `limit`.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn role_operations_of(
        &self,
        tenant: Uuid,
        person: i64,
        limit: u32,
    ) -> Result<Vec<Operation>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM role_operations WHERE tenant_id = $1 AND number IN (SELECT operation FROM role_moves WHERE person = $2) \
             ORDER BY number DESC LIMIT $3"
        );
        self.operations(sqlx::query(sql).bind(tenant.to_string()).bind(person).bind(i64::from(limit))).await
    }

    async fn operations(&self, query: Query<'_, Any, AnyArguments>) -> Result<Vec<Operation>, StoreError> {
        const OPERATION: &str = "reading the changes of roles";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        let mut operations = Vec::with_capacity(rows.len());
        for row in &rows {
            let number = get(row, "number").map_err(&error)?;
            let moves = within(PATIENCE, moves(&mut connection, number)).await.map_err(&error)?;
            operations.push(operation(row, moves).map_err(&error)?);
        }
        Ok(operations)
    }

    /// The steps of an operation, the first one first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn role_steps(&self, operation: i64) -> Result<Vec<RoleStep>, StoreError> {
        const OPERATION: &str = "reading the steps of a change of roles";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = "SELECT at, detail FROM role_steps WHERE operation = $1 ORDER BY version";
        let rows =
            within(PATIENCE, sqlx::query(sql).bind(operation).fetch_all(&mut *connection)).await.map_err(&error)?;
        let read = |row| {
            let detail: &str = get(row, "detail")?;
            let detail = serde_json::from_str(detail).map_err(|_| unreadable("detail", "JSON"))?;
            Ok(RoleStep { at: time(row, "at")?, detail })
        };
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(error)
    }

    /// Everybody of a tenant, by name.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn role_people(&self, tenant: Uuid) -> Result<Vec<RolePerson>, StoreError> {
        const OPERATION: &str = "reading people and their roles";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = "SELECT p.number, p.object_id, p.user_name, p.name, p.role, p.ceiling, p.role_changed_at, p.version, \
                   (SELECT s.operation FROM role_subjects s WHERE s.tenant_id = p.tenant_id AND s.under_way = 1 \
                   AND s.subject = 'person ' || p.number) AS under_way FROM people p WHERE p.tenant_id = $1 \
                   ORDER BY p.name, p.number";
        let query = sqlx::query(sql).bind(tenant.to_string());
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        let read = |row| {
            Ok(RolePerson {
                number: get(row, "number")?,
                object_id: optional_id(row, "object_id")?,
                user_name: get(row, "user_name")?,
                name: get(row, "name")?,
                role: get(row, "role")?,
                ceiling: get(row, "ceiling")?,
                changed_at: optional_time(row, "role_changed_at")?,
                under_way: get(row, "under_way")?,
                version: get(row, "version")?,
            })
        };
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(error)
    }
}

pub(super) async fn one(connection: &mut AnyConnection, number: i64) -> Result<Option<Operation>, sqlx::Error> {
    let sql = concat!("SELECT ", columns!(), " FROM role_operations WHERE number = $1");
    let Some(row) = sqlx::query(sql).bind(number).fetch_optional(&mut *connection).await? else { return Ok(None) };
    let moves = moves(connection, number).await?;
    operation(&row, moves).map(Some)
}

fn operation(row: &AnyRow, moves: Vec<Move>) -> Result<Operation, sqlx::Error> {
    let kind = Kind::parse(get(row, "kind")?).ok_or_else(|| unreadable("kind", "a kind of change"))?;
    let phase = Phase::parse(get(row, "phase")?).ok_or_else(|| unreadable("phase", "a phase"))?;
    Ok(Operation {
        number: get(row, "number")?,
        version: get(row, "version")?,
        kind,
        asked_by: get(row, "asked_by")?,
        accepted_at: time(row, "accepted_at")?,
        phase,
        progress_at: time(row, "progress_at")?,
        ended_at: optional_time(row, "ended_at")?,
        moves,
        problem: problem(row, "problem")?,
        trouble: problem(row, "trouble")?,
    })
}

fn problem(row: &AnyRow, column: &str) -> Result<Option<Problem>, sqlx::Error> {
    let text: Option<&str> = get(row, column)?;
    text.map(|text| serde_json::from_str(text).map_err(|_| unreadable(column, "a problem"))).transpose()
}

async fn moves(connection: &mut AnyConnection, operation: i64) -> Result<Vec<Move>, sqlx::Error> {
    let sql = "SELECT person, name, object_id, from_role, to_role, must_hold, found, grant_state, was_uncertain, gone \
               FROM role_moves WHERE operation = $1 ORDER BY place";
    let rows = sqlx::query(sql).bind(operation).fetch_all(connection).await?;
    let read = |row| {
        let grant: &str = get(row, "grant_state")?;
        let gone: &str = get(row, "gone")?;
        Ok(Move {
            person: get(row, "person")?,
            name: get(row, "name")?,
            object_id: id(row, "object_id")?,
            from: get(row, "from_role")?,
            to: get(row, "to_role")?,
            must_hold: flag(row, "must_hold")?,
            found: found(get(row, "found")?)?,
            grant: serde_json::from_str(grant).map_err(|_| unreadable("grant_state", "a grant"))?,
            was_uncertain: flag(row, "was_uncertain")?,
            gone: serde_json::from_str(gone).map_err(|_| unreadable("gone", "a list of ids"))?,
        })
    };
    rows.iter().map(read).collect()
}
