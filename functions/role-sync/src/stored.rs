//! The database and the machine's clock behind the traits.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::Uuid;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::operation::Operation;
use leitwarte_core::roles::protocol::Event;
use leitwarte_core::roles::words::Problem;
use leitwarte_store::{LastReconciliation, RolePerson, Stepped, Store, StoreError};

use crate::edge::{Clock, Found, Ledger};

/// The roles of one tenant in the database.
#[derive(Debug, Clone)]
pub struct StoredRoles {
    /// The database.
    pub store: Store,
    /// The tenant.
    pub tenant: Uuid,
}

impl StoredRoles {
    fn lease_name(&self, what: &str) -> String {
        format!("role-sync {} {what}", self.tenant)
    }
}

impl Ledger for StoredRoles {
    async fn lease(&self, what: &str, holder: &str, now: DateTime<Utc>, time: TimeDelta) -> Result<bool, StoreError> {
        self.store.take_lease(&self.lease_name(what), holder, now, time).await
    }

    async fn release(&self, what: &str, holder: &str) -> Result<(), StoreError> {
        self.store.release_lease(&self.lease_name(what), holder).await
    }

    async fn under_way(&self) -> Result<Vec<i64>, StoreError> {
        self.store.role_operations_under_way(self.tenant).await
    }

    async fn operation(&self, number: i64) -> Result<Option<Operation>, StoreError> {
        self.store.role_operation(number).await
    }

    async fn step(&self, before: &Operation, event: &Event, now: DateTime<Utc>) -> Result<Stepped, StoreError> {
        self.store.step_role_operation(before, event, now).await
    }

    async fn alert(&self, number: i64, table: &RoleTable, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store.tell_if_it_stands_still(number, table, now).await
    }

    async fn people(&self) -> Result<Vec<RolePerson>, StoreError> {
        self.store.role_people(self.tenant).await
    }

    async fn last_reconciliation(&self) -> Result<Option<LastReconciliation>, StoreError> {
        self.store.last_reconciliation(self.tenant).await
    }

    async fn reconciled(&self, found: Result<Found, Problem>, now: DateTime<Utc>) -> Result<(), StoreError> {
        match found {
            Ok(Found { people, offices }) => {
                self.store.record_reconciliation(self.tenant, &people, &offices, now).await
            }
            Err(problem) => self.store.record_failed_reconciliation(self.tenant, &problem, now).await,
        }
    }

    async fn fill_object_id(&self, person: i64, object_id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store.fill_object_id((self.tenant, person), object_id, now).await
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct MachineClock {
    /// Reads it.
    pub now: fn() -> DateTime<Utc>,
    /// Makes ids.
    pub new_id: fn() -> Uuid,
}

impl Clock for MachineClock {
    fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    fn new_id(&self) -> Uuid {
        (self.new_id)()
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
