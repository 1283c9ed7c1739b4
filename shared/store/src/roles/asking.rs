//! Accepting a change.

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::roles::operation::{Grant, Held, Kind, Move};
use leitwarte_core::roles::standing::{Drift, Side, effective};
use leitwarte_core::roles::table::{NO_ROLE, RoleTable};
use leitwarte_core::roles::wish::{self, Accepted, Candidate, Wish};
use leitwarte_core::roles::words::Refusal;
use serde_json::json;
use sqlx::AnyConnection;
use uuid::Uuid;

use super::{office_subject, person_subject};
use crate::audit::{self, Actor};
use crate::rows::{get, next_number, optional_id, unreadable};
use crate::signed_in::end_all_of;
use crate::{Store, StoreError};

/// Lists do not show longer than this what was revoked before.
pub(crate) const REMEMBERED: TimeDelta = TimeDelta::hours(1);

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Accepted as the operation of this number.
    Accepted(i64),
    /// Refused; nothing was changed.
    Refused(Refusal),
}

/// What became of an administrator's decision about a drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// What Entra says is stored.
    Stored,
    /// What is stored is carried to Entra by the operation of this number.
    Accepted(i64),
    /// Refused; nothing was changed.
    Refused(Refusal),
    /// There is no finding about the person (any more).
    NoFinding,
    /// The findings are not what was seen.
    Changed(Vec<Drift>),
}

