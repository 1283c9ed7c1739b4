//! What a caller learns of a database that does not answer.

use std::error::Error;

use leitwarte_store::{Revision, StoreError, StoreErrorKind};
use leitwarte_web::problem::{Problem, ProblemKind};

/// Logs the failure with its cause and turns it into a problem. The text names operation and remedy, no path.
// By value, as `map_err` wants it.
#[expect(clippy::needless_pass_by_value, reason = "used as `map_err(store_problem)`")]
pub(crate) fn store_problem(error: StoreError) -> Problem {
    log(&error);
    match error.kind() {
        StoreErrorKind::NotReady => not_polled_yet(),
        StoreErrorKind::Other => {
            Problem::new(ProblemKind::Internal, "The database refused the question; the log of api-read says why.")
        }
        _ => Problem::new(ProblemKind::StoreUnavailable, format!("There are no numbers now. {error}.")),
    }
}

/// Logs the failure with its cause.
pub(crate) fn log(error: &StoreError) {
    tracing::warn!(error = error as &dyn Error, "the database does not answer");
}

/// Whether the first poll of all tenants is still to come, so that nothing is known of what is missing.
pub(crate) fn is_before_first_poll(revision: &Revision) -> bool {
    revision.last_tick.is_none()
}

/// The problem of asking before the first poll.
pub(crate) fn not_polled_yet() -> Problem {
    Problem::new(
        ProblemKind::NotPolledYet,
        "No poll has been completed yet, so there are no numbers. The timer starts one each minute: wait for it, or run \
         `leitwarte invoke poll-tenant`.",
    )
}
