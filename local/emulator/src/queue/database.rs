//! The queue's database. Without a shared one it is `queue.db` in the data directory, which this file opens.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use leitwarte_host::clock;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AnyPool, Connection as _, Executor as _, SqlSafeStr as _};
use thiserror::Error;

/// How a write begins. A plain `BEGIN` takes SQLite's write lock too late to wait for it.
const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
/// `synchronous=FULL` is what makes an acknowledged event survive a power cut.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                        PRAGMA foreign_keys = ON;";
/// Larger files are not checked whole at the start (about 2 ms per MB); damage then shows when it is met.
const MAX_CHECKED_BYTES: u64 = 64 * 1024 * 1024;

/// The queue cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The data directory cannot be used.
    #[error("cannot use the data directory {}; it must be writable by the emulator's user (DATA_DIR)", path.display())]
    Folder {
        /// What was to be opened or made.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Two emulators would run the same events.
    #[error("another emulator uses {}; stop it or set another DATA_DIR", path.display())]
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// The file is damaged or not a database.
    #[error(
        "the event queue {} is damaged ({problem}); restore it from a backup, or move it away together with its -wal \
         and -shm files to start with an empty queue (events waiting in it are then not run)",
        path.display()
    )]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What SQLite says.
        problem: String,
    },
    /// Opening failed for another reason.
    #[error("cannot open the event queue {}; check that the disk is not full and the file is writable", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// The shared database cannot be used.
    #[error(
        "cannot use the event queue in {address} (DATABASE_URL); is it running, and may this user make a schema there?"
    )]
    Unreachable {
        /// The database, without its password.
        address: String,
        /// Why not.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// A newer program made the tables, or they were changed by hand.
    #[error("the event queue {place} was made by another version of the emulator")]
    Migration {
        /// The database.
        place: String,
        /// Why not.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
}

/// An open queue database.
pub(super) struct Database {
    pub(super) pool: AnyPool,
    /// Identifies the data directory across restarts of the emulator; of a shared queue, names the machine.
    pub(super) host: String,
    /// Other emulators may use it.
    pub(super) shared: bool,
    /// How a write begins.
    pub(super) begin_write: &'static str,
    /// Held as long as the queue is open.
    #[expect(dead_code, reason = "it locks by being there")]
    pub(super) lock: Option<File>,
}

/// Opens the database in `folder`, alone.
pub(super) async fn open(folder: &Path) -> Result<Database, OpenError> {
    let in_folder = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Folder { path, source }
    };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(in_folder(folder))?;
    let lock = owner_only(&folder.join("emulator.lock")).map_err(in_folder(folder))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path: folder.to_owned() }),
        Err(TryLockError::Error(source)) => return Err(in_folder(folder)(source)),
    }
    let host = host_id(&folder.join("emulator.id")).map_err(in_folder(folder))?;
    let path = folder.join("queue.db");
    owner_only(&path).map_err(in_folder(&path))?;
    let pool = connect(&path).await?;
    Ok(Database { pool, host, shared: false, begin_write: BEGIN_WRITE, lock: Some(lock) })
}

/// Opens or makes a file that only its owner can read.
fn owner_only(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn host_id(path: &Path) -> io::Result<String> {
    let mut file = owner_only(path)?;
    let mut id = String::new();
    file.read_to_string(&mut id)?;
    if id.trim().is_empty() {
        id = clock::new_id().to_string();
        io::Write::write_all(&mut file, id.as_bytes())?;
        file.sync_all()?;
    }
    Ok(id.trim().to_owned())
}

async fn connect(path: &Path) -> Result<AnyPool, OpenError> {
    sqlx::any::install_default_drivers();
    let failed = |source: sqlx::Error| match corruption(&source) {
        Some(problem) => OpenError::Corrupt { path: path.to_owned(), problem },
        None => OpenError::Database { path: path.to_owned(), source: Arc::new(source) },
    };
    let absolute = std::path::absolute(path).map_err(|error| failed(error.into()))?;
    let address = address(&absolute);
    // Not through the pool, which tries a damaged file again and again until its patience ends.
    let mut connection = AnyConnection::connect(&address).await.map_err(failed)?;
    connection.execute(SETTINGS).await.map_err(failed)?;
    if path.metadata().is_ok_and(|file| file.len() <= MAX_CHECKED_BYTES)
        && let Some(problem) = check(&mut connection).await.map_err(failed)?
    {
        return Err(OpenError::Corrupt { path: path.to_owned(), problem });
    }
    migrations().run(&mut connection).await.map_err(|source| match source {
        sqlx::migrate::MigrateError::Execute(source) => failed(source),
        source => OpenError::Migration { place: path.display().to_string(), source },
    })?;
    let pool = AnyPoolOptions::new()
        .max_connections(3)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(|connection, _| Box::pin(async move { connection.execute(SETTINGS).await.map(|_| ()) }))
        .connect_lazy(&address)
        .map_err(failed)?;
    connection.close().await.map_err(failed)?;
    Ok(pool)
}

/// The first problem in the whole file.
async fn check(connection: &mut AnyConnection) -> Result<Option<String>, sqlx::Error> {
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await?;
    Ok((verdict != "ok").then_some(verdict))
}

/// `SQLITE_CORRUPT` (11) and `SQLITE_NOTADB` (26), also as extended codes: <https://www.sqlite.org/rescode.html>
fn corruption(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?;
    let code: i64 = error.code()?.parse().ok()?;
    matches!(code & 0xff, 11 | 26).then(|| error.message().to_owned())
}

/// The steps that make the tables, oldest first. A released step is never edited: sqlx keeps its checksum.
pub(super) fn migrations() -> Migrator {
    let step = |version, name: &'static str, sql: &'static str| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(vec![
        step(1, "queue", include_str!("../../migrations/0001_queue.sql")),
        step(2, "emulators", include_str!("../../migrations/0002_emulators.sql")),
    ])
}

/// The address as sqlx reads it back unchanged: an absolute path, percent-encoded.
fn address(path: &Path) -> String {
    let mut address = String::from("sqlite://");
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}
