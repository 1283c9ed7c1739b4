//! What is particular to PostgreSQL: a schema of its own, the settings of a connection, the write lock.

use std::time::Duration;

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _, SqlSafeStr as _, SqlStr};

/// How long connecting may take, and making a connection ready.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);

/// How a write begins. Writers take turns, as they do on SQLite: what a change reads in its transaction, nobody else
/// changes before it ends. The lock goes with the transaction, however that ends.
pub(crate) fn begin_write(schema: &str) -> SqlStr {
    AssertSqlSafe(format!("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('{schema}', 0))")).into_sql_str()
}

/// An acknowledged write is on the server's disk, and whatever goes wrong ends: a statement that hangs, a program that
/// is gone in the middle of a transaction or whose network is cut.
pub(crate) fn settings(schema: &str, read_only: bool) -> SqlStr {
    let read_only = if read_only { "on" } else { "off" };
    AssertSqlSafe(format!(
        "SET search_path = {schema}; SET synchronous_commit = on; SET default_transaction_read_only = {read_only}; \
         SET statement_timeout = '15s'; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '15s'; \
         SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
    ))
    .into_sql_str()
}

/// Makes the schema, under the lock: `IF NOT EXISTS` alone fails when two make it at the same time, and wants the right
/// to make one even where it is there.
pub(crate) async fn make_schema(connection: &mut AnyConnection, schema: &str) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with(begin_write(schema)).await?;
    let there: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM pg_namespace WHERE nspname = $1")
        .bind(schema)
        .fetch_one(&mut *transaction)
        .await?;
    if there == 0 {
        transaction.execute(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).await?;
    }
    transaction.commit().await
}
