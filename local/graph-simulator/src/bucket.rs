//! Graph's and SharePoint's throttling: token buckets, one of each per tenant.

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
        self.take_units(throttle, 1.0, now).map(drop)
    }

    /// Takes so many units out of the bucket and says how many are left, or how many whole seconds to wait for them.
    pub(crate) fn take_units(&mut self, throttle: Throttle, units: f64, now: Instant) -> Result<f64, u64> {
        let capacity = f64::from(throttle.capacity);
        let level = match self.level {
            None => capacity,
            Some((level, at)) => {
                (level + now.saturating_duration_since(at).as_secs_f64() * throttle.per_second).min(capacity)
            }
        };
        // More than the bucket ever holds would never be let through.
        let units = units.min(capacity);
        if level >= units {
            self.level = Some((level - units, now));
            return Ok(level - units);
        }
        self.level = Some((level, now));
        Err(whole_seconds((units - level) / throttle.per_second))
    }

    /// Counts a request that was refused, too, as SharePoint does, and says how many whole seconds to wait now. The
    /// debt is at most a full bucket.
    pub(crate) fn overdraw(&mut self, throttle: Throttle, units: f64, now: Instant) -> u64 {
        let capacity = f64::from(throttle.capacity);
        let level = self.level.map_or(capacity, |(level, _)| level);
        let level = (level - units).max(-capacity);
        self.level = Some((level, now));
        whole_seconds((units.min(capacity) - level) / throttle.per_second)
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
    fn units_are_counted_and_what_is_left_is_told() {
        let throttle = Throttle { capacity: 5, per_second: 1.0 };
        let mut bucket = Bucket::default();
        let start = Instant::now();
        assert_eq!(bucket.take_units(throttle, 2.0, start), Ok(3.0));
        assert_eq!(bucket.take_units(throttle, 2.0, start), Ok(1.0));
        assert_eq!(bucket.take_units(throttle, 2.0, start), Err(1));
        assert_eq!(bucket.take_units(throttle, 1.0, start), Ok(0.0));
    }

    #[test]
    fn knocking_while_refused_makes_the_wait_longer_up_to_a_limit() {
        let throttle = Throttle { capacity: 4, per_second: 1.0 };
        let mut bucket = Bucket::default();
        let start = Instant::now();
        assert_eq!(bucket.take_units(throttle, 4.0, start), Ok(0.0));
        let waits: Vec<u64> = (0..4).map(|_| bucket.overdraw(throttle, 2.0, start)).collect();
        assert_eq!(waits, [4, 6, 6, 6]);
        assert_eq!(bucket.take_units(throttle, 2.0, start + Duration::from_secs(5)), Err(1));
        assert_eq!(bucket.take_units(throttle, 2.0, start + Duration::from_secs(6)), Ok(0.0));
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