impl Store {
    /// Accepts or refuses what `asking` wants for the own role, in one transaction. `seen` is the version of the person
    /// that the wish was made upon.
    ///
    /// # Errors
    /// Those of writing; nothing is accepted then.
    pub async fn ask_for_role(
        &self,
        table: &RoleTable,
        (tenant, asking): (Uuid, i64),
        wish: &Wish,
        seen: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Asked, StoreError> {
        const OPERATION: &str = "accepting a change of roles";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let connection = writing.connection();
        let everybody = candidates(connection, tenant).await.map_err(&error)?;
        let Some((candidate, version)) = everybody.iter().find(|(one, _)| one.person == asking) else {
            return Ok(Asked::Refused(Refusal::UnknownPerson));
        };
        if seen.is_some_and(|seen| seen != *version) {
            return Ok(Asked::Refused(Refusal::Changed));
        }
        let all: Vec<Candidate> = everybody.iter().map(|(one, _)| one.clone()).collect();
        // What is under way is told before what follows from it, such as a ceiling.
        let mut subjects = vec![person_subject(asking)];
        if let Wish::HandOver { successor, .. } = wish {
            subjects.push(person_subject(*successor));
        }
        if let Some(operation) = under_way(connection, tenant, &subjects).await.map_err(&error)? {
            return Ok(Asked::Refused(Refusal::UnderWay { operation }));
        }
        let accepted = match wish::accept(table, candidate, wish, &all) {
            Ok(accepted) => accepted,
            Err(refusal) => return Ok(Asked::Refused(refusal)),
        };
        let actor = Actor { person: Some(asking), who: &candidate.name };
        let number = match begin(connection, table, tenant, accepted, actor, now).await.map_err(&error)? {
            Ok(number) => number,
            Err(refusal) => return Ok(Asked::Refused(refusal)),
        };
        writing.revise();
        writing.commit().await?;
        Ok(Asked::Accepted(number))
    }

    /// An administrator decides which side of a finding holds: of the one that was seen, if it is still so (`None`: of
    /// whichever can be decided so).
    ///
    /// # Errors
    /// Those of writing; nothing is changed then.
    pub async fn decide_drift(
        &self,
        table: &RoleTable,
        (tenant, person): (Uuid, i64),
        (side, seen): (Side, Option<&Drift>),
        actor: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Decided, StoreError> {
        const OPERATION: &str = "deciding about a role";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let connection = writing.connection();
        let everybody = candidates(connection, tenant).await.map_err(&error)?;
        let all: Vec<Candidate> = everybody.into_iter().map(|(one, _)| one).collect();
        let Some(candidate) = all.iter().find(|one| one.person == person) else {
            return Ok(Decided::Refused(Refusal::UnknownPerson));
        };
        let subject = [person_subject(person)];
        if let Some(operation) = under_way(connection, tenant, &subject).await.map_err(&error)? {
            return Ok(Decided::Refused(Refusal::UnderWay { operation }));
        }
        let drifts = super::findings::of_person(connection, tenant, person).await.map_err(&error)?;
        if let Some(seen) = seen.filter(|_| !drifts.is_empty())
            && !(drifts.contains(seen) && seen.is_about(candidate.role.as_deref()))
        {
            return Ok(Decided::Changed(drifts));
        }
        let decidable = |drift: &Drift| seen.is_none_or(|seen| seen == drift) && drift.ways_out().contains(&side);
        let Some(drift) = drifts.into_iter().find(decidable) else { return Ok(Decided::NoFinding) };
        let decided = match side {
            Side::Stored => {
                let accepted = match wish::repair(table, candidate, &all) {
                    Ok(accepted) => accepted,
                    Err(refusal) => return Ok(Decided::Refused(refusal)),
                };
                match begin(connection, table, tenant, accepted, actor, now).await.map_err(&error)? {
                    Ok(number) => Decided::Accepted(number),
                    Err(refusal) => return Ok(Decided::Refused(refusal)),
                }
            }
            Side::Entra => {
                let role = match drift {
                    Drift::Differs { entra, .. } => Some(entra),
                    _ => None,
                };
                if let Some(refusal) = taken(table, role.as_deref(), person, &all) {
                    return Ok(Decided::Refused(refusal));
                }
                store_role(connection, table, candidate, role.as_deref(), actor, now).await.map_err(&error)?;
                Decided::Stored
            }
        };
        super::findings::forget(connection, tenant, person).await.map_err(&error)?;
        writing.revise();
        writing.commit().await?;
        Ok(decided)
    }
}

/// Whether somebody else has the exclusive office.
fn taken(table: &RoleTable, role: Option<&str>, person: i64, all: &[Candidate]) -> Option<Refusal> {
    let office = table.role(role?).filter(|entry| entry.exclusive)?.role.clone();
    let other = all.iter().any(|one| one.person != person && one.role.as_ref() == Some(&office));
    other.then_some(Refusal::OfficeTaken { office })
}

/// What the last comparison saw may be a quarter of an hour old: a higher role does not count before the next one has seen
/// that Entra still says so.
async fn store_role(
    connection: &mut AnyConnection,
    table: &RoleTable,
    person: &Candidate,
    role: Option<&str>,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let counts = effective(table, person.role.as_deref(), person.ceiling.as_deref());
    let ceiling = (table.rank(role) > table.rank(counts)).then(|| counts.unwrap_or(NO_ROLE));
    sqlx::query(
        "UPDATE people SET role = $2, ceiling = $4, role_changed_at = $3, version = version + 1 WHERE number = $1",
    )
    .bind(person.person)
    .bind(role)
    .bind(now.timestamp_millis())
    .bind(ceiling)
    .execute(&mut *connection)
    .await?;
    end_all_of(connection, person.person).await?;
    let detail = json!({ "name": person.name, "from": person.role, "to": role });
    audit::note(connection, actor, "role-taken-over", &person_subject(person.person), &detail, now).await
}

/// Writes an operation down with everything that goes with it.
async fn begin(
    connection: &mut AnyConnection,
    table: &RoleTable,
    tenant: Uuid,
    accepted: Accepted,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> Result<Result<i64, Refusal>, sqlx::Error> {
    let people = accepted.moves.iter().map(|one| person_subject(one.person));
    let subjects: Vec<String> = people.chain(accepted.offices.iter().map(|office| office_subject(office))).collect();
    if let Some(operation) = under_way(connection, tenant, &subjects).await? {
        return Ok(Err(Refusal::UnderWay { operation }));
    }
    let number = next_number(connection, "last_role_operation").await?;
    sqlx::query(
        "INSERT INTO role_operations (number, tenant_id, kind, asked_by, accepted_at, phase, progress_at, version) \
         VALUES ($1, $2, $3, $4, $5, 'reading', $5, 1)",
    )
    .bind(number)
    .bind(tenant.to_string())
    .bind(accepted.kind.as_str())
    .bind(actor.who)
    .bind(now.timestamp_millis())
    .execute(&mut *connection)
    .await?;
    for subject in &subjects {
        sqlx::query("INSERT INTO role_subjects (operation, tenant_id, subject, under_way) VALUES ($1, $2, $3, 1)")
            .bind(number)
            .bind(tenant.to_string())
            .bind(subject)
            .execute(&mut *connection)
            .await?;
    }
    for (place, one) in (0_i64..).zip(&accepted.moves) {
        insert_move(connection, (number, place), one, now).await?;
        if accepted.kind != Kind::Repair {
            limit(connection, table, one).await?;
        }
        let detail = json!({ "operation": number, "kind": accepted.kind.as_str(), "name": one.name, "from": one.from, "to": one.to });
        audit::note(connection, actor, "role-change-accepted", &person_subject(one.person), &detail, now).await?;
    }
    Ok(Ok(number))
}

/// The lower of old and new role counts from now on; who loses something is signed out everywhere.
async fn limit(connection: &mut AnyConnection, table: &RoleTable, one: &Move) -> Result<(), sqlx::Error> {
    let ceiling = table.lower(one.from.as_deref(), Some(&one.to));
    sqlx::query("UPDATE people SET ceiling = $2, version = version + 1 WHERE number = $1")
        .bind(one.person)
        .bind(ceiling)
        .execute(&mut *connection)
        .await?;
    if ceiling != one.from.as_deref() {
        end_all_of(connection, one.person).await?;
    }
    Ok(())
}

async fn insert_move(
    connection: &mut AnyConnection,
    (operation, place): (i64, i64),
    one: &Move,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let encoded = |error: serde_json::Error| sqlx::Error::Encode(error.into());
    let gone = recently_gone(connection, one.person, now).await?;
    sqlx::query(
        "INSERT INTO role_moves (operation, place, person, name, object_id, from_role, to_role, must_hold, grant_state, \
         was_uncertain, gone) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10)",
    )
    .bind(operation)
    .bind(place)
    .bind(one.person)
    .bind(&one.name)
    .bind(one.object_id.to_string())
    .bind(one.from.as_deref())
    .bind(&one.to)
    .bind(i32::from(one.must_hold))
    .bind(serde_json::to_string(&Grant::Unsent).map_err(encoded)?)
    .bind(serde_json::to_string(&gone).map_err(encoded)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Assignments of a person that operations before have revoked, and that a list may still show.
async fn recently_gone(
    connection: &mut AnyConnection,
    person: i64,
    now: DateTime<Utc>,
) -> Result<Vec<String>, sqlx::Error> {
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT m.gone FROM role_moves m JOIN role_operations o ON o.number = m.operation \
         WHERE m.person = $1 AND o.ended_at >= $2",
    )
    .bind(person)
    .bind((now - REMEMBERED).timestamp_millis())
    .fetch_all(connection)
    .await?;
    let lists = rows.iter().map(|row| serde_json::from_str::<Vec<String>>(row));
    let lists: Vec<Vec<String>> = lists.collect::<Result<_, _>>().map_err(|_| unreadable("gone", "a list of ids"))?;
    let mut gone: Vec<String> = lists.into_iter().flatten().collect();
    gone.sort();
    gone.dedup();
    Ok(gone)
}

/// The operation under way that concerns one of these.
async fn under_way(
    connection: &mut AnyConnection,
    tenant: Uuid,
    subjects: &[String],
) -> Result<Option<i64>, sqlx::Error> {
    for subject in subjects {
        let found = sqlx::query_scalar(
            "SELECT operation FROM role_subjects WHERE tenant_id = $1 AND subject = $2 AND under_way = 1",
        )
        .bind(tenant.to_string())
        .bind(subject)
        .fetch_optional(&mut *connection)
        .await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Everybody of a tenant, and the version of each.
async fn candidates(connection: &mut AnyConnection, tenant: Uuid) -> Result<Vec<(Candidate, i64)>, sqlx::Error> {
    let query = sqlx::query(
        "SELECT number, name, object_id, role, ceiling, version FROM people WHERE tenant_id = $1 ORDER BY number",
    );
    let rows = query.bind(tenant.to_string()).fetch_all(connection).await?;
    let read = |row| {
        let candidate = Candidate {
            person: get(row, "number")?,
            name: get(row, "name")?,
            object_id: optional_id(row, "object_id")?,
            role: get(row, "role")?,
            ceiling: get(row, "ceiling")?,
        };
        Ok((candidate, get(row, "version")?))
    };
    rows.iter().map(read).collect()
}

/// Reads what `found` holds.
pub(super) fn found(text: Option<&str>) -> Result<Option<Vec<Held>>, sqlx::Error> {
    text.map(|text| serde_json::from_str(text).map_err(|_| unreadable("found", "a list of assignments"))).transpose()
}
