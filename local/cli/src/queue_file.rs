//! The emulator's durable queue, `DATA_DIR/queue.db`, looked at without changing it.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

/// Larger files are not checked whole (about 2 ms per MB), as the emulator does not either.
const LARGEST_CHECKED_BYTES: u64 = 64 * 1024 * 1024;

/// What a look at the file showed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum QueueFile {
    /// Not made yet.
    Missing,
    /// Undamaged, or too large to be checked whole.
    Good,
    /// Damaged or not readable, with SQLite's words.
    Bad(String),
}

/// Where it is.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("queue.db")
}

/// What to do about a bad one.
pub(crate) const ADVICE: &str = "Stop everything and move the file and its -wal and -shm files away; the next start \
                                 makes an empty queue (events that were waiting in it are lost)";

/// Looks for damage.
pub(crate) async fn look(data_dir: &Path) -> QueueFile {
    let path = path(data_dir);
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => QueueFile::Missing,
        Err(error) => QueueFile::Bad(error.to_string()),
        Ok(file) if file.len() > LARGEST_CHECKED_BYTES => QueueFile::Good,
        Ok(_) => match quick_check(&path).await {
            Ok(verdict) if verdict == "ok" => QueueFile::Good,
            Ok(verdict) => QueueFile::Bad(verdict),
            Err(sqlx::Error::Database(error)) => QueueFile::Bad(error.message().to_owned()),
            Err(error) => QueueFile::Bad(error.to_string()),
        },
    }
}

async fn quick_check(path: &Path) -> Result<String, sqlx::Error> {
    let mut connection = SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
    let verdict = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_damaged_queue_is_told_from_a_good_and_a_missing_one() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(look(folder.path()).await, QueueFile::Missing);
        let file = path(folder.path());
        let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
        let mut made = options.journal_mode(sqlx::sqlite::SqliteJournalMode::Wal).connect().await.unwrap();
        sqlx::query("CREATE TABLE events (id INTEGER)").execute(&mut made).await.unwrap();
        assert_eq!(look(folder.path()).await, QueueFile::Good, "while somebody uses it");
        made.close().await.unwrap();
        assert_eq!(look(folder.path()).await, QueueFile::Good);
        std::fs::write(&file, "this is not a database".repeat(99)).unwrap();
        assert!(matches!(look(folder.path()).await, QueueFile::Bad(_)));
    }
}
