//! Reads request bodies in bounded size and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tokio::time::timeout;

/// How much of a body that is too large is read and thrown away. A client writes its whole request before it reads
/// the answer; if nobody read it, the client would see a broken connection instead of the error.
const MAX_DRAINED: usize = 64 * 1024 * 1024;
/// How long a client may take to send a body.
const MAX_TIME: Duration = Duration::from_mins(1);

/// A body that could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It has at least this many bytes, more than allowed.
    TooLarge(usize),
    /// The client stopped sending.
    Broken,
}

/// The whole body, if it has at most `limit` bytes.
pub(crate) async fn read(body: impl Body<Data = Bytes> + Unpin, limit: usize) -> Result<Bytes, BodyError> {
    timeout(MAX_TIME, collect(body, limit)).await.unwrap_or(Err(BodyError::Broken))
}

async fn collect(mut body: impl Body<Data = Bytes> + Unpin, limit: usize) -> Result<Bytes, BodyError> {
    let Some(first) = next_data(&mut body).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() && first.len() <= limit {
        return Ok(first);
    }
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut size = first.len();
    let mut whole = BytesMut::with_capacity(size.saturating_add(announced).min(limit));
    whole.extend_from_slice(&first[..size.min(limit)]);
    while let Some(data) = next_data(&mut body).await? {
        size += data.len();
        if size <= limit {
            whole.extend_from_slice(&data);
        } else if size > MAX_DRAINED {
            break;
        }
    }
    if size > limit { Err(BodyError::TooLarge(size)) } else { Ok(whole.freeze()) }
}

async fn next_data(body: &mut (impl Body<Data = Bytes> + Unpin)) -> Result<Option<Bytes>, BodyError> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(_)) => return Err(BodyError::Broken),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}
