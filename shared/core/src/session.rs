//! How long a session in a browser lasts.

use chrono::{DateTime, TimeDelta, Utc};

/// A session nobody uses ends after this time.
pub const IDLE: TimeDelta = TimeDelta::minutes(30);

/// Every session ends after this time.
pub const LONGEST: TimeDelta = TimeDelta::hours(8);

/// That a session is used is written down at most this often.
pub const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(1);

/// A clock that was set back by more makes sessions begin in the future; those do not count.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(2);

/// When a session began, was last used, and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimes {
    /// Sign-in.
    pub created_at: DateTime<Utc>,
    /// Last use that was written down.
    pub last_seen_at: DateTime<Utc>,
    /// End, however much it is used.
    pub ends_at: DateTime<Utc>,
}

impl SessionTimes {
    /// A session that begins now.
    #[must_use]
    pub fn beginning(now: DateTime<Utc>) -> Self {
        Self { created_at: now, last_seen_at: now, ends_at: now + LONGEST }
    }

    /// Whether the session may still be used.
    #[must_use]
    pub fn is_alive(&self, now: DateTime<Utc>) -> bool {
        now < self.ends_at && now - self.last_seen_at < IDLE && self.created_at - now <= CLOCK_TOLERANCE
    }

    /// Whether this use is to be written down.
    #[must_use]
    pub fn wants_touch(&self, now: DateTime<Utc>) -> bool {
        now - self.last_seen_at >= TOUCH_EVERY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive_after(minutes: i64) -> bool {
        let begin = DateTime::UNIX_EPOCH;
        SessionTimes::beginning(begin).is_alive(begin + TimeDelta::minutes(minutes))
    }

    #[test]
    fn a_session_ends_after_thirty_idle_minutes() {
        assert!(alive_after(0) && alive_after(29));
        assert!(!alive_after(30));
    }

    #[test]
    fn a_session_in_use_ends_after_eight_hours() {
        let mut times = SessionTimes::beginning(DateTime::UNIX_EPOCH);
        times.last_seen_at += TimeDelta::minutes(8 * 60 - 1);
        assert!(times.is_alive(times.last_seen_at));
        assert!(!times.is_alive(times.last_seen_at + TimeDelta::minutes(1)));
    }

    #[test]
    fn a_session_of_the_future_does_not_count() {
        assert!(alive_after(-2));
        assert!(!alive_after(-3));
    }

    #[test]
    fn use_is_written_down_once_a_minute() {
        let times = SessionTimes::beginning(DateTime::UNIX_EPOCH);
        assert!(!times.wants_touch(DateTime::UNIX_EPOCH + TimeDelta::seconds(59)));
        assert!(times.wants_touch(DateTime::UNIX_EPOCH + TimeDelta::seconds(60)));
    }
}
