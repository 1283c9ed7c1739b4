//! The tables of a database as it describes them itself.

use sqlx::{AnyConnection, Row as _};
use thiserror::Error;

use crate::migration::Step;

/// The tables that one program makes and owns.
#[derive(Debug, Clone, Copy)]
pub struct Tables {
    /// Their PostgreSQL schema: a plain lower-case name.
    pub schema: &'static str,
    /// What makes them, oldest first.
    pub steps: &'static [Step],
    /// Those that the steps put rows into.
    pub seeded: &'static [&'static str],
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// Sorted by name, so that both backends count them up alike.
    pub(crate) columns: Vec<Column>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// A whole number; otherwise text.
    pub(crate) number: bool,
}

/// The tables cannot be listed.
#[derive(Debug, Error)]
pub(crate) enum ListError {
    #[error("column {column} of table {table} is `{kind}`, which cannot be copied")]
    Kind { table: String, column: String, kind: String },
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What sqlx itself keeps in every database it makes tables in.
const BOOKKEEPING: &str = "_sqlx_migrations";

/// Every table of the schema, each after those it refers to.
pub(crate) async fn list(
    connection: &mut AnyConnection,
    postgres: bool,
    schema: &str,
) -> Result<Vec<Table>, ListError> {
    let (names, columns, parents) = if postgres {
        (
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
             WHERE table_schema = $1 AND table_type = 'BASE TABLE' ORDER BY 1",
            "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns \
             WHERE table_schema = $1 AND table_name = $2",
            "SELECT DISTINCT CAST(parent.relname AS TEXT) FROM pg_constraint c \
             JOIN pg_class child ON child.oid = c.conrelid JOIN pg_class parent ON parent.oid = c.confrelid \
             JOIN pg_namespace n ON n.oid = child.relnamespace \
             WHERE c.contype = 'f' AND n.nspname = $1 AND child.relname = $2",
        )
    } else {
        // SQLite has no schemas: `$1` is used only to be bound.
        (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' AND $1 <> '' \
             ORDER BY name",
            "SELECT name, type FROM pragma_table_info($2) WHERE $1 <> ''",
            "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list($2) WHERE $1 <> ''",
        )
    };
    let mut names: Vec<String> = sqlx::query_scalar(names).bind(schema).fetch_all(&mut *connection).await?;
    names.retain(|name| name != BOOKKEEPING);
    let mut found: Vec<(Table, Vec<String>)> = Vec::new();
    for name in names {
        let rows = sqlx::query(columns).bind(schema).bind(&name).fetch_all(&mut *connection).await?;
        let mut columns = Vec::with_capacity(rows.len());
        for row in rows {
            columns.push(column(&name, row.try_get(0)?, row.try_get(1)?)?);
        }
        columns.sort_by(|one, other| one.name.cmp(&other.name));
        let mut above: Vec<String> =
            sqlx::query_scalar(parents).bind(schema).bind(&name).fetch_all(&mut *connection).await?;
        above.retain(|parent| *parent != name);
        found.push((Table { name, columns }, above));
    }
    Ok(parents_first(found))
}

fn column(table: &str, name: String, kind: String) -> Result<Column, ListError> {
    let number = match kind.to_ascii_uppercase().as_str() {
        "INTEGER" | "BIGINT" => true,
        "TEXT" => false,
        _ => return Err(ListError::Kind { table: table.to_owned(), column: name, kind }),
    };
    Ok(Column { name, number })
}

/// Orders tables so that each comes after its parents; those of a circle keep their order at the end.
fn parents_first(mut waiting: Vec<(Table, Vec<String>)>) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let names: Vec<String> = waiting.iter().map(|(table, _)| table.name.clone()).collect();
        let free = |(_, parents): &(Table, Vec<String>)| !parents.iter().any(|parent| names.contains(parent));
        let (mut next, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(free);
        waiting = rest;
        if next.is_empty() {
            next = std::mem::take(&mut waiting);
        }
        ordered.extend(next.into_iter().map(|(table, _)| table));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_comes_after_those_it_refers_to() {
        let table = |name: &str, parents: &[&str]| {
            let parents = parents.iter().map(|&parent| parent.to_owned()).collect();
            (Table { name: name.to_owned(), columns: Vec::new() }, parents)
        };
        let tables =
            vec![table("a", &["b"]), table("b", &["c"]), table("c", &[]), table("x", &["y"]), table("y", &["x"])];
        let names: Vec<_> = parents_first(tables).into_iter().map(|table| table.name).collect();
        assert_eq!(names, ["c", "b", "a", "x", "y"]);
    }

    #[test]
    fn a_column_that_cannot_be_copied_is_named() {
        let error = column("orders", "price".to_owned(), "REAL".to_owned()).unwrap_err().to_string();
        assert!(error.contains("price") && error.contains("orders"), "{error}");
    }
}
