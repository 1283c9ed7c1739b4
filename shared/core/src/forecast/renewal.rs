//! Licences that end unless they are renewed, beside the trend. They do not move the day of a forecast, because most
//! subscriptions renew themselves and Microsoft does not say which: what is said is what would be missing.

use std::fmt::Write as _;

use chrono::NaiveDate;
use serde::Serialize;

use super::Outlook;
use crate::message::words::Language;
use crate::subscription::{Ending, Then};

/// An end within so many days is put in words.
pub const NOTICE_DAYS: i64 = 60;

/// Licences that end on a day, and what would be left then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Renewal {
    /// What ends.
    #[serde(flatten)]
    pub ending: Ending,
    /// Licences left on that day if nothing is renewed until then and the trend goes on; negative: so many are missing.
    pub free_units_then: i64,
}

/// What would be left at each ending, in the order of time. `free` is what is left now, the reserve taken off.
#[must_use]
pub fn renewals(endings: &[Ending], free: i64, outlook: &Outlook, today: NaiveDate) -> Vec<Renewal> {
    let per_day = match outlook {
        Outlook::RunsOut(forecast) => forecast.per_week / 7.0,
        Outlook::Exhausted | Outlook::Silent { .. } => 0.0,
    };
    let mut left = free;
    let after = |ending: &Ending| {
        if ending.then == Then::Unusable {
            left = left.saturating_sub(ending.licences);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "counts and days are small")]
        let grown = ((ending.on - today).num_days().max(0) as f64 * per_day).ceil() as i64;
        Renewal { ending: *ending, free_units_then: left.saturating_sub(grown) }
    };
    endings.iter().map(after).collect()
}

impl Renewal {
    /// Whether licences would be missing without a renewal.
    #[must_use]
    pub fn runs_short(&self) -> bool {
        self.ending.then == Then::Unusable && self.free_units_then < 0
    }

    /// In words.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        let Self { ending: Ending { on, licences, then }, free_units_then } = self;
        let one = *licences == 1;
        let mut text = match language {
            Language::De => {
                let subject = if one { "Lizenz endet" } else { "Lizenzen enden" };
                format!("{licences} {subject} am {on}, wenn niemand sie erneuert")
            }
            Language::En => {
                let subject = if one { "licence ends" } else { "licences end" };
                format!("{licences} {subject} on {on} unless renewed")
            }
        };
        // Writing to a string cannot fail.
        let _ = match (then, language) {
            (Then::Grace, Language::De) => write!(text, " (danach noch eine Frist lang nutzbar)"),
            (Then::Grace, Language::En) => write!(text, " (usable for a grace period after that)"),
            (Then::Unusable, _) if !self.runs_short() => Ok(()),
            (Then::Unusable, Language::De) => match free_units_then.saturating_neg() {
                1 => write!(text, "; dann fehlt 1"),
                missing => write!(text, "; dann fehlen {missing}"),
            },
            (Then::Unusable, Language::En) => match free_units_then.saturating_neg() {
                1 => write!(text, "; then 1 is missing"),
                missing => write!(text, "; then {missing} are missing"),
            },
        };
        text + "."
    }
}

/// Those within [`NOTICE_DAYS`] in words; empty when there is none.
#[must_use]
pub fn words(renewals: &[Renewal], today: NaiveDate, language: Language) -> String {
    let soon = renewals.iter().filter(|one| (one.ending.on - today).num_days() <= NOTICE_DAYS);
    soon.map(|one| one.words(language)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;
    use crate::forecast::{Forecast, Silence};

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 28).unwrap()
    }

    fn ending(days: u64, licences: i64, then: Then) -> Ending {
        Ending { on: today() + Days::new(days), licences, then }
    }

    const SILENT: Outlook = Outlook::Silent { why: Silence::NoGrowth };

    fn growing(per_week: f64) -> Outlook {
        Outlook::RunsOut(Forecast {
            per_week,
            days_seen: 56,
            free: 10,
            days_left: 10,
            margin_days: 2,
            on: today() + Days::new(10),
            order_by: None,
            delivery_days: None,
        })
    }

    #[test]
    fn what_ends_is_told_with_what_would_be_missing() {
        let found = renewals(&[ending(10, 25, Then::Unusable)], 5, &SILENT, today());
        assert_eq!((found[0].free_units_then, found[0].runs_short()), (-20, true));
        assert_eq!(
            words(&found, today(), Language::En),
            "25 licences end on 2026-12-08 unless renewed; then 20 are missing."
        );
        assert_eq!(
            words(&found, today(), Language::De),
            "25 Lizenzen enden am 2026-12-08, wenn niemand sie erneuert; dann fehlen 20."
        );
    }

    #[test]
    fn a_grace_period_takes_nothing_away_yet() {
        let found = renewals(&[ending(10, 25, Then::Grace), ending(20, 1, Then::Unusable)], 5, &SILENT, today());
        assert_eq!([found[0].free_units_then, found[1].free_units_then], [5, 4]);
        assert!(!found.iter().any(Renewal::runs_short));
        let words = words(&found, today(), Language::En);
        assert!(words.contains("usable for a grace period") && words.contains("1 licence ends on"), "{words}");
    }

    #[test]
    fn growth_until_then_counts() {
        let found = renewals(&[ending(14, 3, Then::Unusable)], 8, &growing(3.0), today());
        assert_eq!(found[0].free_units_then, 8 - 3 - 6);
    }

    #[test]
    fn what_ends_later_than_in_two_months_is_known_and_not_put_in_words() {
        let found = renewals(&[ending(61, 25, Then::Unusable)], 5, &SILENT, today());
        assert_eq!((found.len(), words(&found, today(), Language::En)), (1, String::new()));
    }

    proptest! {
        #[test]
        fn less_is_left_the_more_ends_and_nothing_panics(
            list in prop::collection::vec((0..400_u64, 0..1000_i64, any::<bool>()), 0..10),
            free in any::<i64>(), per_week in 0.0..1000.0_f64,
        ) {
            let mut endings: Vec<Ending> = list
                .into_iter()
                .map(|(days, licences, grace)| ending(days, licences, if grace { Then::Grace } else { Then::Unusable }))
                .collect();
            endings.sort_by_key(|ending| ending.on);
            let found = renewals(&endings, free, &growing(per_week), today());
            prop_assert!(found.windows(2).all(|pair| pair[0].free_units_then >= pair[1].free_units_then));
            prop_assert!(found.iter().all(|one| one.free_units_then <= free));
            let _ = (words(&found, today(), Language::De), words(&found, today(), Language::En));
        }
    }
}
