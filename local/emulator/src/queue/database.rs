//! Where the queue is: `queue.db` in the data directory, for this emulator alone, or a PostgreSQL database that several
//! share.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use leitwarte_database::{Address, ErrorKind, Options, PrepareError, Step, Tables, kind_of};
use leitwarte_host::clock;
use sqlx::AnyPool;
use thiserror::Error;

/// The queue's tables. A released step is never edited: sqlx keeps its checksum.
pub const TABLES: Tables = Tables {
    schema: "leitwarte_queue",
    steps: &[
        Step { version: 1, name: "queue", sql: include_str!("../../migrations/0001_queue.sql") },
        Step { version: 2, name: "emulators", sql: include_str!("../../migrations/0002_emulators.sql") },
    ],
    seeded: &[],
};

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
    pub(super) connections: Arc<leitwarte_database::Database>,
    /// Identifies the data directory across restarts of the emulator; of a shared queue, names the machine.
    pub(super) host: String,
    /// Other emulators may use it.
    pub(super) shared: bool,
    /// Held as long as the queue is open.
    #[expect(dead_code, reason = "it locks by being there")]
    lock: Option<File>,
}

impl Database {
    /// Opens the database in `folder`, alone.
    pub(super) async fn in_folder(folder: &Path) -> Result<Self, OpenError> {
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
        let address = Address::file(folder.join("queue.db"));
        Ok(Self { connections: open(address, 3).await?, host, shared: false, lock: Some(lock) })
    }

    /// Opens the queue at `address` together with whoever else uses it. Functions' dispatchers and callers read beside
    /// the one writer.
    pub(super) async fn shared(address: &Address) -> Result<Self, OpenError> {
        Ok(Self { connections: open(address.clone(), 6).await?, host: host_name(), shared: true, lock: None })
    }

    pub(super) fn pool(&self) -> &AnyPool {
        self.connections.pool()
    }
}

async fn open(address: Address, max_connections: u32) -> Result<Arc<leitwarte_database::Database>, OpenError> {
    let options = Options { schema: TABLES.schema, read_only: false, max_connections };
    let database = leitwarte_database::Database::new(address.clone(), options)
        .map_err(|error| OpenError::new(&address, Arc::new(error)))?;
    database.prepare(TABLES.steps).await.map_err(|error| match error {
        PrepareError::File(source) => OpenError::Folder { path: address.to_string().into(), source },
        PrepareError::Damaged(problem) => OpenError::Corrupt { path: address.to_string().into(), problem },
        PrepareError::Migration(source) => OpenError::Migration { place: address.to_string(), source },
        PrepareError::Database(error) => OpenError::new(&address, Arc::new(error)),
    })?;
    Ok(Arc::new(database))
}

impl OpenError {
    /// What an error of the database at `address` means to who opens it.
    pub(super) fn new(address: &Address, source: Arc<sqlx::Error>) -> Self {
        let place = address.to_string();
        if address.is_postgres() {
            return Self::Unreachable { address: place, source };
        }
        match kind_of(&source) {
            ErrorKind::Corrupt => Self::Corrupt { path: place.into(), problem: source.to_string() },
            _ => Self::Database { path: place.into(), source },
        }
    }
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

/// The machine's, or the container's, name: for people who read the log.
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
