//! The steps that make the tables.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};

/// One step. A released one is never edited: sqlx keeps its checksum in the database.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Counts up from 1.
    pub version: i64,
    /// What it makes, in few words.
    pub name: &'static str,
    /// Statements in the dialect that both backends share.
    pub sql: &'static str,
}

/// All steps, as sqlx runs them. Whoever does holds the write lock, so sqlx needs none of its own.
pub(crate) fn migrator(steps: &[Step], postgres: bool) -> Migrator {
    let migrations = steps.iter().map(|step| {
        let sql = if postgres { AssertSqlSafe(bytewise(step.sql)).into_sql_str() } else { step.sql.into_sql_str() };
        Migration::new(step.version, step.name.into(), MigrationType::Simple, sql, false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_locking(false);
    migrator
}

/// Text is ordered by its bytes, as SQLite does it; PostgreSQL would order it by the language of the server.
fn bytewise(sql: &str) -> String {
    sql.replace(" TEXT", " TEXT COLLATE \"C\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_column_is_ordered_by_bytes() {
        assert_eq!(bytewise("(a  TEXT NOT NULL, b TEXT)"), "(a  TEXT COLLATE \"C\" NOT NULL, b TEXT COLLATE \"C\")");
    }
}
