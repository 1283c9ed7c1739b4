//! The durable queue of asynchronous events.
//!
//! An event is on disk before its caller gets the 202, and stays there until its function succeeded or it moved to
//! the dead letters; so it runs at least once, whatever dies in between. Whoever works on an event holds a lease;
//! an emulator that comes back takes over the leases of its former life at once, others wait until they end.

mod change;
mod database;
mod destination;
mod dispatcher;
mod event;
mod policy;
mod reading;
mod writer;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use leitwarte_host::clock;
use thiserror::Error;
use uuid::Uuid;

use change::{Change, Changed, Grave, Owner};
use database::Database;
pub use database::OpenError;
pub(crate) use dispatcher::Dispatcher;
use event::Claimed;
pub(crate) use event::{DeadLetter, NewEvent, Slot};
use writer::Writer;

/// The queue did not do what it was asked to.
#[derive(Debug, Error)]
pub(crate) enum QueueError {
    #[error("too many events are pending for this function")]
    Full,
    #[error("the event queue is closed")]
    Closed,
    #[error("the event queue's database failed")]
    Database(#[from] sqlx::Error),
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
    writer: Writer,
    pending: Arc<HashMap<String, AtomicU64>>,
    max_pending: u64,
}

impl Queue {
    /// Opens the queue in `folder` for the given functions and takes back what a former run left half done.
    pub(crate) async fn open(folder: &Path, functions: &[&str], max_pending: u64) -> Result<Self, OpenError> {
        let database = database::open(folder).await?;
        let failed = |source| OpenError::Database { path: folder.join("queue.db"), source };
        let owner = Owner { host: database.host.clone(), run: clock::new_id().to_string() };
        let counts: HashMap<_, _> = Self::counts(&database.pool).await.map_err(failed)?.into_iter().collect();
        for (function, waiting) in counts.iter().filter(|(name, _)| !functions.contains(&name.as_str())) {
            tracing::warn!(function, waiting, "events wait for a function that the template does not have");
        }
        let count = |name: &str| counts.get(name).map_or(0, |count| u64::try_from(*count).unwrap_or(0));
        let pending: HashMap<_, _> =
            functions.iter().map(|name| ((*name).to_owned(), AtomicU64::new(count(name)))).collect();
        let waiting: i64 = counts.values().sum();
        if waiting > 0 {
            tracing::info!(waiting, "events wait from before");
        }
        let writer = Writer::start(database.pool.clone(), owner);
        let queue = Self { database: Arc::new(database), writer, pending: Arc::new(pending), max_pending };
        match queue.writer.apply(Change::ReleaseHost).await {
            Ok(_) => Ok(queue),
            Err(QueueError::Database(error)) => Err(failed(error)),
            Err(QueueError::Full | QueueError::Closed) => Err(failed(sqlx::Error::PoolClosed)),
        }
    }

    /// Gives back what is still leased and closes the file.
    pub(crate) async fn close(&self) {
        if let Err(error) = self.writer.apply(Change::ReleaseOwn).await {
            tracing::debug!(error = causes(&error), "leases stay until the next start");
        }
        self.database.pool.close().await;
    }

    /// Events of a function that are not finished.
    pub(crate) fn pending(&self, function: &str) -> u64 {
        self.pending.get(function).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Keeps an event. It is on disk when this returns.
    pub(crate) async fn enqueue(&self, event: NewEvent, slot: Option<Slot>) -> Result<Enqueued, QueueError> {
        let function = event.function.clone();
        // Counted before the write, so that a burst cannot overrun the bound while it waits for the disk.
        if self.count(&function, 1) > self.max_pending {
            self.count(&function, -1);
            return Err(QueueError::Full);
        }
        let result = self.writer.apply(Change::Enqueue { event, slot }).await;
        if !matches!(result, Ok(Changed::Done)) {
            self.count(&function, -1);
        }
        Ok(if matches!(result?, Changed::Nothing) { Enqueued::Duplicate } else { Enqueued::Kept })
    }

    /// Runs an event given up again, as a new request. False when there is no such dead letter any more.
    pub(crate) async fn redrive(&self, letter: &DeadLetter, id: Uuid, age_ms: i64) -> Result<bool, QueueError> {
        let now_ms = clock::now_ms();
        let expires_at_ms = now_ms.saturating_add(age_ms);
        let change = Change::Redrive { dead_letter: letter.id.clone(), id, now_ms, expires_at_ms };
        let redriven = matches!(self.writer.apply(change).await?, Changed::Done);
        if redriven {
            self.count(&letter.function, 1);
        }
        Ok(redriven)
    }

    /// Forgets an event given up. False when there is no such dead letter any more.
    pub(crate) async fn discard(&self, id: &str) -> Result<bool, QueueError> {
        Ok(matches!(self.writer.apply(Change::Discard { dead_letter: id.to_owned() }).await?, Changed::Done))
    }

    async fn claim(&self, change: Change) -> Result<Vec<Claimed>, QueueError> {
        match self.writer.apply(change).await? {
            Changed::Claimed(mut events) => {
                events.sort_by_key(|claimed| claimed.event.accepted_at_ms);
                Ok(events)
            }
            Changed::Done | Changed::Nothing => Ok(Vec::new()),
        }
    }

    /// Ends an event of `function`, and enqueues what follows from it in the same transaction.
    async fn end(&self, function: &str, change: Change, follower: Option<&str>) -> Result<bool, QueueError> {
        let ended = matches!(self.writer.apply(change).await?, Changed::Done);
        if ended {
            self.count(function, -1);
            if let Some(follower) = follower {
                self.count(follower, 1);
            }
        }
        Ok(ended)
    }

    async fn postpone(&self, change: Change) -> Result<bool, QueueError> {
        Ok(matches!(self.writer.apply(change).await?, Changed::Done))
    }

    /// Changes the number of pending events by one and returns the new one.
    fn count(&self, function: &str, by: i64) -> u64 {
        let Some(count) = self.pending.get(function) else { return 0 };
        if by > 0 {
            count.fetch_add(1, Ordering::Relaxed) + 1
        } else {
            count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(n.saturating_sub(1))).unwrap_or(0)
        }
    }
}
