//! A backup: one SQLite file that holds everything, whatever it was made from.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::Connection as _;
use thiserror::Error;

use crate::address::Address;
use crate::copy::{Content, CopyError, Existing};
use crate::database::{Database, Options, PrepareError};
use crate::tables::Tables;

/// There is no backup, or none that can be used.
#[derive(Debug, Error)]
pub enum BackupError {
    /// A file of this name is there already.
    #[error("{} exists already; a backup never overwrites a file", .0.display())]
    Exists(PathBuf),
    /// There is no such file.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// The file cannot be made or opened.
    #[error("cannot use the file {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The file is not a database of this program, or is damaged.
    #[error("{} is not a backup that can be used", .0.display())]
    Unusable(PathBuf, #[source] PrepareError),
    /// The file is not a database.
    #[error("{} is not a backup that can be used", .0.display())]
    Unreadable(PathBuf, #[source] sqlx::Error),
    /// The file was written, but does not hold what was read.
    #[error("{} does not hold what was written to it (table {table})", file.display())]
    Differs {
        /// The file.
        file: PathBuf,
        /// The first table that differs.
        table: String,
    },
    /// Copying failed.
    #[error(transparent)]
    Copy(#[from] CopyError),
}

impl Database {
    /// Writes everything into the new SQLite file `file` while others go on working, reads the file back and
    /// compares. The file has its name only when all is well and on disk; it stands for itself, without `-wal` file.
    ///
    /// # Errors
    /// There is then no new file.
    pub async fn back_up(&self, tables: &Tables, file: &Path) -> Result<Vec<Content>, BackupError> {
        if file.exists() {
            return Err(BackupError::Exists(file.to_owned()));
        }
        let part = part_of(file);
        remove(&part).map_err(|error| BackupError::File(part.clone(), error))?;
        let made = self.write_part(tables, &part).await;
        let done = match made {
            Ok(contents) => {
                publish(&part, file).map(|()| contents).map_err(|error| BackupError::File(file.to_owned(), error))
            }
            Err(error) => Err(error),
        };
        if done.is_err() {
            let _ = remove(&part);
        }
        done
    }

    async fn write_part(&self, tables: &Tables, part: &Path) -> Result<Vec<Content>, BackupError> {
        let target = open(part, tables, false)?;
        target.prepare(tables.steps).await.map_err(|error| BackupError::Unusable(part.to_owned(), error))?;
        let contents = self.copy_to(&target, tables, Existing::Refuse).await?;
        let unreadable = |error| BackupError::Unreadable(part.to_owned(), error);
        target.pool().close().await;
        let mut connection = target.connect().await.map_err(unreadable)?;
        // Without this it could not be read from a medium that cannot be written to.
        sqlx::query("PRAGMA journal_mode = DELETE").execute(&mut connection).await.map_err(unreadable)?;
        connection.close().await.map_err(unreadable)?;
        let found = open(part, tables, true)?.contents(tables).await?;
        same(part, &contents, &found)?;
        Ok(contents)
    }

    /// Brings everything from the backup `file` into this database, whose tables are there, in one transaction.
    /// A backup of an older version is brought up to date on the way, in a copy in the folder `scratch`; of its own folder
    /// nothing is asked but that it can be read.
    ///
    /// # Errors
    /// This database is then as it was before.
    pub async fn restore(
        &self,
        tables: &Tables,
        file: &Path,
        scratch: &Path,
        existing: Existing,
    ) -> Result<Vec<Content>, BackupError> {
        let copy = scratch.join("restoring.db");
        let done = self.restore_copy(tables, file, &copy, existing).await;
        for left in ["", "-wal", "-shm"] {
            let _ = remove(&with_suffix(&copy, left));
        }
        done
    }

    async fn restore_copy(
        &self,
        tables: &Tables,
        file: &Path,
        copy: &Path,
        existing: Existing,
    ) -> Result<Vec<Content>, BackupError> {
        copied(file, copy)?;
        writable(copy).map_err(|error| BackupError::File(copy.to_owned(), error))?;
        let source = open(copy, tables, false)?;
        source.prepare(tables.steps).await.map_err(|error| BackupError::Unusable(file.to_owned(), error))?;
        let contents = source.copy_to(self, tables, existing).await?;
        source.pool().close().await;
        Ok(contents)
    }
}

fn copied(file: &Path, copy: &Path) -> Result<(), BackupError> {
    match std::fs::copy(file, copy) {
        Ok(0) => {
            let empty = sqlx::Error::Configuration("the file is empty".into());
            Err(BackupError::Unreadable(file.to_owned(), empty))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(BackupError::Missing(file.to_owned())),
        Err(error) => Err(BackupError::File(file.to_owned(), error)),
    }
}

/// A copy has the permissions of its original, which may be one that only can be read.
fn writable(copy: &Path) -> io::Result<()> {
    std::fs::set_permissions(copy, Permissions::from_mode(0o600))
}

fn open(file: &Path, tables: &Tables, read_only: bool) -> Result<Database, BackupError> {
    let options = Options { schema: tables.schema, read_only, max_connections: 1 };
    let address = Address::file(file.to_owned());
    Database::new(address, options).map_err(|error| BackupError::Unreadable(file.to_owned(), error))
}

fn same(file: &Path, written: &[Content], found: &[Content]) -> Result<(), BackupError> {
    let differs = |content: &&Content| !found.contains(content);
    match written.iter().find(differs) {
        Some(content) => Err(BackupError::Differs { file: file.to_owned(), table: content.table.clone() }),
        None => Ok(()),
    }
}

/// Gives the finished file its name, on disk.
fn publish(part: &Path, file: &Path) -> io::Result<()> {
    File::open(part)?.sync_all()?;
    // Unlike a rename, a link does not replace a file that somebody else made meanwhile.
    std::fs::hard_link(part, file)?;
    std::fs::remove_file(part)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn part_of(file: &Path) -> PathBuf {
    with_suffix(file, ".part")
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
