//! Opening the database, and the two ways to use it: reading and writing.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use leitwarte_database::{Address, Database, Options, PATIENCE, PrepareError, Step, Tables, within};
use sqlx::migrate::MigrateError;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, Connection as _, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::error::{StoreError, StoreErrorKind, kind_of};

/// The application's tables. A released step is never edited: sqlx keeps its checksum. A queue may have a schema of its
/// own in the same PostgreSQL database.
pub const TABLES: Tables = Tables {
    schema: "leitwarte",
    steps: &[
        Step {
            version: 1,
            name: "tenants, stock and polls",
            sql: include_str!("../migrations/0001_tenants_stock_polls.sql"),
        },
        Step { version: 2, name: "SharePoint lists", sql: include_str!("../migrations/0002_sharepoint.sql") },
        Step {
            version: 3,
            name: "incidents and messages",
            sql: include_str!("../migrations/0003_incidents_messages.sql"),
        },
        Step { version: 4, name: "certificates", sql: include_str!("../migrations/0004_certificates.sql") },
        Step { version: 5, name: "people and sessions", sql: include_str!("../migrations/0005_people_sessions.sql") },
        Step {
            version: 6,
            name: "subscriptions, retention",
            sql: include_str!("../migrations/0006_licences_more.sql"),
        },
        Step { version: 7, name: "changes of roles", sql: include_str!("../migrations/0007_roles.sql") },
        Step { version: 8, name: "writes of people", sql: include_str!("../migrations/0008_writes_of_people.sql") },
    ],
    seeded: &["meta"],
};

/// Which database to open and how. `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// `sqlite://FILE` (a relative path counts from the working directory) or
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub database_url: String,
    /// Only read: writing fails in the database itself, and the tables are somebody else's to make.
    pub read_only: bool,
    /// At most this many connections; of a file, each is a thread.
    pub max_connections: u32,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("database", &Address::parse(&self.database_url))
            .field("read_only", &self.read_only)
            .field("max_connections", &self.max_connections)
            .finish()
    }
}

/// The open database. Clones share its connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    read_only: bool,
    /// Whether the tables were seen to be those of this program's version.
    ready: AtomicBool,
    /// The database lets one write at a time; queueing here is fair and costs nothing, waiting there is a sleep (SQLite)
    /// or holds a connection (PostgreSQL).
    writing: Arc<Mutex<()>>,
}

impl Store {
    /// Opens the database.
    ///
    /// A writer makes what is missing (folder and file for its owner only, or the schema), looks for damage and makes
    /// or upgrades the tables. A reader does not fail because the database is not there yet: each call then says
    /// [`StoreErrorKind::NotReady`] until a writer has been there.
    ///
    /// # Errors
    /// [`StoreErrorKind::Corrupt`] and [`StoreErrorKind::NewerVersion`] say what to restore;
    /// [`StoreErrorKind::Unreachable`] within half a minute for a server that does not answer; `Other` for what is no
    /// address and for a file that cannot be made or opened.
    pub async fn open(config: &Config) -> Result<Self, StoreError> {
        const OPERATION: &str = "opening the database";
        let address = Address::parse(&config.database_url)
            .map_err(|error| StoreError::caused(OPERATION, StoreErrorKind::Other, error))?;
        let options =
            Options { schema: TABLES.schema, read_only: config.read_only, max_connections: config.max_connections };
        let database = Database::new(address, options).map_err(StoreError::during(OPERATION))?;
        let store = Self {
            inner: Arc::new(Inner {
                database,
                read_only: config.read_only,
                ready: AtomicBool::new(false),
                writing: Arc::default(),
            }),
        };
        if !config.read_only {
            let inner = &store.inner;
            // Whoever opens to write is a program that starts, and tells its operator; what readers meet later is
            // also told to callers of the API, who need not know where the database is.
            let prepared = inner.database.prepare(TABLES.steps).await;
            prepared.map_err(|error| preparing(error).at(inner.database.address()))?;
            inner.ready.store(true, Ordering::Relaxed);
        }
        Ok(store)
    }

