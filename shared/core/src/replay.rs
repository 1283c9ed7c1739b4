//! What a rule would have done: how often it would have told of a shortage, and for how long.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::change::StockChange;
use crate::incident::Level;
use crate::rules::Rule;

/// A shortage that a rule would have told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Episode {
    /// When it would have begun; the start of the time looked at, if it had begun before.
    pub from: DateTime<Utc>,
    /// When it would have ended; `None` when it would last.
    pub until: Option<DateTime<Utc>>,
    /// It had begun before the time looked at, so that nobody would have been told in it.
    pub had_begun: bool,
}

/// Runs a rule over the changes of one product since `start`, in the order of time. `is_trial`: the tenant has it on trial
/// alone, as far as is known now.
#[must_use]
pub fn replay(
    changes: &[(DateTime<Utc>, StockChange)],
    rule: &Rule,
    count_warning_units: bool,
    is_trial: bool,
    start: DateTime<Utc>,
) -> Vec<Episode> {
    let before = changes.first().map(|(_, change)| (start, change.before.as_ref()));
    let states = before.into_iter().chain(changes.iter().map(|(at, change)| (*at, change.after.as_ref())));
    let mut episodes: Vec<Episode> = Vec::new();
    for (index, (at, stock)) in states.enumerate() {
        let level =
            stock.filter(|stock| rule.alerts(stock, is_trial)).map(|stock| rule.level(stock, count_warning_units));
        let open = episodes.last_mut().filter(|episode| episode.until.is_none());
        match (open, level) {
            (None, Some(Level::Short)) => episodes.push(Episode { from: at, until: None, had_begun: index == 0 }),
            (Some(episode), Some(Level::Clear) | None) => episode.until = Some(at),
            _ => {}
        }
    }
    episodes
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::rules::Definition;
    use crate::stock::LicenceStock;
    use crate::stock::samples::stock;
    use crate::threshold::Limit;

    fn at(days: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + days)
    }

    /// Ten licences, of which so many are free on each day.
    fn history(free: &[i64]) -> Vec<(DateTime<Utc>, StockChange)> {
        let of = |free: i64| Some(LicenceStock { warning: 0, ..stock(1, 10, 10 - free) });
        let days = (1..).zip(free.windows(2));
        days.map(|(day, pair)| {
            (at(day), StockChange { sku_id: Uuid::from_u128(1), before: of(pair[0]), after: of(pair[1]) })
        })
        .collect()
    }

    fn rule(short: i64, clear: i64) -> Rule {
        let limit = |units| Some(Limit::Units(units));
        Definition { short_at: limit(short), clear_above: limit(clear), ..Definition::default() }
    }

    #[test]
    fn each_shortage_is_one_episode_with_its_end() {
        let episodes = replay(&history(&[3, 0, 0, 4, 1, 0]), &rule(0, 0), true, false, at(0));
        let shown: Vec<_> = episodes.iter().map(|one| (one.from, one.until, one.had_begun)).collect();
        assert_eq!(shown, [(at(1), Some(at(3)), false), (at(5), None, false)]);
    }

    #[test]
    fn a_wider_threshold_tells_earlier_and_hysteresis_joins_what_flickers() {
        let history = history(&[5, 2, 3, 2, 3, 2, 6]);
        assert_eq!(replay(&history, &rule(2, 2), true, false, at(0)).len(), 3);
        assert_eq!(replay(&history, &rule(2, 5), true, false, at(0)).len(), 1);
    }

    #[test]
    fn a_shortage_that_had_begun_before_is_marked() {
        assert!(replay(&history(&[0, 0, 3]), &rule(0, 0), true, false, at(0))[0].had_begun);
    }

    proptest! {
        #[test]
        fn episodes_follow_each_other_and_only_the_last_may_last(
            free in prop::collection::vec(-2..10_i64, 2..60), short in 0..5_i64, more in 0..4_i64,
        ) {
            let episodes = replay(&history(&free), &rule(short, short + more), true, false, at(0));
            prop_assert!(episodes.iter().rev().skip(1).all(|one| one.until.is_some()));
            prop_assert!(episodes.windows(2).all(|pair| pair[0].until.is_some_and(|until| until < pair[1].from)));
            // Without hysteresis there are at least as many.
            prop_assert!(replay(&history(&free), &rule(short, short), true, false, at(0)).len() >= episodes.len());
        }
    }
}
