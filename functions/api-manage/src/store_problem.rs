//! What a caller learns of a database that does not take a change.

use std::error::Error;

use leitwarte_store::{StoreError, StoreErrorKind};
use leitwarte_web::problem::{Problem, ProblemKind};

/// Logs the failure with its cause and turns it into a problem. The text names operation and remedy, no path.
// By value, as `map_err` wants it.
#[expect(clippy::needless_pass_by_value, reason = "used as `map_err(store_problem)`")]
pub(crate) fn store_problem(error: StoreError) -> Problem {
    tracing::warn!(error = &error as &dyn Error, "the database does not take a change");
    match error.kind() {
        StoreErrorKind::Other => {
            Problem::new(ProblemKind::Internal, "The database refused the change; the log of api-manage says why.")
        }
        _ => Problem::new(ProblemKind::StoreUnavailable, format!("Nothing was changed. {error}.")),
    }
}
