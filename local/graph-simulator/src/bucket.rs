//! Graph's throttling: one token bucket per tenant.

use tokio::time::Instant;

use crate::config::Throttle;

/// How full a tenant's bucket is.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// Requests left and when that was counted; `None`: full.
    level: Option<(f64, Instant)>,
}

impl Bucket {
    /// Takes one request out of the bucket, or says how many whole seconds to wait for the next one.
    pub(crate) fn take(&mut self, throttle: Throttle, now: Instant) -> Result<(), u64> {
        let capacity = f64::from(throttle.capacity);
        let level = match self.level {
            None => capacity,
            Some((level, at)) => {
                (level + now.saturating_duration_since(at).as_secs_f64() * throttle.per_second).min(capacity)
            }
        };
        if level >= 1.0 {
            self.level = Some((level - 1.0, now));
            return Ok(());
        }
        self.level = Some((level, now));
        Err(whole_seconds((1.0 - level) / throttle.per_second))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=3600 first")]
fn whole_seconds(seconds: f64) -> u64 {
    seconds.ceil().clamp(1.0, 3600.0) as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_empty_bucket_says_when_to_come_back_and_then_keeps_its_word() {
        let throttle = Throttle { capacity: 2, per_second: 0.5 };
        let mut bucket = Bucket::default();
        let start = Instant::now();
        assert_eq!(bucket.take(throttle, start), Ok(()));
        assert_eq!(bucket.take(throttle, start), Ok(()));
        assert_eq!(bucket.take(throttle, start), Err(2));
        assert_eq!(bucket.take(throttle, start + Duration::from_secs(1)), Err(1));
        assert_eq!(bucket.take(throttle, start + Duration::from_secs(2)), Ok(()));
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_capacity() {
        let throttle = Throttle { capacity: 1, per_second: 10.0 };
        let mut bucket = Bucket::default();
        let start = Instant::now();
        assert_eq!(bucket.take(throttle, start), Ok(()));
        let later = start + Duration::from_mins(1);
        assert_eq!(bucket.take(throttle, later), Ok(()));
        assert_eq!(bucket.take(throttle, later), Err(1));
    }
}
