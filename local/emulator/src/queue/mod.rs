//! The durable queue of asynchronous events.
//!
//! An event is on disk before its caller gets the 202, and stays there until its function succeeded or it moved to
//! the dead letters; so it runs at least once, whatever dies in between. Whoever works on an event holds a lease. On a
//! queue of its own (SQLite) an emulator that comes back takes over the leases of its former life at once; where several
//! share one (PostgreSQL), they watch each other, and the leases of a dead one are freed.

mod change;
mod database;
mod destination;
mod dispatcher;
mod event;
mod heartbeat;
mod held;
mod liveness;
mod pending;
mod policy;
mod reading;
mod retention;
mod writer;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use leitwarte_database::Address;
use leitwarte_host::clock;
use thiserror::Error;
use uuid::Uuid;

use change::{Change, Changed, Grave, Owner};
use database::Database;
pub use database::{OpenError, TABLES};
pub(crate) use dispatcher::Dispatcher;
use event::Claimed;
pub(crate) use event::{DeadLetter, NewEvent, Slot};
pub(crate) use liveness::Rhythm;
use pending::Pending;
pub(crate) use retention::Retention;
use writer::Writer;

/// The queue did not do what it was asked to.
#[derive(Debug, Error)]
pub(crate) enum QueueError {
    #[error("too many events are pending for this function")]
    Full,
    #[error("the event queue is closed")]
    Closed,
    #[error("the event queue's database failed")]
    Database(#[source] Arc<sqlx::Error>),
}

impl From<sqlx::Error> for QueueError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

/// An error with everything that caused it, for a log line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// What became of a new event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enqueued {
    Kept,
    /// Its schedule had fired this slot, or a later one, before.
    Duplicate,
}

/// The open queue. Clones share it.
#[derive(Clone)]
pub(crate) struct Queue {
    database: Arc<Database>,
    owner: Arc<Owner>,
    writer: Writer,
    pending: Pending,
    taken_over: Arc<AtomicU64>,
}

impl Queue {
    /// Opens the queue for the given functions, in the `shared` database or else in `folder`, and takes back what a
    /// former run left half done.
    pub(crate) async fn open(
        folder: &Path,
        shared: Option<&Address>,
        functions: &[&str],
        max_pending: u64,
    ) -> Result<Self, OpenError> {
        let database = match shared {
            Some(address) => Database::shared(address).await?,
            None => Database::in_folder(folder).await?,
        };
        let address = database.connections.address().clone();
        let owner = Owner { host: database.host.clone(), run: clock::new_id().to_string(), shared: database.shared };
        let pending = Pending::new(functions, max_pending);
        let queue = Self {
            writer: Writer::start(&database, owner.clone(), pending.clone()),
            database: Arc::new(database),
            owner: Arc::new(owner),
            pending,
            taken_over: Arc::default(),
        };
        queue.begin(functions).await.map_err(|error| match error {
            QueueError::Database(error) => OpenError::new(&address, error),
            QueueError::Full | QueueError::Closed => OpenError::new(&address, Arc::new(sqlx::Error::PoolClosed)),
        })?;
        Ok(queue)
    }

    async fn begin(&self, functions: &[&str]) -> Result<(), QueueError> {
        self.writer.apply(Change::ReleaseFormer).await?;
        let Changed::Counted(counts) = self.writer.apply(Change::Count).await? else { return Ok(()) };
        for (function, waiting) in counts.iter().filter(|(name, _)| !functions.contains(&name.as_str())) {
            tracing::warn!(function, waiting, "events wait for a function that the template does not have");
        }
        let waiting: i64 = counts.iter().map(|(_, waiting)| waiting).sum();
        if waiting > 0 {
            tracing::info!(waiting, "events wait from before");
        }
        Ok(())
    }

    /// Gives back what is still leased and closes the file.
    pub(crate) async fn close(&self) {
        if let Err(error) = self.writer.apply(Change::ReleaseOwn).await {
            tracing::debug!(error = causes(&error), "leases stay until the next start");
        }
        self.database.pool().close().await;
    }

    /// Whether other emulators may work on the same queue.
    pub(crate) fn is_shared(&self) -> bool {
        self.owner.shared
    }

    /// Changes the database refused.
    pub(crate) fn write_errors(&self) -> u64 {
        self.writer.failed()
    }

    /// Dead emulators whose events this one freed.
    pub(crate) fn taken_over(&self) -> u64 {
        self.taken_over.load(Ordering::Relaxed)
    }

    /// Events of a function that are not finished.
    pub(crate) fn pending(&self, function: &str) -> u64 {
        self.pending.of(function)
    }

    /// Keeps an event. It is on disk when this returns.
    pub(crate) async fn enqueue(&self, event: NewEvent, slot: Option<Slot>) -> Result<Enqueued, QueueError> {
        let place = self.pending.reserve(&event.function).ok_or(QueueError::Full)?;
        let changed = self.writer.enter(Change::Enqueue { event, slot }, place).await?;
        Ok(if matches!(changed, Changed::Nothing) { Enqueued::Duplicate } else { Enqueued::Kept })
    }

    /// Runs an event given up again, as a new request. False when there is no such dead letter any more.
    pub(crate) async fn redrive(&self, letter: &DeadLetter, id: Uuid, age_ms: i64) -> Result<bool, QueueError> {
        let now_ms = clock::now_ms();
        let expires_at_ms = now_ms.saturating_add(age_ms);
        let (dead_letter, function) = (letter.id.clone(), letter.function.clone());
        self.change(Change::Redrive { dead_letter, function, id, now_ms, expires_at_ms }).await
    }

    /// Forgets an event given up. False when there is no such dead letter any more.
    pub(crate) async fn discard(&self, id: &str) -> Result<bool, QueueError> {
        self.change(Change::Discard { dead_letter: id.to_owned() }).await
    }

    /// Makes a change. False when there was nothing to change any more.
    async fn change(&self, change: Change) -> Result<bool, QueueError> {
        Ok(matches!(self.writer.apply(change).await?, Changed::Done))
    }

    /// Frees what a claim with an unknown outcome may have taken.
    async fn give_back(&self, function: &str, held: HashSet<Uuid>) -> Result<(), QueueError> {
        let function = function.to_owned();
        if self.change(Change::GiveBack { function, held }).await? {
            tracing::debug!("the answer to a claim was lost; what it took is free again");
        }
        Ok(())
    }

    async fn claim(&self, change: Change) -> Result<Vec<Claimed>, QueueError> {
        match self.writer.apply(change).await? {
            Changed::Claimed(mut events) => {
                events.sort_by_key(|claimed| claimed.event.accepted_at_ms);
                Ok(events)
            }
            Changed::Done | Changed::Nothing | Changed::Counted(_) | Changed::Forgotten(_) => Ok(Vec::new()),
        }
    }
}
