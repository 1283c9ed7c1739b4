//! The end of an invocation: counted, told to its caller, and written down in one line.

use tokio::time::Instant;

use super::state::{Lane, Running};
use super::{Counters, Function, Outcome, summary};

/// Which way an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Its process reported how it went.
    Reported,
    /// It took longer than its timeout.
    TimedOut,
    /// Its process is gone.
    Crashed,
}

impl Function {
    /// Ends an invocation that was handed to a process.
    pub(super) fn conclude(&self, running: Running, end: End, outcome: Outcome, now: Instant) {
        let (counter, word) = match (end, &outcome) {
            (End::TimedOut, _) => (&self.counters.timed_out, "timeout"),
            (End::Crashed, _) => (&self.counters.crashed, "crash"),
            (End::Reported, Outcome::Success(_)) => (&self.counters.succeeded, "success"),
            (End::Reported, Outcome::Error(_) | Outcome::NotRun(_)) => (&self.counters.failed, "error"),
        };
        Counters::add(counter);
        let function = self.name();
        let request_id = running.invocation.request_id;
        let kind = match running.lane {
            Lane::Sync => "call",
            Lane::Async => "event",
        };
        let (waited, duration) = (running.waited(), now - running.started);
        self.counters.observe(duration);
        let (waited_ms, duration_ms) = (millis(waited), millis(duration));
        match &outcome {
            // Gateway and function write a line about it, too; here it would only double them.
            Outcome::Success(_) => {
                tracing::debug!(function, %request_id, kind, outcome = word, duration_ms, waited_ms, "invocation ended");
            }
            Outcome::Error(document) if end == End::Reported => {
                let error = summary(document);
                tracing::info!(
                    function, %request_id, kind, outcome = word, duration_ms, waited_ms, error, "invocation failed"
                );
            }
            Outcome::Error(document) => {
                let error = summary(document);
                let advice = match end {
                    End::TimedOut => "invocation timed out; raise Timeout in the template if it needs longer",
                    End::Crashed | End::Reported => "invocation failed because its process is gone",
                };
                tracing::warn!(function, %request_id, kind, outcome = word, duration_ms, waited_ms, error, "{advice}");
            }
            Outcome::NotRun(_) => {}
        }
        running.finish(outcome, now);
    }
}

/// Milliseconds with three decimals: many invocations take less than one.
fn millis(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
