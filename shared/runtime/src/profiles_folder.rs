//! The folder of the profiles, read without being held up by a disk that does not answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;

use crate::FunctionError;

/// The kind of the errors of reading profiles.
pub const UNREADABLE: &str = "ProfilesUnreadable";

/// The folder. A read that hangs cannot be ended, so there is never more than one: the next waits for it, and is over
/// in time as well.
#[derive(Debug)]
pub struct ProfilesFolder {
    dir: PathBuf,
    reading: Arc<Mutex<()>>,
}

impl ProfilesFolder {
    /// The folder at this place; nothing is read yet.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, reading: Arc::default() }
    }

    /// Where it is.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Does `read` with the folder, off the asynchronous threads.
    ///
    /// # Errors
    /// Those of `read`; [`UNREADABLE`] when it has not ended by `latest`.
    pub async fn read<T: Send + 'static>(
        &self,
        latest: Instant,
        read: impl FnOnce(&Path) -> Result<T, FunctionError> + Send + 'static,
    ) -> Result<T, FunctionError> {
        let dir = self.dir.clone();
        let reading = async {
            let turn = Arc::clone(&self.reading).lock_owned().await;
            let (answer, found) = oneshot::channel();
            // A thread of its own: stopping the runtime would wait for one of its blocking threads.
            let thread = thread::Builder::new().name("profiles".to_owned()).spawn(move || {
                let _turn = turn;
                // Nobody listens any more when the time was over.
                let _ = answer.send(read(&dir));
            });
            thread.map_err(|error| internal(&error))?;
            found.await.map_err(|_| internal(&"a fault in reading the profiles"))
        };
        match tokio::time::timeout_at(latest, reading).await {
            Ok(read) => read?,
            Err(_) => Err(FunctionError::new(
                UNREADABLE,
                format!(
                    "The profiles' folder {} (PROFILES_DIR) does not answer; look at its disk or network mount.",
                    self.dir.display()
                ),
            )),
        }
    }
}

fn internal(problem: &impl ToString) -> FunctionError {
    FunctionError::new("Internal", problem.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_disk_that_does_not_answer_ends_the_invocation_in_time_and_blocks_one_thread_only() {
        let folder = ProfilesFolder::new("config-profiles".into());
        let (answer, disk) = mpsc::channel::<()>();
        let soon = || Instant::now() + Duration::from_millis(50);
        let hanging = folder.read(soon(), move |_| Ok(disk.recv())).await.unwrap_err();
        assert_eq!(hanging.kind(), UNREADABLE);
        assert!(hanging.to_string().contains("PROFILES_DIR"), "{hanging}");
        let second = folder.read(soon(), |_| -> Result<(), _> { panic!("it reads beside the one that hangs") }).await;
        assert_eq!(second.unwrap_err().kind(), UNREADABLE);
        drop(answer);
        assert!(folder.read(Instant::now() + Duration::from_secs(10), |_| Ok(())).await.is_ok(), "the disk is back");
    }
}
