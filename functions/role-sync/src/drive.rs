//! Carries operations out: asks the protocol what to do, does it, writes it down, until the operation is over or the time is.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::auth_profile::AuthProfile;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::operation::Operation;
use leitwarte_core::roles::protocol::{Event, Fault, Seen, Sight, Task};
use leitwarte_core::roles::words::Problem;
use leitwarte_graph::{GrantAnswer, RevokeAnswer};
use leitwarte_store::{Stepped, StoreError};

use crate::edge::{Clock, Directory, Ledger};

/// The right to work on something lasts so long, so that a process that died is soon followed by another.
pub const LEASE: TimeDelta = TimeDelta::seconds(40);
/// Nothing is begun with less of it left: no call takes so long, so that what is sent is sent by who has the right.
const ENOUGH: TimeDelta = TimeDelta::seconds(35);
/// Nothing is begun with less time left for the run: a look is three calls at most, each with its own limit.
pub const LONGEST_TASK: TimeDelta = TimeDelta::seconds(80);
/// Between two looks at a list that lags behind.
const LOOK_AGAIN: Duration = Duration::from_secs(3);
/// After a call that brought nothing, and longer after each further one. The client has tried several times by then.
const AFTER_SETBACK: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// Where everything is.
#[derive(Debug)]
pub struct Worker<'a, D, L, C> {
    /// Entra.
    pub directory: &'a D,
    /// The database.
    pub ledger: &'a L,
    /// Time and ids.
    pub clock: &'a C,
    /// What roles there are.
    pub table: &'a RoleTable,
    /// The sign-in profile, if it is of the same application: which of its app roles are rights in this product.
    pub sign_in: Option<&'a AuthProfile>,
}

/// The right to work on one operation or on the comparison, as long as it is kept.
#[derive(Debug)]
pub(crate) struct Lease {
    what: String,
    holder: String,
    until: Mutex<DateTime<Utc>>,
}

/// What became of the work on one operation.
#[derive(Debug)]
pub(crate) enum Driven {
    /// The operation as it is now.
    Done(Box<Operation>),
    /// Somebody else is working on it.
    Busy,
    /// There is no such operation.
    Unknown,
}

