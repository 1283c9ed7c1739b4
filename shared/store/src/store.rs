//! Opening the database, and the two ways to use it: reading and writing.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Connection, SqlSafeStr, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::error::{StoreError, StoreErrorKind, kind_of};
use crate::sqlite;

/// Which database to open and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `sqlite://FILE`. A relative path counts from the working directory.
    pub database_url: String,
    /// Only read: writing fails in the database itself, and the tables are somebody else's to make.
    pub read_only: bool,
    /// At most this many connections; each is a thread.
    pub max_connections: u32,
}

/// The open database. Clones share its connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    pool: AnyPool,
    file: PathBuf,
    read_only: bool,
    /// Whether the tables were seen to be those of this program's version.
    ready: AtomicBool,
    /// SQLite lets one write at a time; queueing here is fair and costs nothing, waiting there is a sleep.
    writing: Arc<Mutex<()>>,
}

impl Store {
    /// Opens the database.
    ///
    /// A writer makes folder and file (for its owner only) if they are missing, looks for damage and makes or
    /// upgrades the tables. A reader does not fail because the database is not there yet: each call then says
    /// [`StoreErrorKind::NotReady`] until a writer has been there.
    ///
    /// # Errors
    /// [`StoreErrorKind::Corrupt`] and [`StoreErrorKind::NewerVersion`] say what to restore; `Other` for an address
    /// that is not `sqlite://FILE` and for a file that cannot be made or opened.
    pub async fn open(config: &Config) -> Result<Self, StoreError> {
        const OPERATION: &str = "opening the database";
        let other = |cause: String| StoreError::caused(OPERATION, StoreErrorKind::Other, cause);
        let Some(file) = sqlite::file(&config.database_url) else {
            // The address may hold a password, so only its kind is repeated.
            let scheme = config.database_url.split(':').next().unwrap_or_default();
            return Err(other(format!("DATABASE_URL is a `{scheme}:` address; it has to be `sqlite://FILE`")));
        };
        if !config.read_only {
            sqlite::create(&file).map_err(|error| other(format!("cannot make {}: {error}", file.display())))?;
        }
        let pool =
            sqlite::pool(&file, config.read_only, config.max_connections).map_err(StoreError::during(OPERATION))?;
        let store = Self {
            inner: Arc::new(Inner {
                pool,
                file,
                read_only: config.read_only,
                ready: AtomicBool::new(false),
                writing: Arc::default(),
            }),
        };
        if !config.read_only {
            // Whoever opens to write is a program that starts, and tells its operator; what readers meet later is
            // also told to callers of the API, who need not know where the file is.
            store.prepare().await.map_err(|error| error.at(store.inner.file.display()))?;
        }
        Ok(store)
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        const OPERATION: &str = "preparing the database";
        let error = StoreError::during(OPERATION);
        let mut connection = sqlite::connect(&self.inner.file, false).await.map_err(&error)?;
        sqlite::check(&mut connection, &self.inner.file).await?;
        sqlite::use_wal(&mut connection).await.map_err(&error)?;
        // All in one transaction: of two programs that start at once, the second finds the work done.
        let mut tx = connection.begin_with(sqlite::BEGIN_WRITE).await.map_err(&error)?;
        // `Migrator::run` takes any source of connections, whereupon the compiler cannot prove this future `Send`.
        migrations().run_direct(None, &mut *tx, false).await.map_err(migration_error)?;
        tx.commit().await.map_err(&error)?;
        connection.close().await.map_err(&error)?;
        self.inner.ready.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether reading would work now.
    ///
    /// # Errors
    /// Why not.
    pub async fn ready(&self) -> Result<(), StoreError> {
        let mut connection = self.reading("looking at the database").await?;
        let error = StoreError::during("looking at the database");
        sqlx::query("SELECT value FROM meta WHERE name = 'revision'").execute(&mut *connection).await.map_err(error)?;
        Ok(())
    }

    /// Ends every connection. The last one to leave an SQLite file folds its `-wal` file in.
    pub async fn close(&self) {
        self.inner.pool.close().await;
    }

    /// A connection to read with.
    pub(crate) async fn reading(&self, operation: &'static str) -> Result<PoolConnection<Any>, StoreError> {
        if !self.inner.ready.load(Ordering::Relaxed) {
            self.look(operation).await?;
        }
        self.inner.pool.acquire().await.map_err(StoreError::during(operation))
    }

    /// Looks whether the tables are there and of this version.
    async fn look(&self, operation: &'static str) -> Result<(), StoreError> {
        // Where the file or the first table is missing, nobody has written yet.
        let not_ready = |error: sqlx::Error| match kind_of(&error) {
            StoreErrorKind::Other => StoreError::caused(operation, StoreErrorKind::NotReady, error),
            kind => StoreError::caused(operation, kind, error),
        };
        let mut connection = sqlite::connect(&self.inner.file, self.inner.read_only).await.map_err(not_ready)?;
        let found: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
            .fetch_one(&mut connection)
            .await
            .map_err(not_ready)?;
        connection.close().await.map_err(StoreError::during(operation))?;
        match found.cmp(&migrations().iter().map(|migration| migration.version).max()) {
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
        let tx = self.inner.pool.begin_with(sqlite::BEGIN_WRITE).await.map_err(StoreError::during(operation))?;
        Ok(Writing { tx, operation, revised: false, _turn: turn })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("file", &self.inner.file).field("read_only", &self.inner.read_only).finish()
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
        self.tx.commit().await.map_err(error)
    }
}

/// The steps that make the tables, oldest first. A released step is never edited: sqlx keeps its checksum.
fn migrations() -> Migrator {
    let step = |version, name: &'static str, sql: &'static str| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(vec![step(
        1,
        "tenants, stock and polls",
        include_str!("../migrations/0001_tenants_stock_polls.sql"),
    )])
}

fn migration_error(error: MigrateError) -> StoreError {
    let kind = match &error {
        MigrateError::VersionMissing(_) => StoreErrorKind::NewerVersion,
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => kind_of(error),
        _ => StoreErrorKind::Other,
    };
    StoreError::caused("making the database's tables", kind, error)
}
