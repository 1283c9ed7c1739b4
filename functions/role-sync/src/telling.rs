//! What is said of an operation: to the operator in the log, and to people when it stands still.

use leitwarte_core::message::words::Language;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::operation::{Operation, Phase};

use crate::drive::Worker;
use crate::edge::{Clock, Directory, Ledger};

impl<D: Directory, L: Ledger, C: Clock> Worker<'_, D, L, C> {
    /// Has people told of an operation that stands still. The next run looks again, so a failure here loses nothing and stops
    /// nothing else.
    pub(crate) async fn alert(&self, operation: &Operation) {
        let (number, now) = (operation.number, self.clock.now());
        if !operation.stands_still(now) {
            return;
        }
        match self.ledger.alert(number, self.table, now).await {
            Ok(true) => tracing::info!(operation = number, "people are told that it stands still"),
            Ok(false) => {}
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(operation = number, error, "people are not told yet that it stands still");
            }
        }
    }
}

/// One line for each operation: an error for one that does not get further beyond its point of no return, which somebody has
/// to look after.
pub(crate) fn log(operation: &Operation, table: &RoleTable) {
    let (number, phase) = (operation.number, operation.phase.as_str());
    let problem = operation.problem.as_ref().or(operation.trouble.as_ref());
    let problem = problem.map(|problem| problem.text(table, Language::En));
    match operation.phase {
        Phase::Done => tracing::info!(number, "roles changed"),
        Phase::Aborted => tracing::warn!(number, problem, "change of roles given up"),
        Phase::Revoking if operation.trouble.is_some() => {
            tracing::error!(number, problem, "change of roles stands still beyond its point of no return");
        }
        _ => tracing::warn!(number, phase, problem, "change of roles goes on later"),
    }
}