impl<D: Directory, L: Ledger, C: Clock> Worker<'_, D, L, C> {
    /// Takes the right to work on something; `None` when somebody else has it.
    pub(crate) async fn lease(&self, what: String) -> Result<Option<Lease>, StoreError> {
        let (holder, now) = (self.clock.new_id().to_string(), self.clock.now());
        let taken = self.ledger.lease(&what, &holder, now, LEASE).await?;
        Ok(taken.then(|| Lease { what, holder, until: Mutex::new(now + LEASE) }))
    }

    /// Takes the right to work on an operation. Whoever has it may have died: its end is waited for, so that the change does
    /// not rest until the next minute. `None` when somebody is at work.
    async fn lease_soon(&self, number: i64, end: DateTime<Utc>) -> Result<Option<Lease>, StoreError> {
        let patience = (end - LONGEST_TASK).min(self.clock.now() + LEASE + TimeDelta::seconds(1));
        loop {
            let lease = self.lease(format!("operation {number}")).await?;
            if lease.is_some() || self.clock.now() >= patience {
                return Ok(lease);
            }
            self.clock.pause(LOOK_AGAIN).await;
        }
    }

    /// Gives it back.
    pub(crate) async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.ledger.release(&lease.what, &lease.holder).await
    }

    /// Whether the right is still there for one more call.
    async fn keep(&self, lease: &Lease) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let until = *lease.until.lock().unwrap_or_else(PoisonError::into_inner);
        if until - now >= ENOUGH {
            return Ok(true);
        }
        let kept = self.ledger.lease(&lease.what, &lease.holder, now, LEASE).await?;
        if kept {
            *lease.until.lock().unwrap_or_else(PoisonError::into_inner) = now + LEASE;
        }
        Ok(kept)
    }

    /// Works on one operation until it is over, cannot get further for now, or `end` has come. The operation as it is then.
    pub(crate) async fn drive(&self, number: i64, end: DateTime<Utc>) -> Result<Driven, StoreError> {
        let Some(lease) = self.lease_soon(number, end).await? else { return Ok(Driven::Busy) };
        let driven = self.carry_out(&lease, number, end).await;
        if let Ok(Some(operation)) = &driven {
            self.alert(operation).await;
        }
        self.release(&lease).await?;
        Ok(driven?.map_or(Driven::Unknown, |operation| Driven::Done(Box::new(operation))))
    }

    async fn carry_out(&self, lease: &Lease, number: i64, end: DateTime<Utc>) -> Result<Option<Operation>, StoreError> {
        let Some(operation) = self.ledger.operation(number).await? else { return Ok(None) };
        let mut operation = operation.taken_over();
        let (mut setbacks, mut in_vain) = (0, 0);
        while self.clock.now() + LONGEST_TASK < end && self.keep(lease).await? {
            let task = operation.next(self.clock.now());
            let done = match &task {
                Task::Over => return Ok(Some(operation)),
                Task::Record(event) => Ok(Some(event.clone())),
                Task::Look => self.look(&operation, in_vain).await,
                Task::Grant { place } => self.grant(&operation, *place).await.map(Some),
                Task::Revoke { place, id } => self.revoke(*place, id).await.map(Some),
            };
            let (event, is_final) = match done {
                Ok(Some(event)) => {
                    (in_vain, setbacks) = (0, 0);
                    (event, false)
                }
                Ok(None) => {
                    in_vain += 1;
                    self.clock.pause(LOOK_AGAIN).await;
                    continue;
                }
                Err(fault) => {
                    setbacks += 1;
                    let is_final = matches!(fault, Fault::Final(_));
                    (operation.failed(&task, fault), is_final)
                }
            };
            operation = match self.ledger.step(&operation, &event, self.clock.now()).await? {
                Stepped::Done(after) => after,
                Stepped::Overtaken(now) => {
                    self.tidy_up(now.as_ref(), &event).await;
                    return Ok(now);
                }
            };
            if matches!(event, Event::Trouble { .. } | Event::GrantUncertain { .. }) {
                let pause = (AFTER_SETBACK * setbacks).min(LONGEST_PAUSE);
                // What is refused for good, and what there is no time for, is tried again by the next run.
                if is_final || self.clock.now() + pause + LONGEST_TASK >= end {
                    return Ok(Some(operation));
                }
                self.clock.pause(pause).await;
            }
        }
        Ok(Some(operation))
    }

    /// What everybody concerned holds, and what that means after so many looks in vain; `None`: look again.
    async fn look(&self, operation: &Operation, in_vain: u32) -> Result<Option<Event>, Fault> {
        let people: Vec<_> = operation.moves.iter().map(|one| one.object_id).collect();
        let sights: Vec<Sight> = self.directory.sights(&people).await?;
        let mut seen = operation.seen(self.table, &sights, in_vain, self.clock.now());
        if matches!(seen, Seen::Event(Event::Found { .. })) && operation.fills_an_office(self.table) {
            let holders = self.directory.holders().await?;
            let holders = holders.iter().map(|one| (one.principal, one.name.as_str(), &one.held));
            seen = operation.seen_holders(self.table, holders, in_vain, self.clock.now()).unwrap_or(seen);
        }
        Ok(match seen {
            Seen::Event(event) => Some(event),
            Seen::Wait => None,
        })
    }

    async fn grant(&self, operation: &Operation, place: usize) -> Result<Event, Fault> {
        let one = &operation.moves[place];
        let unknown = |entra: &str| Fault::Final(Problem::NoSuchAppRole { entra: entra.to_owned() });
        let value = self.table.role(&one.to).map(|entry| entry.entra.as_str()).ok_or_else(|| unknown(&one.to))?;
        let app_role = self.directory.app_role(value).await?.ok_or_else(|| unknown(value))?;
        Ok(match self.directory.grant(one.object_id, app_role).await? {
            GrantAnswer::Made(id) => Event::GrantMade { place, id },
            GrantAnswer::Exists => Event::GrantExists { place },
        })
    }

    async fn revoke(&self, place: usize, id: &str) -> Result<Event, Fault> {
        match self.directory.revoke(id).await? {
            RevokeAnswer::Done | RevokeAnswer::Gone => Ok(Event::Revoked { place, id: id.to_owned() }),
        }
    }

    /// Somebody else has ended the operation while our grant was on its way: nobody else knows of it.
    async fn tidy_up(&self, operation: Option<&Operation>, event: &Event) {
        let Event::GrantMade { place, id } = event else { return };
        let Some(operation) = operation.filter(|operation| operation.phase.is_over()) else { return };
        if operation.moves.get(*place).is_some_and(|one| one.granted() == Some(id.as_str())) {
            return;
        }
        if let Err(fault) = self.directory.revoke(id).await {
            tracing::warn!(operation = operation.number, ?fault, "a late grant could not be taken back");
        }
    }
}
