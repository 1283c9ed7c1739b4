//! The folder of the profiles, read without being held up by a disk that does not answer.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use leitwarte_core::profile::FoundProfile;
use leitwarte_runtime::FunctionError;
use leitwarte_runtime::profiles::{self, ProfilesError};
use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;

/// The folder. A read that hangs cannot be ended, so there is never more than one: the next waits for it, and is over
/// in time as well.
#[derive(Debug)]
pub(crate) struct ProfilesFolder {
    dir: PathBuf,
    reading: Arc<Mutex<()>>,
}

impl ProfilesFolder {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir, reading: Arc::default() }
    }

    /// Reads every profile.
    ///
    /// # Errors
    /// `ProfilesUnreadable` when the folder cannot be read, or not until `latest`.
    pub(crate) async fn load(&self, latest: Instant) -> Result<Vec<FoundProfile>, FunctionError> {
        let dir = self.dir.clone();
        self.read(latest, move || profiles::load(&dir)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        latest: Instant,
        read: impl FnOnce() -> Result<T, ProfilesError> + Send + 'static,
    ) -> Result<T, FunctionError> {
        let reading = async {
            let turn = Arc::clone(&self.reading).lock_owned().await;
            let (answer, found) = oneshot::channel();
            // A thread of its own: stopping the runtime would wait for one of its blocking threads.
            let thread = thread::Builder::new().name("profiles".to_owned()).spawn(move || {
                let _turn = turn;
                // Nobody listens any more when the time was over.
                let _ = answer.send(read());
            });
            thread.map_err(|error| internal(&error))?;
            found.await.map_err(|_| internal(&"a fault in reading the profiles"))
        };
        match tokio::time::timeout_at(latest, reading).await {
            Ok(read) => read?.map_err(|error| FunctionError::caused_by("ProfilesUnreadable", &error)),
            Err(_) => Err(FunctionError::new(
                "ProfilesUnreadable",
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
        let hanging = folder.read(soon(), move || Ok(disk.recv())).await.unwrap_err();
        assert_eq!(hanging.kind(), "ProfilesUnreadable");
        assert!(hanging.to_string().contains("PROFILES_DIR"), "{hanging}");
        let second = folder.read(soon(), || -> Result<(), _> { panic!("it reads beside the one that hangs") }).await;
        assert_eq!(second.unwrap_err().kind(), "ProfilesUnreadable");
        drop(answer);
        assert!(folder.read(Instant::now() + Duration::from_secs(10), || Ok(())).await.is_ok(), "the disk is back");
    }
}
