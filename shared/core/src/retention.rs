//! How long what is kept: the policy; the database carries it out.
//!
//! What is needed now never goes, however old: the current stock, open shortages with everything about them, messages that
//! wait, and what keeps a message from being written twice.

use chrono::{DateTime, TimeDelta, Utc};

use crate::forecast::WINDOW;

/// Fewest days of history: the forecast looks back at [`WINDOW`] of them.
pub const LEAST_HISTORY_DAYS: i64 = WINDOW + 4;

/// Polls that changed nothing are kept for a day: of a thousand tenants polled every five minutes that is 288 000 rows.
const UNEVENTFUL: TimeDelta = TimeDelta::days(1);

/// What is old is looked for so often; only polls are forgotten as they come.
const LOOK_AGAIN_AFTER: TimeDelta = TimeDelta::days(1);

/// Days for which each kind is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Polls that changed something or failed (`KEEP_POLLS_DAYS`).
    pub polls: i64,
    /// Changes of stock (`KEEP_HISTORY_DAYS`); the last state before that time stays, so that nothing is missing after it.
    pub history: i64,
    /// Shortages that are over, since their end, with what people did about them (`KEEP_INCIDENTS_DAYS`).
    pub incidents: i64,
    /// Messages that were sent, given up or called off (`KEEP_MESSAGES_DAYS`).
    pub messages: i64,
    /// Who did what, and changes of roles that are over (`KEEP_AUDIT_DAYS`).
    pub audit: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { polls: 30, history: 400, incidents: 730, messages: 90, audit: 400 }
    }
}

/// Before which moment each kind is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OlderThan {
    /// Polls that changed nothing.
    pub uneventful_polls: DateTime<Utc>,
    /// Other polls.
    pub polls: DateTime<Utc>,
    /// Changes of stock.
    pub history: DateTime<Utc>,
    /// Shortages that are over.
    pub incidents: DateTime<Utc>,
    /// Messages.
    pub messages: DateTime<Utc>,
    /// Who did what, and changes of roles.
    pub audit: DateTime<Utc>,
}

impl Retention {
    /// What is old now.
    #[must_use]
    pub fn older_than(&self, now: DateTime<Utc>) -> OlderThan {
        let days = |days: i64| now - TimeDelta::days(days.clamp(1, 100_000));
        let polls = days(self.polls);
        OlderThan {
            uneventful_polls: (now - UNEVENTFUL).max(polls),
            polls,
            history: days(self.history.max(LEAST_HISTORY_DAYS)),
            incidents: days(self.incidents),
            messages: days(self.messages),
            audit: days(self.audit),
        }
    }

    /// Whether it is time to look for what is old. A last time ahead of the clock (which was set back) does not count.
    #[must_use]
    pub fn is_due(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        last.is_none_or(|last| last > now || now - last >= LOOK_AGAIN_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
    }

    #[test]
    fn each_kind_has_its_own_time() {
        let old = Retention::default().older_than(now());
        let days = |at: DateTime<Utc>| (now() - at).num_days();
        let kept = [old.uneventful_polls, old.polls, old.history, old.incidents, old.messages, old.audit].map(days);
        assert_eq!(kept, [1, 30, 400, 730, 90, 400]);
    }

    #[test]
    fn it_is_looked_for_once_a_day() {
        let before = |hours| Some(now() - TimeDelta::hours(hours));
        assert!(Retention::is_due(None, now()) && Retention::is_due(before(24), now()));
        assert!(!Retention::is_due(before(23), now()));
        assert!(Retention::is_due(before(-1), now()), "the clock was set back");
    }

    proptest! {
        #[test]
        fn whatever_is_set_the_forecast_keeps_its_weeks(days in any::<i64>()) {
            let old = Retention { polls: days, history: days, incidents: days, messages: days, audit: days }.older_than(now());
            prop_assert!(now() - old.history > TimeDelta::days(WINDOW));
            prop_assert!(old.polls < now() && old.incidents < now() && old.messages < now() && old.audit < now());
        }
    }
}
