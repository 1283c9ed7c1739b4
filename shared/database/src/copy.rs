//! Copying everything from one database into another, and knowing that it arrived.

use futures::TryStreamExt as _;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Connection as _, Executor as _, Row as _, Transaction};
use thiserror::Error;

use crate::database::{Database, PrepareError};
use crate::digest::{Sum, Value};
use crate::tables::{Column, ListError, Table, Tables, list};

/// Parameters of one INSERT. More cost more than they save (measured: 20000 take ten times as long).
const MAX_PARAMETERS: usize = 900;

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// What is in them.
    pub sum: Sum,
}

/// What becomes of rows that the target holds already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// There must be none.
    Refuse,
    /// They are deleted, in the same transaction in which the new ones come.
    Replace,
}

/// Nothing was copied.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The source cannot be read.
    #[error("cannot read {0}")]
    Read(String, #[source] sqlx::Error),
    /// The target cannot be written.
    #[error("cannot write to {0}; it is as it was before")]
    Write(String, #[source] sqlx::Error),
    /// The tables cannot be made.
    #[error("cannot make the tables in {0}")]
    Prepare(String, #[source] PrepareError),
    /// The target holds something.
    #[error("{place} is not empty: its table {table} holds {rows} rows")]
    NotEmpty {
        /// The target.
        place: String,
        /// A table that is not empty.
        table: String,
        /// How many rows are in it.
        rows: u64,
    },
    /// The two are of different versions.
    #[error("the tables are not the same in both databases ({0}); bring both to this version with `leitwarte migrate`")]
    Tables(String),
    /// What arrived is not what was sent.
    #[error(
        "what arrived in table {} is not what was sent: {} rows ({}) instead of {} ({}); the target is as it was before",
        .sent.table, .arrived.rows, .arrived.sum, .sent.rows, .sent.sum
    )]
    Mismatch {
        /// What was read.
        sent: Box<Content>,
        /// What was found afterwards.
        arrived: Box<Content>,
    },
    /// A column cannot be copied.
    #[error("{0}")]
    Column(String),
}

impl Database {
    /// What each table holds, all read from one moment.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn contents(&self, tables: &Tables) -> Result<Vec<Content>, CopyError> {
        let read = |error| CopyError::Read(self.address().to_string(), error);
        let mut connection = self.connect().await.map_err(read)?;
        let mut moment = self.snapshot(&mut connection).await.map_err(read)?;
        let mut contents = Vec::new();
        for table in self.tables(&mut moment, tables).await? {
            contents.push(content(&mut moment, &table).await.map_err(read)?);
        }
        Ok(contents)
    }

    /// Copies every table into `target`, which has the same tables: read from one moment, written in one transaction,
    /// read back and compared before that is committed. Others may go on using both; what they write to this one
    /// meanwhile is not copied.
    ///
    /// # Errors
    /// The target is then as it was before.
    pub async fn copy_to(&self, target: &Self, tables: &Tables, existing: Existing) -> Result<Vec<Content>, CopyError> {
        let read = |error| CopyError::Read(self.address().to_string(), error);
        let write = |error| CopyError::Write(target.address().to_string(), error);
        let mut source = self.connect().await.map_err(read)?;
        let mut moment = self.snapshot(&mut source).await.map_err(read)?;
        let mut sink = target.connect().await.map_err(write)?;
        let mut change = target.long_write(&mut sink).await.map_err(write)?;

        let (here, there) = (self.tables(&mut moment, tables).await?, target.tables(&mut change, tables).await?);
        same_tables(&here, &there)?;
        for table in there.iter().rev() {
            if existing == Existing::Refuse && !tables.seeded.contains(&table.name.as_str()) {
                empty(&mut change, table, target).await?;
            }
            let delete = format!("DELETE FROM {}", table.name);
            change.execute(AssertSqlSafe(delete)).await.map_err(write)?;
        }
        let mut sent = Vec::new();
        for table in &there {
            sent.push(transfer(&mut moment, &mut change, table).await.map_err(|error| match error {
                Side::Source(error) => read(error),
                Side::Target(error) => write(error),
            })?);
        }
        for (table, sent) in there.iter().zip(&sent) {
            let arrived = content(&mut change, table).await.map_err(write)?;
            if arrived != *sent {
                return Err(CopyError::Mismatch { sent: Box::new(sent.clone()), arrived: Box::new(arrived) });
            }
        }
        change.commit().await.map_err(write)?;
        sink.close().await.map_err(write)?;
        Ok(sent)
    }

    async fn tables(&self, connection: &mut AnyConnection, tables: &Tables) -> Result<Vec<Table>, CopyError> {
        list(connection, self.address().is_postgres(), tables.schema).await.map_err(|error| match error {
            ListError::Database(error) => CopyError::Read(self.address().to_string(), error),
            error @ ListError::Kind { .. } => CopyError::Column(error.to_string()),
        })
    }

    /// A transaction that reads one moment, for as long as it takes.
    async fn snapshot<'c>(&self, connection: &'c mut AnyConnection) -> Result<Transaction<'c, Any>, sqlx::Error> {
        if self.address().is_postgres() {
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; \
                         SET LOCAL idle_in_transaction_session_timeout = 0";
            connection.begin_with(begin).await
        } else {
            connection.begin().await
        }
    }

    /// A transaction that holds the write lock, for as long as it takes.
    async fn long_write<'c>(&self, connection: &'c mut AnyConnection) -> Result<Transaction<'c, Any>, sqlx::Error> {
        let mut change = connection.begin_with(self.begin_write.clone()).await?;
        if self.address().is_postgres() {
            let unbounded = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
            change.execute(unbounded).await?;
        }
        Ok(change)
    }
}

