//! Ends what takes too long: invocations past their deadline and events nobody comes for.

use std::sync::Arc;

use leitwarte_host::clock;
use tokio::time::{Instant, sleep_until};

use super::outcome::timeout_error;
use super::state::{Running, Waiting};
use super::{Counters, End, Finished, Function, NotRun, Outcome};

impl Function {
    /// Runs as long as the function exists.
    pub(crate) async fn watchdog(self: Arc<Self>) {
        loop {
            let due = {
                let mut state = self.lock();
                state.watched_until = state.next_due();
                state.watched_until
            };
            match due {
                Some(due) => tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.hurry.notified() => {}
                },
                None => self.hurry.notified().await,
            }
            self.enforce(Instant::now());
        }
    }

    fn enforce(&self, now: Instant) {
        let (overdue, expired, kill) = {
            let mut state = self.lock();
            let overdue = state.overdue(now);
            if self.process.is_spawned() && !overdue.is_empty() {
                state.condemn(now);
            }
            (overdue, state.expired(now), state.execute_condemned(now))
        };
        if kill {
            self.process.kill();
        }
        let something_ended = !(overdue.is_empty() && expired.is_empty());
        for running in overdue {
            self.time_out(running, now);
        }
        for waiting in expired {
            self.turn_away(waiting);
        }
        if something_ended {
            self.quiet.notify_one();
        }
    }

    fn time_out(&self, running: Running, now: Instant) {
        let request_id = running.invocation.request_id;
        let document = timeout_error(request_id, self.spec.timeout, clock::now());
        self.conclude(running, End::TimedOut, Outcome::Error(document), now);
    }

    fn turn_away(&self, waiting: Waiting) {
        let request_id = waiting.invocation.request_id;
        tracing::debug!(function = self.name(), %request_id, outcome = "throttle", "no process came in time");
        Counters::add(&self.counters.throttled);
        let _ = waiting.reply.send(Finished::not_run(NotRun::Throttled));
    }
}
