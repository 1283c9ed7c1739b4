//! What the function touches: Entra, the database and the clock. Each is a trait, so that a test can lose a request, lose
//! an answer or end the process at every one of them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::Uuid;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::operation::Operation;
use leitwarte_core::roles::protocol::{Event, Fault, Sight};
use leitwarte_core::roles::standing::Drift;
use leitwarte_core::roles::words::Problem;
use leitwarte_graph::{Assignment, GrantAnswer, RevokeAnswer};
use leitwarte_store::{FoundPerson, LastReconciliation, RolePerson, Stepped, StoreError};

/// Entra, as far as app roles of one application go.
pub trait Directory: Sync {
    /// The id of the app role of this value; `None` when the application has none.
    fn app_role(&self, value: &str) -> impl Future<Output = Result<Option<Uuid>, Fault>> + Send;

    /// What these people hold, in their order.
    fn sights(&self, people: &[Uuid]) -> impl Future<Output = Result<Vec<Sight>, Fault>> + Send;

    /// Everybody who holds a role.
    fn holders(&self) -> impl Future<Output = Result<Vec<Assignment>, Fault>> + Send;

    /// Grants a role to a person.
    fn grant(&self, person: Uuid, app_role: Uuid) -> impl Future<Output = Result<GrantAnswer, Fault>> + Send;

    /// Revokes an assignment.
    fn revoke(&self, assignment: &str) -> impl Future<Output = Result<RevokeAnswer, Fault>> + Send;

    /// The object ids of people by the names they sign in with.
    fn object_ids(&self, user_names: &[String]) -> impl Future<Output = Result<Vec<Option<Uuid>>, Fault>> + Send;
}

/// The database, as far as roles of one tenant go.
pub trait Ledger: Sync {
    /// Takes or keeps the right to work on something, so that one process does.
    fn lease(
        &self,
        what: &str,
        holder: &str,
        now: DateTime<Utc>,
        time: TimeDelta,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Gives it back.
    fn release(&self, what: &str, holder: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Numbers of the operations that are not over.
    fn under_way(&self) -> impl Future<Output = Result<Vec<i64>, StoreError>> + Send;

    /// One operation.
    fn operation(&self, number: i64) -> impl Future<Output = Result<Option<Operation>, StoreError>> + Send;

    /// Writes a step down.
    fn step(
        &self,
        before: &Operation,
        event: &Event,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Stepped, StoreError>> + Send;

    /// Has people told of an operation if it stands still, once for each; tells whether that was new.
    fn alert(
        &self,
        number: i64,
        table: &RoleTable,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Everybody.
    fn people(&self) -> impl Future<Output = Result<Vec<RolePerson>, StoreError>> + Send;

    /// The last comparison.
    fn last_reconciliation(&self) -> impl Future<Output = Result<Option<LastReconciliation>, StoreError>> + Send;

    /// Stores what a comparison found, or why there was none.
    fn reconciled(
        &self,
        found: Result<Found, Problem>,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Stores an object id that was missing; tells whether it was.
    fn fill_object_id(
        &self,
        person: i64,
        object_id: Uuid,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// What a comparison of everybody found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Findings about people.
    pub people: Vec<FoundPerson>,
    /// Findings about offices, by the office's role.
    pub offices: Vec<(String, Drift)>,
}

/// Time and ids.
pub trait Clock: Sync {
    /// The time now.
    fn now(&self) -> DateTime<Utc>;

    /// An id that nobody else has.
    fn new_id(&self) -> Uuid;

    /// Waits.
    fn pause(&self, time: Duration) -> impl Future<Output = ()> + Send;
}
