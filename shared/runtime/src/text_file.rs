//! Small text files that people write.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A disk that does not answer by then is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads a text file of at most 64 KiB, not waiting for a disk (a network mount) that does not answer.
///
/// # Errors
/// It cannot be read, is no regular file, too large, or not UTF-8.
pub async fn read(path: PathBuf) -> io::Result<String> {
    let reading = tokio::task::spawn_blocking(move || crate::profiles::text(&path));
    match tokio::time::timeout(PATIENCE, reading).await {
        Ok(read) => read.map_err(io::Error::other)?,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the disk did not answer within 5 s")),
    }
}
