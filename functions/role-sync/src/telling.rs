//! What is said of an operation: to the operator in the log, and to people when it stands still.

use leitwarte_core::message::words::Language;
use leitwarte_core::message::{InBoth, RoleChange};
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::operation::{Operation, Phase};
use leitwarte_core::roles::words::{Problem, shown};
use leitwarte_store::StoreError;

use crate::drive::Worker;
use crate::edge::{Clock, Directory, Ledger};

impl<D: Directory, L: Ledger, C: Clock> Worker<'_, D, L, C> {
    /// Has people told of an operation that stands still. It is looked at again with every run, so a run that ends in between
    /// loses nothing; who was told once is not told again.
    pub(crate) async fn alert(&self, operation: &Operation) -> Result<(), StoreError> {
        let now = self.clock.now();
        if operation.stands_still(now) && self.ledger.alert(told(operation, self.table), now).await? {
            tracing::info!(operation = operation.number, "people are told that it stands still");
        }
        Ok(())
    }
}

fn told(operation: &Operation, table: &RoleTable) -> RoleChange {
    let roles = operation.moves.iter().map(|one| {
        InBoth::new(|language| {
            let from = one.from.as_ref().map_or("–".to_owned(), |from| shown(table, from, language));
            format!("{from} → {}", shown(table, &one.to, language))
        })
    });
    let problem = operation.trouble.as_ref().unwrap_or(&Problem::TookTooLong);
    RoleChange {
        operation: operation.number,
        roles: roles.collect(),
        accepted_at: operation.accepted_at,
        problem: InBoth::new(|language| problem.text(table, language)),
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