fn same_tables(here: &[Table], there: &[Table]) -> Result<(), CopyError> {
    let (mut here, mut there): (Vec<_>, Vec<_>) = (here.iter().collect(), there.iter().collect());
    here.sort_by(|one, other| one.name.cmp(&other.name));
    there.sort_by(|one, other| one.name.cmp(&other.name));
    if here.is_empty() {
        return Err(CopyError::Tables("the source has none".to_owned()));
    }
    let difference =
        here.iter().find(|table| !there.contains(table)).or(there.iter().find(|table| !here.contains(table)));
    match difference {
        Some(table) => Err(CopyError::Tables(format!("table {} differs or is missing", table.name))),
        None => Ok(()),
    }
}

async fn empty(change: &mut AnyConnection, table: &Table, target: &Database) -> Result<(), CopyError> {
    let write = |error| CopyError::Write(target.address().to_string(), error);
    let count = AssertSqlSafe(format!("SELECT COUNT(*) FROM {}", table.name));
    let rows: i64 = sqlx::query_scalar(count).fetch_one(change).await.map_err(write)?;
    if rows == 0 {
        return Ok(());
    }
    let place = target.address().to_string();
    Err(CopyError::NotEmpty { place, table: table.name.clone(), rows: rows.unsigned_abs() })
}

/// Which of the two failed.
enum Side {
    Source(sqlx::Error),
    Target(sqlx::Error),
}

async fn transfer(source: &mut AnyConnection, target: &mut AnyConnection, table: &Table) -> Result<Content, Side> {
    let most = (MAX_PARAMETERS / table.columns.len().max(1)).max(1);
    let mut content = Content { table: table.name.clone(), rows: 0, sum: Sum::default() };
    let mut group = Vec::with_capacity(most.min(1024));
    let mut rows = sqlx::query(AssertSqlSafe(select(table))).fetch(source);
    loop {
        let row = rows.try_next().await.map_err(Side::Source)?;
        let ended = row.is_none();
        if let Some(row) = row {
            let values = values(&row, table).map_err(Side::Source)?;
            content.sum.add(&values);
            content.rows += 1;
            group.push(values);
        }
        if group.len() == most || (ended && !group.is_empty()) {
            insert(target, table, &mut group).await.map_err(Side::Target)?;
        }
        if ended {
            return Ok(content);
        }
    }
}

async fn insert(target: &mut AnyConnection, table: &Table, group: &mut Vec<Vec<Value>>) -> Result<(), sqlx::Error> {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let width = columns.len();
    let row = |row: usize| {
        let parameters: Vec<String> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
        format!("({})", parameters.join(", "))
    };
    let rows: Vec<String> = (0..group.len()).map(row).collect();
    let sql = format!("INSERT INTO {} ({}) VALUES {}", table.name, columns.join(", "), rows.join(", "));
    let mut insert = sqlx::query(AssertSqlSafe(sql));
    for value in group.drain(..).flatten() {
        insert = match value {
            Value::Number(number) => insert.bind(number),
            Value::Text(text) => insert.bind(text),
        };
    }
    insert.execute(target).await?;
    Ok(())
}

async fn content(connection: &mut AnyConnection, table: &Table) -> Result<Content, sqlx::Error> {
    let mut content = Content { table: table.name.clone(), rows: 0, sum: Sum::default() };
    let mut rows = sqlx::query(AssertSqlSafe(select(table))).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        content.sum.add(&values(&row, table)?);
        content.rows += 1;
    }
    Ok(content)
}

/// Reads all columns; numbers as the widest there are.
fn select(table: &Table) -> String {
    let column = |column: &Column| {
        if column.number { format!("CAST({} AS BIGINT)", column.name) } else { column.name.clone() }
    };
    let columns: Vec<String> = table.columns.iter().map(column).collect();
    format!("SELECT {} FROM {}", columns.join(", "), table.name)
}

fn values(row: &AnyRow, table: &Table) -> Result<Vec<Value>, sqlx::Error> {
    let value = |(index, column): (usize, &Column)| {
        Ok(if column.number { Value::Number(row.try_get(index)?) } else { Value::Text(row.try_get(index)?) })
    };
    table.columns.iter().enumerate().map(value).collect()
}
