//! Commits changes in groups: everybody who waits shares one write to the disk.

use sqlx::AnyPool;
use tokio::sync::{mpsc, oneshot};

use super::QueueError;
use super::change::{Change, Changed, Owner};
use super::database::BEGIN_WRITE;

/// Changes that share a transaction at most.
const MAX_GROUP: usize = 256;
/// Changes that may wait for the writer; whoever brings more waits.
const MAX_WAITING: usize = 4 * MAX_GROUP;

type Job = (Change, oneshot::Sender<Result<Changed, QueueError>>);

/// The one writer of the queue.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts it. It ends when the last clone of the returned value is gone.
    pub(super) fn start(pool: AnyPool, owner: Owner) -> Self {
        let (jobs, waiting) = mpsc::channel(MAX_WAITING);
        tokio::spawn(run(pool, owner, waiting));
        Self { jobs }
    }

    /// Makes a change and returns when it is on disk.
    pub(super) async fn apply(&self, change: Change) -> Result<Changed, QueueError> {
        let (reply, done) = oneshot::channel();
        self.jobs.send((change, reply)).await.map_err(|_| QueueError::Closed)?;
        done.await.map_err(|_| QueueError::Closed)?
    }
}

async fn run(pool: AnyPool, owner: Owner, mut waiting: mpsc::Receiver<Job>) {
    let mut group = Vec::with_capacity(MAX_GROUP);
    while waiting.recv_many(&mut group, MAX_GROUP).await > 0 {
        match commit(&pool, &owner, group.iter().map(|(change, _)| change)).await {
            Ok(results) => {
                for ((_, reply), result) in group.drain(..).zip(results) {
                    let _ = reply.send(Ok(result));
                }
            }
            Err(error) if group.len() == 1 => {
                if let Some((_, reply)) = group.pop() {
                    let _ = reply.send(Err(QueueError::Database(error)));
                }
            }
            // One change must not spoil the others.
            Err(_) => {
                for (change, reply) in group.drain(..) {
                    let result = commit(&pool, &owner, std::iter::once(&change)).await;
                    let result = result.map(|mut results| results.pop().unwrap_or(Changed::Nothing));
                    let _ = reply.send(result.map_err(QueueError::Database));
                }
            }
        }
    }
}

async fn commit(
    pool: &AnyPool,
    owner: &Owner,
    changes: impl Iterator<Item = &Change> + Send,
) -> Result<Vec<Changed>, sqlx::Error> {
    let mut transaction = pool.begin_with(BEGIN_WRITE).await?;
    let mut results = Vec::with_capacity(changes.size_hint().0);
    for change in changes {
        results.push(change.apply(&mut transaction, owner).await?);
    }
    transaction.commit().await?;
    Ok(results)
}
