//! Opens a queue that several emulators share: schema `leitwarte_queue` of a PostgreSQL database.

use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Connection as _, Executor as _};
use tokio::time::timeout;

use super::bound::{too_slow, within};
use super::database::{Database, OpenError, migrations};
use crate::database_url::DatabaseUrl;

/// How a write begins. Writers take turns, as they do on SQLite: what a change reads in its transaction, nobody else
/// changes before it ends. The lock goes with the transaction, however that ends.
const BEGIN_WRITE: &str = "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('leitwarte_queue', 0))";
/// An acknowledged event is on the server's disk, and whatever goes wrong ends: a statement that hangs, an emulator
/// that is gone in the middle of a transaction or whose network is cut.
const SETTINGS: &str = "SET search_path = leitwarte_queue; SET synchronous_commit = on; \
                        SET statement_timeout = '15s'; SET lock_timeout = '10s'; \
                        SET idle_in_transaction_session_timeout = '15s'; \
                        SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3";
/// Functions' dispatchers and callers read beside the one writer.
const MAX_CONNECTIONS: u32 = 6;
/// How long connecting may take, and waiting for one of the connections.
const CONNECT: Duration = Duration::from_secs(10);
/// How long making the tables may take; another emulator that starts may be doing it.
const MIGRATE: Duration = Duration::from_mins(1);

/// Opens the queue at `address` together with whoever else uses it.
pub(super) async fn open(address: &DatabaseUrl) -> Result<Database, OpenError> {
    sqlx::any::install_default_drivers();
    let failed = |source| OpenError::Unreachable { address: address.to_string(), source: Arc::new(source) };
    let mut connection = within(CONNECT, AnyConnection::connect(address.reveal())).await.map_err(failed)?;
    within(CONNECT, prepare(&mut connection)).await.map_err(failed)?;
    let migrating = migrations();
    match timeout(MIGRATE, migrating.run(&mut connection)).await {
        Ok(Ok(())) => {}
        Ok(Err(sqlx::migrate::MigrateError::Execute(source))) => return Err(failed(source)),
        Ok(Err(source)) => return Err(OpenError::Migration { place: address.to_string(), source }),
        Err(_) => return Err(failed(too_slow(MIGRATE))),
    }
    let pool = pool(address).map_err(failed)?;
    let _ = connection.close().await;
    Ok(Database { pool, host: host_name(), shared: true, begin_write: BEGIN_WRITE, lock: None })
}

/// Makes the schema, under the lock: `IF NOT EXISTS` alone fails when two make it at the same time.
async fn prepare(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with(BEGIN_WRITE).await?;
    transaction.execute("CREATE SCHEMA IF NOT EXISTS leitwarte_queue").await?;
    transaction.commit().await?;
    connection.execute(SETTINGS).await?;
    Ok(())
}

fn pool(address: &DatabaseUrl) -> Result<AnyPool, sqlx::Error> {
    AnyPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(CONNECT)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(SETTINGS).await.map(|_| ()) }))
        .connect_lazy(address.reveal())
}

/// The machine's, or the container's, name: for people who read the log.
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
