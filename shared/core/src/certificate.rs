//! When people are told that a certificate ends.

use chrono::{DateTime, Utc};

/// Days before the end at which people are told, the last of them when it is over. Source: the system before told below
/// 7 days; two months and one leave time for an appointment with the customer.
pub const TOLD_AT: [i64; 4] = [60, 30, 7, 0];

/// Days until the end, a begun one counted; zero or less when it is over.
#[must_use]
pub fn days_left(ends_at: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    let left = ends_at - now;
    // Rounded up: what ends in an hour has not ended.
    left.num_days() + i64::from(left > chrono::TimeDelta::days(left.num_days()))
}

/// Which of [`TOLD_AT`] has been reached: the most urgent one. A machine that was off for a month tells that one alone.
#[must_use]
pub fn reached(days_left: i64) -> Option<i64> {
    TOLD_AT.into_iter().filter(|at| days_left <= *at).min()
}

/// Those that must not have been told if `reached` is to be told now: a clock that was set back tells nothing milder.
pub fn at_least_as_urgent(reached: i64) -> impl Iterator<Item = i64> {
    TOLD_AT.into_iter().filter(move |at| *at <= reached)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
    }

    #[test]
    fn a_day_that_has_begun_counts_and_an_end_that_has_come_is_zero() {
        let left = |time| days_left(now() + time, now());
        assert_eq!(left(TimeDelta::hours(1)), 1);
        assert_eq!(left(TimeDelta::days(7)), 7);
        assert_eq!(left(TimeDelta::days(7) + TimeDelta::seconds(1)), 8);
        assert_eq!(left(TimeDelta::zero()), 0);
        assert_eq!(left(-TimeDelta::hours(1)), 0);
        assert_eq!(left(-TimeDelta::days(3)), -3);
    }

    #[test]
    fn each_mark_is_reached_on_its_day() {
        let marks = [61, 60, 31, 30, 8, 7, 1, 0, -5].map(reached);
        assert_eq!(marks, [None, Some(60), Some(60), Some(30), Some(30), Some(7), Some(7), Some(0), Some(0)]);
    }

    proptest! {
        /// Looking at any times, in any order: no mark is told twice, none after a more urgent one, and whoever looks on
        /// the last day has told that it is over.
        #[test]
        fn no_mark_is_told_twice_and_none_after_a_more_urgent_one(mut looks in prop::collection::vec(-10..80_i64, 1..40)) {
            looks.push(0);
            let mut told: Vec<i64> = Vec::new();
            for left in looks {
                if let Some(mark) = reached(left)
                    && !at_least_as_urgent(mark).any(|at| told.contains(&at))
                {
                    told.push(mark);
                }
            }
            prop_assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len());
            prop_assert!(told.is_sorted_by(|one, next| one > next), "{:?}", told);
            prop_assert_eq!(told.last(), Some(&0));
        }
    }
}
