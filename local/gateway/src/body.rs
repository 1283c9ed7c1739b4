//! Reads request bodies within bounds of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Bodies up to this size are not counted: as many as requests are allowed at a time do not hurt.
const SMALL_BYTES: usize = 64 * 1024;
const KIB: usize = 1024;
/// A client that is sending a body which is refused gets this long to notice, so that it reads the answer instead of a
/// reset connection.
const DISCARD_TIME: Duration = Duration::from_secs(2);
const DISCARD_BYTES: usize = 64 * 1024 * 1024;

/// Memory for large bodies, shared by all requests.
#[derive(Debug, Clone)]
pub(crate) struct BodyMemory {
    kib: Arc<Semaphore>,
}

/// A body that was read, with its share of the memory.
#[derive(Debug)]
pub(crate) struct ReadBody {
    pub(crate) bytes: Bytes,
    _memory: Option<OwnedSemaphorePermit>,
}

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    TooSlow,
    /// Other requests hold all the memory there is for bodies.
    NoMemory,
    /// The client broke off or sent something that is no body.
    Broken,
}

impl BodyMemory {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { kib: Arc::new(Semaphore::new((bytes / KIB).min(Semaphore::MAX_PERMITS))) }
    }

    /// Reads a body of at most `limit` bytes within `time`.
    pub(crate) async fn read<B>(&self, mut body: B, limit: usize, time: Duration) -> Result<ReadBody, BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        if body.is_end_stream() {
            return Ok(ReadBody { bytes: Bytes::new(), _memory: None });
        }
        let announced = body.size_hint().exact().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        if announced.is_some_and(|bytes| bytes > limit) {
            discard(&mut body).await;
            return Err(BodyError::TooLarge);
        }
        let memory = self.reserve(announced.unwrap_or(limit))?;
        let result = timeout(time, collect(&mut body, limit)).await.unwrap_or(Err(BodyError::TooSlow));
        if result == Err(BodyError::TooLarge) {
            discard(&mut body).await;
        }
        Ok(ReadBody { bytes: result?, _memory: memory })
    }

    fn reserve(&self, bytes: usize) -> Result<Option<OwnedSemaphorePermit>, BodyError> {
        if bytes <= SMALL_BYTES {
            return Ok(None);
        }
        let kib = u32::try_from(bytes.div_ceil(KIB)).map_err(|_| BodyError::TooLarge)?;
        Arc::clone(&self.kib).try_acquire_many_owned(kib).map(Some).map_err(|_| BodyError::NoMemory)
    }
}

async fn collect<B: Body<Data = Bytes> + Unpin>(body: &mut B, limit: usize) -> Result<Bytes, BodyError> {
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if first.len().max(more.len()) + data.len() > limit {
            return Err(BodyError::TooLarge);
        }
        // Most bodies are one piece and need no copy.
        if first.is_empty() && more.is_empty() {
            first = data;
        } else {
            more.extend_from_slice(&std::mem::take(&mut first));
            more.extend_from_slice(&data);
        }
    }
    Ok(if more.is_empty() { first } else { more.freeze() })
}

async fn discard<B: Body<Data = Bytes> + Unpin>(body: &mut B) {
    let reading = async {
        let mut discarded = 0;
        while let Some(Ok(frame)) = body.frame().await {
            discarded += frame.data_ref().map_or(0, Bytes::len);
            if discarded > DISCARD_BYTES {
                break;
            }
        }
    };
    let _ = timeout(DISCARD_TIME, reading).await;
}

#[cfg(test)]
mod tests;