    /// Whether reading would work now.
    ///
    /// # Errors
    /// Why not.
    pub async fn ready(&self) -> Result<(), StoreError> {
        let mut connection = self.reading("looking at the database").await?;
        let error = StoreError::during("looking at the database");
        let query = sqlx::query("SELECT value FROM meta WHERE name = 'revision'");
        within(PATIENCE, query.execute(&mut *connection)).await.map_err(error)?;
        Ok(())
    }

    /// The database below.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    /// Ends every connection. The last one to leave an SQLite file folds its `-wal` file in.
    pub async fn close(&self) {
        self.inner.database.pool().close().await;
    }

    /// A connection to read with.
    pub(crate) async fn reading(&self, operation: &'static str) -> Result<PoolConnection<Any>, StoreError> {
        if !self.inner.ready.load(Ordering::Relaxed) {
            self.look(operation).await?;
        }
        self.inner.database.pool().acquire().await.map_err(StoreError::during(operation))
    }

    /// Looks whether the tables are there and of this version.
    async fn look(&self, operation: &'static str) -> Result<(), StoreError> {
        // Where the file or the first table is missing, nobody has written yet.
        let not_ready = |error: sqlx::Error| match kind_of(&error) {
            StoreErrorKind::Other if !is_refused_login(&error) => {
                StoreError::caused(operation, StoreErrorKind::NotReady, error)
            }
            kind => StoreError::caused(operation, kind, error),
        };
        let mut connection = self.inner.database.connect().await.map_err(not_ready)?;
        let query = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations");
        let found: Option<i64> = within(PATIENCE, query.fetch_one(&mut connection)).await.map_err(not_ready)?;
        connection.close().await.map_err(StoreError::during(operation))?;
        match found.cmp(&TABLES.steps.iter().map(|step| step.version).max()) {
            std::cmp::Ordering::Less => Err(StoreError::new(operation, StoreErrorKind::NotReady)),
            std::cmp::Ordering::Greater => Err(StoreError::new(operation, StoreErrorKind::NewerVersion)),
            std::cmp::Ordering::Equal => {
                self.inner.ready.store(true, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// A transaction to write in. Dropped without [`Writing::commit`], it leaves nothing.
    pub(crate) async fn writing(&self, operation: &'static str) -> Result<Writing, StoreError> {
        let turn = Arc::clone(&self.inner.writing).lock_owned().await;
        let tx = self.inner.database.begin_write().await.map_err(StoreError::during(operation))?;
        Ok(Writing { tx, operation, revised: false, _turn: turn })
    }
}

/// A password or user that PostgreSQL does not accept (class 28).
fn is_refused_login(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code.len() == 5 && code.starts_with("28"))
}

fn preparing(error: PrepareError) -> StoreError {
    const OPERATION: &str = "preparing the database";
    match error {
        PrepareError::File(error) => StoreError::caused(OPERATION, StoreErrorKind::Other, error),
        PrepareError::Damaged(problem) => StoreError::caused(OPERATION, StoreErrorKind::Corrupt, problem),
        PrepareError::Migration(error @ MigrateError::VersionMissing(_)) => {
            StoreError::caused(OPERATION, StoreErrorKind::NewerVersion, error)
        }
        PrepareError::Migration(error) => StoreError::caused(OPERATION, StoreErrorKind::Other, error),
        PrepareError::Database(error) => StoreError::during(OPERATION)(error),
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("database", &self.inner.database)
            .field("read_only", &self.inner.read_only)
            .finish()
    }
}

/// A write under way.
pub(crate) struct Writing {
    pub(crate) tx: Transaction<'static, Any>,
    operation: &'static str,
    revised: bool,
    _turn: OwnedMutexGuard<()>,
}

impl Writing {
    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }

    /// Notes that readers will see something else after this.
    pub(crate) fn revise(&mut self) {
        self.revised = true;
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let error = StoreError::during(self.operation);
        if self.revised {
            sqlx::query("UPDATE meta SET value = value + 1 WHERE name = 'revision'")
                .execute(&mut *self.tx)
                .await
                .map_err(&error)?;
        }
        within(PATIENCE, self.tx.commit()).await.map_err(error)
    }
}

#[cfg(test)]
mod tests;
