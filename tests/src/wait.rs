//! Waiting for something to become true, with a bound.

use std::future::Future;
use std::time::{Duration, Instant};

/// Asks `probe` until it answers `Some`, at most for `limit`.
///
/// # Panics
/// When the time is over, with `what` was waited for.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, limit: Duration, mut probe: impl FnMut() -> F) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(Instant::now() < end, "waited {} s in vain for {what}", limit.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
