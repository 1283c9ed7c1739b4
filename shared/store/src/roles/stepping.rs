//! Carrying an operation out: one step, one transaction.

use chrono::{DateTime, Utc};
use leitwarte_core::roles::operation::{Move, Operation, Phase};
use leitwarte_core::roles::protocol::Event;
use leitwarte_core::roles::words::Problem;
use serde_json::json;
use sqlx::AnyConnection;

use super::{person_subject, reading};
use crate::audit::{self, Actor};
use crate::signed_in::end_all_of;
use crate::{Store, StoreError};

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stepped {
    /// Written; the operation after it.
    Done(Operation),
    /// Somebody else has taken a step since; the operation as it is now, if it still is. Nothing was written.
    Overtaken(Option<Operation>),
}

impl Store {
    /// Writes a step down, unless somebody else has taken one since `before`. The last one also changes roles and lifts
    /// ceilings and locks.
    ///
    /// # Errors
    /// Those of writing; the step is not taken then.
    pub async fn step_role_operation(
        &self,
        before: &Operation,
        event: &Event,
        now: DateTime<Utc>,
    ) -> Result<Stepped, StoreError> {
        const OPERATION: &str = "writing a step of a change of roles down";
        let error = StoreError::during(OPERATION);
        let mut after = before.clone();
        after.apply(event.clone(), now);
        let mut writing = self.writing(OPERATION).await?;
        let connection = writing.connection();
        if !update(connection, before.version, &after).await.map_err(&error)? {
            let now = reading::one(connection, before.number).await.map_err(&error)?;
            return Ok(Stepped::Overtaken(now));
        }
        for (place, (one, old)) in (0_i64..).zip(after.moves.iter().zip(&before.moves)) {
            if one != old {
                update_move(connection, (after.number, place), one).await.map_err(&error)?;
            }
        }
        note(connection, &after, event, now).await.map_err(&error)?;
        if after.phase.is_over() {
            end(connection, &after, now).await.map_err(&error)?;
        }
        // The page shows every step.
        writing.revise();
        writing.commit().await?;
        Ok(Stepped::Done(after))
    }
}

async fn update(connection: &mut AnyConnection, version: i64, after: &Operation) -> Result<bool, sqlx::Error> {
    let problem = |problem: &Option<Problem>| {
        let text = problem.as_ref().map(serde_json::to_string).transpose();
        text.map_err(|error| sqlx::Error::Encode(error.into()))
    };
    let query = sqlx::query(
        "UPDATE role_operations SET phase = $3, progress_at = $4, ended_at = $5, problem = $6, trouble = $7, version = $8 \
         WHERE number = $1 AND version = $2",
    )
    .bind(after.number)
    .bind(version)
    .bind(after.phase.as_str())
    .bind(after.progress_at.timestamp_millis())
    .bind(after.ended_at.map(|at| at.timestamp_millis()))
    .bind(problem(&after.problem)?)
    .bind(problem(&after.trouble)?)
    .bind(after.version);
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

async fn update_move(
    connection: &mut AnyConnection,
    (operation, place): (i64, i64),
    one: &Move,
) -> Result<(), sqlx::Error> {
    let encoded = |error: serde_json::Error| sqlx::Error::Encode(error.into());
    sqlx::query(
        "UPDATE role_moves SET found = $3, grant_state = $4, was_uncertain = $5, gone = $6 \
         WHERE operation = $1 AND place = $2",
    )
    .bind(operation)
    .bind(place)
    .bind(one.found.as_ref().map(serde_json::to_string).transpose().map_err(encoded)?)
    .bind(serde_json::to_string(&one.grant).map_err(encoded)?)
    .bind(i32::from(one.was_uncertain))
    .bind(serde_json::to_string(&one.gone).map_err(encoded)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// The history of the operation. What is only tried again and again is kept once.
async fn note(
    connection: &mut AnyConnection,
    after: &Operation,
    event: &Event,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let detail = serde_json::to_string(event).map_err(|error| sqlx::Error::Encode(error.into()))?;
    if matches!(event, Event::Trouble { .. }) {
        sqlx::query("DELETE FROM role_steps WHERE operation = $1 AND version = $2 AND detail = $3")
            .bind(after.number)
            .bind(after.version - 1)
            .bind(&detail)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("INSERT INTO role_steps (operation, version, at, detail) VALUES ($1, $2, $3, $4)")
        .bind(after.number)
        .bind(after.version)
        .bind(now.timestamp_millis())
        .bind(&detail)
        .execute(connection)
        .await?;
    Ok(())
}

/// The end: new roles hold here too, or the old ones go on; ceilings and locks are lifted.
async fn end(connection: &mut AnyConnection, operation: &Operation, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let done = operation.phase == Phase::Done;
    for one in &operation.moves {
        if done {
            sqlx::query(
                "UPDATE people SET role = $2, ceiling = NULL, role_changed_at = $3, version = version + 1 \
                 WHERE number = $1",
            )
            .bind(one.person)
            .bind(&one.to)
            .bind(now.timestamp_millis())
            .execute(&mut *connection)
            .await?;
            // Whoever has other rights now gets a session with a new id.
            end_all_of(connection, one.person).await?;
        } else if one.must_hold {
            sqlx::query(
                "UPDATE people SET ceiling = NULL, role_changed_at = $2, version = version + 1 WHERE number = $1",
            )
            .bind(one.person)
            .bind(now.timestamp_millis())
            .execute(&mut *connection)
            .await?;
        }
        let action = if done { "role-changed" } else { "role-change-aborted" };
        let detail = json!({
            "operation": operation.number, "name": one.name, "from": one.from, "to": one.to, "problem": operation.problem,
        });
        let actor = Actor { person: None, who: "role-sync" };
        audit::note(connection, actor, action, &person_subject(one.person), &detail, now).await?;
    }
    sqlx::query("UPDATE role_subjects SET under_way = 0 WHERE operation = $1")
        .bind(operation.number)
        .execute(connection)
        .await?;
    Ok(())
}
