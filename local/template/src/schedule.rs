//! When a schedule is due. Pure: the time comes in as an argument.
//!
//! A *slot* is an instant at which a schedule is due. `rate(…)` slots are the multiples of the period since the Unix
//! epoch, so that they do not depend on when a program was started.

mod cron;
mod rate;

use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::Schedule;
use cron::CronExpression;
use rate::Rate;

/// A checked `rate(…)` or `cron(…)` expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Rate(Rate),
    Cron(Box<CronExpression>),
}

/// What is wrong with a schedule expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// Neither `rate(…)` nor `cron(…)`.
    #[error("`{0}` is not a schedule; expected for example `rate(5 minutes)` or `cron(0 8 * * ? *)`")]
    Form(String),
    /// A bad `rate(…)`.
    #[error(
        "`rate({0})`: expected a positive number and minutes, hours or days, as in `rate(1 minute)` or `rate(5 minutes)`"
    )]
    Rate(String),
    /// A `cron(…)` without exactly six fields.
    #[error("`cron({0})`: expected six fields: minutes, hours, day of month, month, day of week, year")]
    FieldCount(String),
    /// One field of a `cron(…)`.
    #[error("`{value}` is no {field}: {expected}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        expected: String,
    },
    /// Both days given, or none.
    #[error("exactly one of day of month (`{day_of_month}`) and day of week (`{day_of_week}`) has to be `?`")]
    Days {
        /// Third field.
        day_of_month: String,
        /// Fifth field.
        day_of_week: String,
    },
    /// For example 31 February.
    #[error("`cron({0})` never comes due")]
    Never(String),
}

impl Expression {
    /// Reads an expression as EventBridge takes it.
    ///
    /// # Errors
    /// [`ExpressionError`] says which part is wrong and what is expected.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let text = text.trim();
        let inner = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        let kind = if let Some(fields) = inner("rate") {
            Kind::Rate(Rate::parse(fields)?)
        } else if let Some(fields) = inner("cron") {
            Kind::Cron(Box::new(CronExpression::parse(fields)?))
        } else {
            return Err(ExpressionError::Form(text.to_owned()));
        };
        Ok(Self { text: text.to_owned(), kind })
    }

    /// As written in the template.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is `rate(…)`.
    #[must_use]
    pub fn is_rate(&self) -> bool {
        matches!(self.kind, Kind::Rate(_))
    }

    /// The last slot at or before `now`. `None` before the first one.
    #[must_use]
    pub fn latest_slot(&self, now: DateTime<Utc>, time_zone: Tz) -> Option<DateTime<Utc>> {
        match &self.kind {
            Kind::Rate(rate) => rate.latest_slot(now),
            Kind::Cron(cron) => cron.latest_slot(now, time_zone),
        }
    }

    /// The first slot after `after`. `None` when there is no more.
    #[must_use]
    pub fn next_slot(&self, after: DateTime<Utc>, time_zone: Tz) -> Option<DateTime<Utc>> {
        match &self.kind {
            Kind::Rate(rate) => rate.next_slot(after),
            Kind::Cron(cron) => cron.next_slot(after, time_zone),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Schedule {
    /// The last slot at or before `now`. `None` before the first one. Does not look at `enabled`.
    #[must_use]
    pub fn latest_slot(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.expression.latest_slot(now, self.time_zone)
    }

    /// The first slot after `after`. `None` when there is no more. Does not look at `enabled`.
    #[must_use]
    pub fn next_slot(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.expression.next_slot(after, self.time_zone)
    }
}

#[cfg(test)]
mod tests;
