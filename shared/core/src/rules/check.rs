//! Whether a rule can be meant.

use super::Definition;
use crate::threshold::Limit;

/// Largest reserve that is believed.
pub const MOST_RESERVED: i64 = 1_000_000;
/// Longest delivery that is believed, in days.
pub const LONGEST_DELIVERY_DAYS: u32 = 365;
/// Longest reason for an exclusion, in characters.
pub const LONGEST_REASON: usize = 500;

/// A rule that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A shortage that would end before it begins.
    #[error("a shortage cannot end above {clear} when it begins at {short}; let it end above at least {short}")]
    EndsBeforeItBegins {
        /// Where it begins.
        short: Limit,
        /// Above which it ends.
        clear: Limit,
    },
    /// Negative, or more than anybody keeps.
    #[error("a reserve is of 0 to {MOST_RESERVED} licences, not of {0}")]
    Reserve(i64),
    /// Longer than anybody waits.
    #[error("a delivery takes 0 to {LONGEST_DELIVERY_DAYS} days, not {0}")]
    DeliveryDays(u32),
    /// Nothing, or a book.
    #[error("the reason of an exclusion has 1 to {LONGEST_REASON} characters, not {0}")]
    Reason(usize),
}

impl Definition {
    /// Checks every setting by itself, and those that belong together.
    ///
    /// # Errors
    /// The first thing wrong, in words.
    pub fn check(&self) -> Result<(), RuleError> {
        match (self.short_at, self.clear_above) {
            (Some(short @ Limit::Units(begin)), Some(clear @ Limit::Units(end))) if end < begin => {
                return Err(RuleError::EndsBeforeItBegins { short, clear });
            }
            (Some(short @ Limit::Percent(begin)), Some(clear @ Limit::Percent(end))) if end < begin => {
                return Err(RuleError::EndsBeforeItBegins { short, clear });
            }
            _ => {}
        }
        if let Some(reserve) = self.reserve.filter(|reserve| !(0..=MOST_RESERVED).contains(reserve)) {
            return Err(RuleError::Reserve(reserve));
        }
        if let Some(days) = self.delivery_days.filter(|days| *days > LONGEST_DELIVERY_DAYS) {
            return Err(RuleError::DeliveryDays(days));
        }
        if let Some(reason) = &self.excluded {
            let length = reason.trim().chars().count();
            if !(1..=LONGEST_REASON).contains(&length) {
                return Err(RuleError::Reason(length));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_is_a_rule() {
        assert_eq!(Definition::default().check(), Ok(()));
    }

    #[test]
    fn a_shortage_cannot_end_before_it_begins() {
        let rule =
            |short, clear| Definition { short_at: Some(short), clear_above: Some(clear), ..Definition::default() };
        assert_eq!(rule(Limit::Units(5), Limit::Units(5)).check(), Ok(()));
        assert_eq!(rule(Limit::Units(50), Limit::Percent(5)).check(), Ok(()), "these cannot be compared");
        let words = rule(Limit::Percent(10), Limit::Percent(9)).check().unwrap_err().to_string();
        assert!(words.contains("above 9% when it begins at 10%"), "{words}");
        assert!(rule(Limit::Units(5), Limit::Units(4)).check().is_err());
    }

    #[test]
    fn numbers_and_reasons_have_bounds() {
        let default = Definition::default;
        for (rule, good) in [
            (Definition { reserve: Some(0), ..default() }, true),
            (Definition { reserve: Some(-1), ..default() }, false),
            (Definition { reserve: Some(MOST_RESERVED + 1), ..default() }, false),
            (Definition { delivery_days: Some(365), ..default() }, true),
            (Definition { delivery_days: Some(366), ..default() }, false),
            (Definition { excluded: Some("ends in May".to_owned()), ..default() }, true),
            (Definition { excluded: Some("  ".to_owned()), ..default() }, false),
            (Definition { excluded: Some("x".repeat(501)), ..default() }, false),
        ] {
            assert_eq!(rule.check().is_ok(), good, "{rule:?}");
        }
    }
}
