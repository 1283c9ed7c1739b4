//! How many licences are few: a number, or a share of those that are usable.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A number of licences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Limit {
    /// So many.
    Units(i64),
    /// So many of a hundred usable ones.
    Percent(u8),
}

/// Largest number that is believed.
const MOST_UNITS: i64 = 1_000_000;

/// A text that is no [`Limit`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no threshold: write a number of licences, such as 5, or a share of the usable ones, such as 10%")]
pub struct LimitError(String);

impl Limit {
    /// Whether so many free licences are no more than this.
    #[must_use]
    pub fn reaches(self, free: i64, usable: i64) -> bool {
        match self {
            Self::Units(units) => free <= units,
            // Compared without division, so that nothing is rounded: 10 % of 15 is 1.5, and 2 are more.
            Self::Percent(percent) => i128::from(free) * 100 <= i128::from(usable.max(0)) * i128::from(percent),
        }
    }
}

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let error = || LimitError(text.chars().take(40).collect());
        let text = text.trim();
        if let Some(percent) = text.strip_suffix('%') {
            let percent = percent.trim_end().parse().ok().filter(|percent| *percent <= 100);
            return percent.map(Self::Percent).ok_or_else(error);
        }
        let units = text.parse().ok().filter(|units| (0..=MOST_UNITS).contains(units));
        units.map(Self::Units).ok_or_else(error)
    }
}

impl TryFrom<String> for Limit {
    type Error = LimitError;

    fn try_from(text: String) -> Result<Self, LimitError> {
        text.parse()
    }
}

impl From<Limit> for String {
    fn from(limit: Limit) -> Self {
        limit.to_string()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Units(units) => write!(f, "{units}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_limit_is_written_as_a_number_or_a_share() {
        assert_eq!("5".parse(), Ok(Limit::Units(5)));
        assert_eq!(" 10 % ".parse(), Ok(Limit::Percent(10)));
        for wrong in ["", "-1", "101%", "five", "5.5", "%", "1000001"] {
            let error = wrong.parse::<Limit>().unwrap_err().to_string();
            assert!(error.contains("10%"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_share_is_not_rounded() {
        assert!(Limit::Percent(10).reaches(1, 15));
        assert!(!Limit::Percent(10).reaches(2, 15));
        assert!(Limit::Percent(10).reaches(0, 0), "of nothing, nothing is free");
        assert!(Limit::Percent(100).reaches(i64::MAX, i64::MAX));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(units in 0..=MOST_UNITS, percent in 0..=100_u8) {
            for limit in [Limit::Units(units), Limit::Percent(percent)] {
                prop_assert_eq!(limit.to_string().parse(), Ok(limit));
            }
        }

        #[test]
        fn fewer_free_licences_are_never_judged_better(free in any::<i64>(), usable in any::<i64>(), percent in 0..=100_u8) {
            let limit = Limit::Percent(percent);
            prop_assert!(!limit.reaches(free, usable) || limit.reaches(free.saturating_sub(1), usable));
        }
    }
}
