//! `rate(5 minutes)`.

use chrono::{DateTime, Utc};

use super::ExpressionError;

/// A fixed period; its slots are the multiples of the period since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rate {
    period_ms: i64,
}

impl Rate {
    /// Singular for one and plural for more, as EventBridge has it; EventBridge Scheduler also takes `1 minutes`.
    pub(super) fn parse(fields: &str) -> Result<Self, ExpressionError> {
        let bad = || ExpressionError::Rate(fields.to_owned());
        let mut words = fields.split_whitespace();
        let (Some(value), Some(unit), None) = (words.next(), words.next(), words.next()) else { return Err(bad()) };
        if !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(bad());
        }
        let value: u32 = value.parse().map_err(|_| bad())?;
        let minutes: i64 = match (unit, value) {
            (_, 0) => return Err(bad()),
            ("minute", 1) | ("minutes", _) => 1,
            ("hour", 1) | ("hours", _) => 60,
            ("day", 1) | ("days", _) => 24 * 60,
            _ => return Err(bad()),
        };
        Ok(Self { period_ms: i64::from(value) * minutes * 60_000 })
    }

    pub(super) fn latest_slot(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let periods = now.timestamp_millis().div_euclid(self.period_ms);
        DateTime::from_timestamp_millis(periods.checked_mul(self.period_ms)?)
    }

    pub(super) fn next_slot(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let periods = after.timestamp_millis().div_euclid(self.period_ms).checked_add(1)?;
        DateTime::from_timestamp_millis(periods.checked_mul(self.period_ms)?)
    }
}
