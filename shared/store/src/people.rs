//! People: an account is a tenant and an object id, never a name or an address.

use chrono::{DateTime, Utc};
use leitwarte_database::{PATIENCE, within};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::rows::{get, id, next_number, optional_id, optional_time, unreadable};
use crate::{Store, StoreError};

/// Columns of a [`Person`].
macro_rules! person_columns {
    () => {
        "number, tenant_id, object_id, user_name, name, role, ceiling, entra_roles, roles_as_of, first_sign_in_at, \
         last_sign_in_at, version"
    };
}

/// Somebody's account as Entra describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The tenant.
    pub tenant_id: Uuid,
    /// The account in it.
    pub object_id: Uuid,
    /// The name people sign in with. May be given to somebody else one day.
    pub user_name: String,
    /// The name people are called by.
    pub name: String,
}

/// Somebody who has signed in, or whose roles are looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Ours; never given twice.
    pub number: i64,
    /// The tenant of the account.
    pub tenant_id: Uuid,
    /// The account; `None` while it is not known.
    pub object_id: Option<Uuid>,
    /// The name people sign in with, as last seen.
    pub user_name: String,
    /// The name people are called by, as last seen.
    pub name: String,
    /// The internal role; `None`: none is known.
    pub role: Option<String>,
    /// The highest internal role this person may get.
    pub ceiling: Option<String>,
    /// App roles in Entra, as last read.
    pub entra_roles: Vec<String>,
    /// When they were read.
    pub roles_as_of: Option<DateTime<Utc>>,
    /// First sign-in here.
    pub first_sign_in_at: Option<DateTime<Utc>>,
    /// Last sign-in here.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// Grows with every change but that of sign-in times.
    pub version: i64,
}

impl Store {
    /// Everybody who is known, by name.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn people(&self) -> Result<Vec<Person>, StoreError> {
        const OPERATION: &str = "reading the people";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = concat!("SELECT ", person_columns!(), " FROM people ORDER BY name, number");
        let rows = within(PATIENCE, sqlx::query(sql).fetch_all(&mut *connection)).await.map_err(&error)?;
        rows.iter().map(person).collect::<Result<_, _>>().map_err(error)
    }

    /// Remembers somebody of the system before, whose account is not known: by the name the person signs in with, which
    /// `backfill-object-ids` looks up. Nothing happens if such a name is known; tells the person's number otherwise.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn remember_by_name(
        &self,
        tenant_id: Uuid,
        (user_name, name): (&str, &str),
        role: &str,
    ) -> Result<Option<i64>, StoreError> {
        const OPERATION: &str = "remembering a person";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let connection = writing.connection();
        let query = sqlx::query_scalar("SELECT number FROM people WHERE tenant_id = $1 AND user_name = $2");
        let known: Option<i64> =
            query.bind(tenant_id.to_string()).bind(user_name).fetch_optional(&mut *connection).await.map_err(&error)?;
        if known.is_some() {
            return Ok(None);
        }
        let number = next_number(connection, "last_person").await.map_err(&error)?;
        sqlx::query(
            "INSERT INTO people (number, tenant_id, user_name, name, role, entra_roles, version) \
             VALUES ($1, $2, $3, $4, $5, '[]', 1)",
        )
        .bind(number)
        .bind(tenant_id.to_string())
        .bind(user_name)
        .bind(name)
        .bind(role)
        .execute(connection)
        .await
        .map_err(&error)?;
        writing.revise();
        writing.commit().await?;
        Ok(Some(number))
    }

    /// The person of an account.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn person_of_account(&self, tenant_id: Uuid, object_id: Uuid) -> Result<Option<Person>, StoreError> {
        const OPERATION: &str = "reading a person";
        let mut connection = self.reading(OPERATION).await?;
        within(PATIENCE, of_account(&mut connection, tenant_id, object_id)).await.map_err(StoreError::during(OPERATION))
    }
}

/// The person of an account.
pub(crate) async fn of_account(
    connection: &mut AnyConnection,
    tenant_id: Uuid,
    object_id: Uuid,
) -> Result<Option<Person>, sqlx::Error> {
    let sql = concat!("SELECT ", person_columns!(), " FROM people WHERE tenant_id = $1 AND object_id = $2");
    let query = sqlx::query(sql).bind(tenant_id.to_string()).bind(object_id.to_string());
    query.fetch_optional(connection).await?.as_ref().map(person).transpose()
}

/// The person of a number.
pub(crate) async fn of_number(connection: &mut AnyConnection, number: i64) -> Result<Option<Person>, sqlx::Error> {
    let sql = concat!("SELECT ", person_columns!(), " FROM people WHERE number = $1");
    sqlx::query(sql).bind(number).fetch_optional(connection).await?.as_ref().map(person).transpose()
}

/// Notes that the person of this account has signed in, who is new if nobody has it yet, and gives their number.
pub(crate) async fn signed_in(
    connection: &mut AnyConnection,
    account: &Account,
    now: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    let now = now.timestamp_millis();
    if let Some(known) = of_account(connection, account.tenant_id, account.object_id).await? {
        let renamed = known.user_name != account.user_name || known.name != account.name;
        sqlx::query(
            "UPDATE people SET user_name = $2, name = $3, first_sign_in_at = COALESCE(first_sign_in_at, $4), \
             last_sign_in_at = $4, version = version + $5 WHERE number = $1",
        )
        .bind(known.number)
        .bind(&account.user_name)
        .bind(&account.name)
        .bind(now)
        .bind(i64::from(renamed))
        .execute(connection)
        .await?;
        return Ok(known.number);
    }
    let number = next_number(connection, "last_person").await?;
    sqlx::query(
        "INSERT INTO people (number, tenant_id, object_id, user_name, name, entra_roles, first_sign_in_at, \
         last_sign_in_at, version) VALUES ($1, $2, $3, $4, $5, '[]', $6, $6, 1)",
    )
    .bind(number)
    .bind(account.tenant_id.to_string())
    .bind(account.object_id.to_string())
    .bind(&account.user_name)
    .bind(&account.name)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(number)
}

fn person(row: &AnyRow) -> Result<Person, sqlx::Error> {
    Ok(Person {
        number: get(row, "number")?,
        tenant_id: id(row, "tenant_id")?,
        object_id: optional_id(row, "object_id")?,
        user_name: get(row, "user_name")?,
        name: get(row, "name")?,
        role: get(row, "role")?,
        ceiling: get(row, "ceiling")?,
        entra_roles: serde_json::from_str(get(row, "entra_roles")?)
            .map_err(|_| unreadable("entra_roles", "a list of texts"))?,
        roles_as_of: optional_time(row, "roles_as_of")?,
        first_sign_in_at: optional_time(row, "first_sign_in_at")?,
        last_sign_in_at: optional_time(row, "last_sign_in_at")?,
        version: get(row, "version")?,
    })
}
