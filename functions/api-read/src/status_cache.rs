//! Keeps the table of every tenant's rows until the data or the time changes it, so that a repeated read costs one small
//! query.

use std::sync::Arc;

use leitwarte_core::poll::PollPolicy;
use leitwarte_core::status::TenantSnapshot;
use leitwarte_core::{DateTime, Utc};
use leitwarte_store::{Revision, Store};
use leitwarte_web::problem::{Problem, ProblemKind};
use tokio::sync::Mutex;

use crate::status_table::StatusTable;
use crate::store_problem::{is_before_first_poll, not_polled_yet, store_problem};

/// The last table, with the revision of the data it was made from.
#[derive(Debug, Default)]
pub(crate) struct StatusCache(Mutex<Option<Kept>>);

type Kept = (i64, Arc<StatusTable>);

impl StatusCache {
    /// The table as the data and the time are now. While one caller makes it, others wait for that one.
    ///
    /// # Errors
    /// If the database does not answer, or nothing has been polled yet.
    pub(crate) async fn current(
        &self,
        store: &Store,
        policy: &PollPolicy,
        now: DateTime<Utc>,
    ) -> Result<Arc<StatusTable>, Problem> {
        let mut revision = store.revision().await.map_err(store_problem)?;
        let mut kept = self.0.lock().await;
        if let Some(table) = still_good(kept.as_ref(), &revision, now) {
            return Ok(table);
        }
        // While this caller waited, another may have made a table of newer data.
        revision = store.revision().await.map_err(store_problem)?;
        if let Some(table) = still_good(kept.as_ref(), &revision, now) {
            return Ok(table);
        }
        let snapshots = store.snapshots().await.map_err(store_problem)?;
        if nothing_is_known(&revision, &snapshots) {
            return Err(not_polled_yet());
        }
        let policy = *policy;
        let built = tokio::task::spawn_blocking(move || StatusTable::build(&snapshots, &policy, now)).await;
        let table = match built {
            Ok(Ok(table)) => Arc::new(table),
            Ok(Err(error)) => return Err(not_built(&error)),
            Err(error) => return Err(not_built(&error)),
        };
        *kept = Some((revision.number, Arc::clone(&table)));
        Ok(table)
    }
}

fn still_good(kept: Option<&Kept>, revision: &Revision, now: DateTime<Utc>) -> Option<Arc<StatusTable>> {
    let (number, table) = kept?;
    // Equal, not newer: a restored backup counts backwards.
    (*number == revision.number && table.is_valid_at(now)).then(|| Arc::clone(table))
}

/// Whether the first poll of all tenants is still to come and no tenant was polled by itself either.
pub(crate) fn nothing_is_known(revision: &Revision, snapshots: &[TenantSnapshot]) -> bool {
    is_before_first_poll(revision) && !snapshots.iter().any(is_known)
}

/// Whether anything was learnt of the tenant, be it only that it cannot be polled.
fn is_known(snapshot: &TenantSnapshot) -> bool {
    snapshot.polled_at.is_some() || snapshot.failure.is_some()
}

fn not_built(error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(error, "cannot write the rows of every tenant");
    Problem::new(ProblemKind::Internal, "The answer could not be written; the log of api-read says why.")
}
