//! What is counted about a function.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the duration histogram, in milliseconds.
pub(crate) const BUCKETS_MS: [u64; 10] = [1, 5, 10, 50, 100, 500, 1000, 5000, 30_000, 300_000];

/// Counters of one function since the emulator started.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) succeeded: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) timed_out: AtomicU64,
    pub(crate) crashed: AtomicU64,
    pub(crate) throttled: AtomicU64,
    pub(crate) dead_letters: AtomicU64,
    pub(crate) buckets: [AtomicU64; BUCKETS_MS.len()],
    pub(crate) duration_us: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }

    /// Counts an invocation that ended after `duration` into its bucket.
    pub(crate) fn observe(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.duration_us.fetch_add(micros, Ordering::Relaxed);
        if let Some(index) = BUCKETS_MS.iter().position(|bound| micros <= bound * 1000) {
            Self::add(&self.buckets[index]);
        }
    }
}
