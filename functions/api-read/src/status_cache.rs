//! The table of every tenant's rows, kept per revision of the data.

use leitwarte_core::poll::PollPolicy;
use leitwarte_core::status::TenantSnapshot;
use leitwarte_core::{DateTime, Utc};
use leitwarte_store::{Revision, Store};
use leitwarte_web::problem::{Problem, ProblemKind};

use crate::revision_cache::Timed;
use crate::status_table::StatusTable;
use crate::store_problem::{is_before_first_poll, not_polled_yet, store_problem};

impl Timed for StatusTable {
    fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        Self::is_valid_at(self, now)
    }
}

/// Reads and writes the table anew.
///
/// # Errors
/// If the database does not answer, or nothing has been polled yet.
pub(crate) async fn read_table(
    store: &Store,
    policy: &PollPolicy,
    now: DateTime<Utc>,
    revision: &Revision,
) -> Result<StatusTable, Problem> {
    let snapshots = store.snapshots().await.map_err(store_problem)?;
    if nothing_is_known(revision, &snapshots) {
        return Err(not_polled_yet());
    }
    let policy = *policy;
    let built = tokio::task::spawn_blocking(move || StatusTable::build(&snapshots, &policy, now)).await;
    match built {
        Ok(Ok(table)) => Ok(table),
        Ok(Err(error)) => Err(not_built(&error)),
        Err(error) => Err(not_built(&error)),
    }
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
