//! Keeps what was made of the data until the data or the time changes it, so that a repeated read costs one small query.

use std::sync::Arc;

use leitwarte_core::{DateTime, Utc};
use leitwarte_store::{Revision, Store};
use leitwarte_web::problem::Problem;
use tokio::sync::Mutex;

use crate::store_problem::store_problem;

/// Something made of the data, which the passing of time alone may make wrong.
pub(crate) trait Timed {
    /// Whether it still says what is true at this time.
    fn is_valid_at(&self, now: DateTime<Utc>) -> bool;
}

/// The last one made, with the revision of the data it was made from.
#[derive(Debug)]
pub(crate) struct RevisionCache<T>(Mutex<Option<(i64, Arc<T>)>>);

impl<T> Default for RevisionCache<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Timed> RevisionCache<T> {
    /// What `read` makes of the data as data and time are now, and the revision it stands for. While one caller makes it,
    /// others wait for that one.
    ///
    /// # Errors
    /// If the database does not answer, and those of `read`.
    pub(crate) async fn current(
        &self,
        store: &Store,
        now: DateTime<Utc>,
        read: impl AsyncFnOnce(&Revision) -> Result<T, Problem>,
    ) -> Result<(i64, Arc<T>), Problem> {
        let revision = store.revision().await.map_err(store_problem)?;
        let mut kept = self.0.lock().await;
        if let Some(good) = still_good(kept.as_ref(), &revision, now) {
            return Ok(good);
        }
        // While this caller waited, another may have made one of newer data.
        let revision = store.revision().await.map_err(store_problem)?;
        if let Some(good) = still_good(kept.as_ref(), &revision, now) {
            return Ok(good);
        }
        let kept_now = (revision.number, Arc::new(read(&revision).await?));
        *kept = Some(kept_now.clone());
        Ok(kept_now)
    }
}

fn still_good<T: Timed>(
    kept: Option<&(i64, Arc<T>)>,
    revision: &Revision,
    now: DateTime<Utc>,
) -> Option<(i64, Arc<T>)> {
    // Equal, not newer: a restored backup counts backwards.
    kept.filter(|(number, made)| *number == revision.number && made.is_valid_at(now)).cloned()
}
