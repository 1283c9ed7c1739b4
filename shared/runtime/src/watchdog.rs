//! Ends this process when a handler outlives its deadline.
//!
//! A handler that blocks its thread cannot be cancelled from within the async runtime, so a plain thread
//! keeps the deadlines. The host starts a fresh process.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time after the deadline in which the host's own time-out is expected to act first.
const GRACE: Duration = Duration::from_secs(1);

/// Exit code of a process whose handler did not end; the one of `timeout(1)`.
const EXIT_CODE: i32 = 124;

/// Deadlines of the invocations in flight.
#[derive(Debug, Default)]
pub(crate) struct Watchdog {
    deadlines: Mutex<HashMap<u64, Instant>>,
    changed: Condvar,
}

/// One invocation under watch, until dropped.
#[derive(Debug)]
pub(crate) struct Watched {
    watchdog: Arc<Watchdog>,
    id: u64,
}

impl Watchdog {
    /// Starts the thread that calls `expired` once when any deadline has passed by more than the grace.
    pub(crate) fn start(expired: impl FnOnce() + Send + 'static) -> Arc<Self> {
        let watchdog = Arc::new(Self::default());
        let watched = Arc::clone(&watchdog);
        std::thread::spawn(move || {
            watched.wait_until_expired();
            expired();
        });
        watchdog
    }

    /// As [`Self::start`], ending the process.
    pub(crate) fn start_for_process() -> Arc<Self> {
        Self::start(|| {
            tracing::error!("a handler did not end by its deadline; ending this process so that a fresh one can start");
            std::process::exit(EXIT_CODE);
        })
    }

    /// Watches an invocation until the guard is dropped. `id` tells invocations of this process apart.
    pub(crate) fn watch(self: &Arc<Self>, id: u64, deadline: Instant) -> Watched {
        self.lock().insert(id, deadline);
        self.changed.notify_one();
        Watched { watchdog: Arc::clone(self), id }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Instant>> {
        self.deadlines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until_expired(&self) {
        let mut deadlines = self.lock();
        loop {
            let earliest = deadlines.values().min().map(|deadline| *deadline + GRACE);
            let left = earliest.map(|end| end.saturating_duration_since(Instant::now()));
            deadlines = match left {
                Some(Duration::ZERO) => return,
                Some(left) => self.changed.wait_timeout(deadlines, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(deadlines).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // The thread need not wake: it looks again when the removed deadline would have passed.
        self.watchdog.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn an_invocation_past_its_deadline_and_grace_expires() {
        let (sender, receiver) = mpsc::channel();
        let watchdog = Watchdog::start(move || sender.send(()).unwrap());
        let long_ago = Instant::now().checked_sub(GRACE * 2).unwrap();
        let _watched = watchdog.watch(1, long_ago);
        receiver.recv_timeout(Duration::from_secs(10)).expect("the watchdog should have fired");
    }

    #[test]
    fn an_invocation_that_ended_in_time_never_expires() {
        let (sender, receiver) = mpsc::channel();
        let watchdog = Watchdog::start(move || sender.send(()).unwrap());
        let soon = Instant::now().checked_sub(GRACE).unwrap() + Duration::from_millis(20);
        drop(watchdog.watch(1, soon));
        assert!(receiver.recv_timeout(Duration::from_millis(100)).is_err(), "the watchdog fired without reason");
    }
}
