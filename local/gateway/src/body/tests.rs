use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use http_body_util::channel::Channel;
use proptest::prelude::*;

use super::{BodyError, BodyMemory, SMALL_BYTES};

const LIMIT: usize = 100 * 1024;
const TIME: Duration = Duration::from_secs(10);

fn body(bytes: usize) -> Full<Bytes> {
    Full::new(Bytes::from(vec![7; bytes]))
}

/// The same, in pieces and without saying how long it will be.
fn chunked(pieces: usize, bytes: usize) -> impl hyper::body::Body<Data = Bytes> + Unpin {
    let (mut sender, channel) = Channel::<Bytes, std::convert::Infallible>::new(pieces.max(1));
    for _ in 0..pieces {
        assert!(sender.try_send(hyper::body::Frame::data(Bytes::from(vec![7; bytes]))).is_ok());
    }
    channel
}

#[tokio::test]
async fn a_body_up_to_the_limit_is_read_and_a_larger_one_refused() {
    let memory = BodyMemory::new(LIMIT);
    assert_eq!(memory.read(body(0), LIMIT, TIME).await.unwrap().bytes.len(), 0);
    assert_eq!(memory.read(body(LIMIT), LIMIT, TIME).await.unwrap().bytes.len(), LIMIT);
    assert_eq!(memory.read(body(LIMIT + 1), LIMIT, TIME).await.unwrap_err(), BodyError::TooLarge);
    assert_eq!(memory.read(chunked(10, 10), LIMIT, TIME).await.unwrap().bytes.len(), 100);
    assert_eq!(memory.read(chunked(11, LIMIT / 10), LIMIT, TIME).await.unwrap_err(), BodyError::TooLarge);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up() {
    let (_sender, channel) = Channel::<Bytes, std::convert::Infallible>::new(1);
    let memory = BodyMemory::new(LIMIT);
    assert_eq!(memory.read(channel, LIMIT, TIME).await.unwrap_err(), BodyError::TooSlow);
}

#[tokio::test]
async fn large_bodies_share_one_memory_and_small_ones_need_none() {
    let memory = BodyMemory::new(2 * LIMIT);
    let first = memory.read(body(LIMIT), LIMIT, TIME).await.unwrap();
    let _second = memory.read(body(LIMIT), LIMIT, TIME).await.unwrap();
    assert_eq!(memory.read(body(LIMIT), LIMIT, TIME).await.unwrap_err(), BodyError::NoMemory);
    assert!(memory.read(body(SMALL_BYTES), LIMIT, TIME).await.is_ok());
    drop(first);
    assert!(memory.read(body(LIMIT), LIMIT, TIME).await.is_ok());
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_body() {
    let (mut sender, channel) = Channel::new(1);
    sender.send_data(Bytes::from_static(b"x")).await.unwrap();
    sender.abort(std::io::Error::other("gone"));
    let memory = BodyMemory::new(LIMIT);
    assert_eq!(memory.read(channel, LIMIT, TIME).await.unwrap_err(), BodyError::Broken);
}

proptest! {
    #[test]
    fn pieces_are_put_together_in_order(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..10)) {
        let (mut sender, channel) = Channel::<Bytes, std::convert::Infallible>::new(pieces.len().max(1));
        for piece in &pieces {
            prop_assert!(sender.try_send(hyper::body::Frame::data(Bytes::from(piece.clone()))).is_ok());
        }
        drop(sender);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let read = runtime.block_on(BodyMemory::new(LIMIT).read(channel, LIMIT, TIME)).unwrap();
        prop_assert_eq!(read.bytes, pieces.concat());
    }
}
