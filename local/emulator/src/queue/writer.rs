//! Commits changes in groups: everybody who waits shares one write to the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use leitwarte_database::{PATIENCE, concerns_data, within};
use tokio::sync::{mpsc, oneshot};

use super::QueueError;
use super::change::{Change, Changed, Owner};
use super::database::Database;
use super::pending::{Pending, Place};

/// Changes that share a transaction at most.
const MAX_GROUP: usize = 256;
/// Changes that may wait for the writer; whoever brings more waits.
const MAX_WAITING: usize = 4 * MAX_GROUP;

struct Job {
    change: Change,
    place: Option<Place>,
    reply: oneshot::Sender<Result<Changed, QueueError>>,
}

/// The one writer of the queue.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    failed: Arc<AtomicU64>,
}

impl Writer {
    /// Starts it. It ends when the last clone of the returned value is gone.
    pub(super) fn start(database: &Database, owner: Owner, pending: Pending) -> Self {
        let (jobs, waiting) = mpsc::channel(MAX_WAITING);
        let committer = Committer { database: Arc::clone(&database.connections), owner, pending };
        tokio::spawn(committer.run(waiting));
        Self { jobs, failed: Arc::default() }
    }

    /// Makes a change and returns when it is on disk.
    pub(super) async fn apply(&self, change: Change) -> Result<Changed, QueueError> {
        self.put(change, None).await
    }

    /// Makes a change that brings an event in, for which a place was taken.
    pub(super) async fn enter(&self, change: Change, place: Place) -> Result<Changed, QueueError> {
        self.put(change, Some(place)).await
    }

    async fn put(&self, change: Change, place: Option<Place>) -> Result<Changed, QueueError> {
        let (reply, done) = oneshot::channel();
        self.jobs.send(Job { change, place, reply }).await.map_err(|_| QueueError::Closed)?;
        let result = done.await.map_err(|_| QueueError::Closed)?;
        if result.is_err() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    /// How many changes the database refused.
    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

struct Committer {
    database: Arc<leitwarte_database::Database>,
    owner: Owner,
    pending: Pending,
}

impl Committer {
    async fn run(self, mut waiting: mpsc::Receiver<Job>) {
        let mut group = Vec::with_capacity(MAX_GROUP);
        while waiting.recv_many(&mut group, MAX_GROUP).await > 0 {
            match self.commit(group.iter().map(|job| &job.change)).await {
                Ok(results) => {
                    for (job, changed) in group.drain(..).zip(results) {
                        self.done(job, changed);
                    }
                }
                // One change must not spoil the others.
                Err(error) if group.len() > 1 && concerns_data(&error) => {
                    for job in group.drain(..) {
                        match self.commit(std::iter::once(&job.change)).await {
                            Ok(mut results) => self.done(job, results.pop().unwrap_or(Changed::Nothing)),
                            Err(error) => drop(job.reply.send(Err(error.into()))),
                        }
                    }
                }
                Err(error) => {
                    let error = Arc::new(error);
                    for job in group.drain(..) {
                        let _ = job.reply.send(Err(QueueError::Database(Arc::clone(&error))));
                    }
                }
            }
        }
    }

    /// Counts a change that is on disk, and says so to who waits for it.
    fn done(&self, job: Job, changed: Changed) {
        drop(job.place);
        job.change.tally(&changed, &self.pending);
        let _ = job.reply.send(Ok(changed));
    }

    async fn commit(&self, changes: impl Iterator<Item = &Change> + Send) -> Result<Vec<Changed>, sqlx::Error> {
        within(PATIENCE, async {
            let mut transaction = self.database.begin_write().await?;
            let mut results = Vec::with_capacity(changes.size_hint().0);
            for change in changes {
                results.push(change.apply(&mut transaction, &self.owner).await?);
            }
            transaction.commit().await?;
            Ok(results)
        })
        .await
    }
}
