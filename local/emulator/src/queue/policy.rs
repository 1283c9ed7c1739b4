//! When an asynchronous event is tried again and when it is given up.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>

use std::time::Duration;

use leitwarte_template::AsyncPolicy;

use super::event::DeathReason;
use crate::config::RetryDelays;
use crate::function::Outcome;

/// How far an event has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    pub(crate) attempts: i64,
    pub(crate) throttles: i64,
    pub(crate) expires_at_ms: i64,
}

/// What happens next to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Succeeded,
    Retry { at_ms: i64, attempts: i64, throttles: i64 },
    GiveUp { reason: DeathReason, attempts: i64 },
}

/// Decides by the outcome of an attempt that ended at `now_ms`.
pub(crate) fn decide(
    outcome: &Outcome,
    progress: Progress,
    policy: &AsyncPolicy,
    delays: &RetryDelays,
    now_ms: i64,
) -> Decision {
    let (delay, attempts, throttles) = match outcome {
        Outcome::Success(_) => return Decision::Succeeded,
        Outcome::Error(_) => {
            let attempts = progress.attempts + 1;
            if attempts > i64::from(policy.maximum_retry_attempts) {
                return Decision::GiveUp { reason: DeathReason::RetriesExhausted, attempts };
            }
            (after_function_error(attempts, delays), attempts, 0)
        }
        Outcome::NotRun(_) => (after_throttle(progress.throttles, delays), progress.attempts, progress.throttles + 1),
    };
    let at_ms = now_ms.saturating_add(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
    if at_ms >= progress.expires_at_ms {
        return Decision::GiveUp { reason: DeathReason::EventAgeExceeded, attempts };
    }
    Decision::Retry { at_ms, attempts, throttles }
}

fn after_function_error(attempts: i64, delays: &RetryDelays) -> Duration {
    let index = usize::try_from(attempts - 1).unwrap_or(0);
    delays.function_error.get(index).or(delays.function_error.last()).copied().unwrap_or_default()
}

fn after_throttle(throttles: i64, delays: &RetryDelays) -> Duration {
    let doublings = u32::try_from(throttles).unwrap_or(0).min(20);
    delays.throttle_first.saturating_mul(1 << doublings).min(delays.throttle_max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::NotRun;

    const NOW: i64 = 1_000_000;

    fn decide_after(outcome: &Outcome, attempts: i64, throttles: i64, expires_at_ms: i64) -> Decision {
        let policy = AsyncPolicy {
            maximum_retry_attempts: 2,
            maximum_event_age: Duration::from_hours(6),
            on_success: None,
            on_failure: None,
        };
        decide(outcome, Progress { attempts, throttles, expires_at_ms }, &policy, &RetryDelays::default(), NOW)
    }

    fn error() -> Outcome {
        Outcome::Error(bytes::Bytes::new())
    }

    #[test]
    fn function_errors_are_retried_after_one_and_two_minutes_and_then_given_up() {
        let first = decide_after(&error(), 0, 0, i64::MAX);
        assert_eq!(first, Decision::Retry { at_ms: NOW + 60_000, attempts: 1, throttles: 0 });
        let second = decide_after(&error(), 1, 0, i64::MAX);
        assert_eq!(second, Decision::Retry { at_ms: NOW + 120_000, attempts: 2, throttles: 0 });
        let third = decide_after(&error(), 2, 0, i64::MAX);
        assert_eq!(third, Decision::GiveUp { reason: DeathReason::RetriesExhausted, attempts: 3 });
    }

    #[test]
    fn throttles_are_retried_from_one_second_up_to_five_minutes_without_counting_as_attempts() {
        let throttled = Outcome::NotRun(NotRun::Throttled);
        let delays: Vec<_> = (0..12)
            .map(|throttles| match decide_after(&throttled, 1, throttles, i64::MAX) {
                Decision::Retry { at_ms, attempts: 1, .. } => (at_ms - NOW) / 1000,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    }

    #[test]
    fn an_event_that_would_be_too_old_at_its_next_attempt_is_given_up_now() {
        let decision = decide_after(&error(), 0, 0, NOW + 59_999);
        assert_eq!(decision, Decision::GiveUp { reason: DeathReason::EventAgeExceeded, attempts: 1 });
    }
}
