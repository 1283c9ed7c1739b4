//! Opening a database and beginning to write.

use std::fmt;
use std::io;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::MigrateError;
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Executor as _, SqlSafeStr as _, SqlStr, Transaction};
use thiserror::Error;

use crate::address::{Address, Place};
use crate::bound::{PATIENCE, within};
use crate::migration::{Step, migrator};
use crate::{postgres, sqlite};

/// How long waiting for a free connection may take.
const ACQUIRE: Duration = Duration::from_secs(10);
/// How long making the tables may take; another program that starts may be doing it.
const PREPARE: Duration = Duration::from_mins(1);

/// How a database is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The PostgreSQL schema of the tables: a plain lower-case name.
    pub schema: &'static str,
    /// Only read: writing fails in the database itself.
    pub read_only: bool,
    /// At most this many connections.
    pub max_connections: u32,
}

/// The tables cannot be made.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// The file cannot be made.
    #[error("cannot make the database file")]
    File(#[source] io::Error),
    /// The file is damaged.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// A newer program made the tables, or a step was changed.
    #[error("cannot make the database's tables")]
    Migration(#[source] MigrateError),
    /// Anything else.
    #[error("cannot prepare the database")]
    Database(#[from] sqlx::Error),
}

/// A database, with a pool of connections that connects at first use. `Debug` shows no password.
pub struct Database {
    address: Address,
    options: Options,
    pool: AnyPool,
    /// Of every connection.
    settings: SqlStr,
    /// How a write begins.
    pub(crate) begin_write: SqlStr,
}

impl Database {
    /// A pool on the database at `address`. Nothing is opened yet.
    ///
    /// # Errors
    /// sqlx cannot read the address.
    pub fn new(address: Address, options: Options) -> Result<Self, sqlx::Error> {
        sqlx::any::install_default_drivers();
        let (settings, begin_write) = match address.place() {
            Place::Sqlite(_) => (sqlite::SETTINGS.into_sql_str(), sqlite::BEGIN_WRITE.into_sql_str()),
            Place::Postgres(_) => {
                (postgres::settings(options.schema, options.read_only), postgres::begin_write(options.schema))
            }
        };
        let is_file = !address.is_postgres();
        let each = settings.clone();
        let pool = AnyPoolOptions::new()
            .max_connections(options.max_connections.max(1))
            .acquire_timeout(ACQUIRE)
            .after_connect(move |connection, _| {
                let settings = each.clone();
                Box::pin(async move { configure(connection, settings, is_file && options.read_only).await })
            })
            // After an error that made SQLite itself roll back (a full disk), sqlx still counts a transaction as open
            // and would refuse every later one on this connection.
            .after_release(move |connection, _| {
                Box::pin(async move {
                    if is_file {
                        connection.ping().await?;
                    }
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_lazy(&address.reveal()?)?;
        Ok(Self { address, options, pool, settings, begin_write })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Its connections.
    #[must_use]
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// A connection outside the pool. A pool tries again and again where this one says what is wrong.
    ///
    /// # Errors
    /// It cannot be opened, or not within 10 s.
    pub async fn connect(&self) -> Result<AnyConnection, sqlx::Error> {
        let address = self.address.reveal()?;
        let query_only = self.options.read_only && !self.address.is_postgres();
        within(postgres::CONNECT, async {
            let mut connection = AnyConnection::connect(&address).await?;
            configure(&mut connection, self.settings.clone(), query_only).await?;
            Ok(connection)
        })
        .await
    }

    /// A transaction that holds the write lock: what it reads, nobody else changes before it ends. Dropped without
    /// a commit, it leaves nothing.
    ///
    /// # Errors
    /// Another holds the lock for too long, or the database cannot be reached.
    pub async fn begin_write(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        within(PATIENCE, self.pool.begin_with(self.begin_write.clone())).await
    }

    /// Makes what is missing (file and folder for their owner only, or schema), looks for damage, and makes or upgrades
    /// the tables, all steps in one transaction: of two programs that start at once, the second finds the work done.
    ///
    /// # Errors
    /// Why not; nothing is half done then.
    pub async fn prepare(&self, steps: &[Step]) -> Result<(), PrepareError> {
        tokio::time::timeout(PREPARE, self.prepare_unbounded(steps)).await.unwrap_or_else(|_| {
            Err(sqlx::Error::Io(io::Error::new(
                io::ErrorKind::TimedOut,
                "making the tables took longer than a minute",
            )))?
        })
    }

    async fn prepare_unbounded(&self, steps: &[Step]) -> Result<(), PrepareError> {
        if let Place::Sqlite(file) = self.address.place() {
            sqlite::create(file).map_err(PrepareError::File)?;
        }
        let mut connection = self.connect().await?;
        match self.address.place() {
            Place::Sqlite(file) => {
                if let Some(problem) = sqlite::damage(&mut connection, file).await? {
                    return Err(PrepareError::Damaged(problem));
                }
                sqlite::use_wal(&mut connection).await?;
            }
            Place::Postgres(_) => postgres::make_schema(&mut connection, self.options.schema).await?,
        }
        let mut transaction = connection.begin_with(self.begin_write.clone()).await?;
        // `Migrator::run` takes any source of connections, whereupon the compiler cannot prove this future `Send`.
        let migrator = migrator(steps, self.address.is_postgres());
        migrator.run_direct(None, &mut *transaction, false).await.map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => PrepareError::Database(error),
            error => PrepareError::Migration(error),
        })?;
        transaction.commit().await?;
        connection.close().await?;
        Ok(())
    }
}

async fn configure(connection: &mut AnyConnection, settings: SqlStr, query_only: bool) -> Result<(), sqlx::Error> {
    connection.execute(settings).await?;
    if query_only {
        connection.execute(sqlite::READ_ONLY).await?;
    }
    Ok(())
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("address", &self.address)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
