//! What happened to a product between two polls, in words a person would use: bought, assigned, suspended.

use serde::Serialize;

use crate::change::StockChange;
use crate::message::words::Language;
use crate::stock::CapabilityStatus;

/// One thing that happened. Counts are licences and above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "what", content = "licences", rename_all = "snake_case")]
pub enum Happening {
    /// The tenant has the product now.
    New,
    /// It has it no more.
    Gone,
    /// More in force.
    Bought(i64),
    /// Fewer in force.
    Cancelled(i64),
    /// More in their grace period: expired, still usable.
    IntoGrace(i64),
    /// Fewer in their grace period: renewed, or over.
    OutOfGrace(i64),
    /// More suspended.
    Suspended(i64),
    /// Fewer suspended.
    Resumed(i64),
    /// More locked out.
    LockedOut(i64),
    /// Fewer locked out.
    Unlocked(i64),
    /// More assigned to people.
    Assigned(i64),
    /// Fewer assigned to people.
    Released(i64),
    /// The subscription is in another state.
    Status(CapabilityStatus),
}

/// Makes a [`Happening`] of a count.
type Kind = fn(i64) -> Happening;

/// Everything that happened in one change, what was bought before what was assigned.
#[must_use]
pub fn happenings(change: &StockChange) -> Vec<Happening> {
    use Happening as H;
    let (before, after) = match (&change.before, &change.after) {
        (Some(before), Some(after)) => (before, after),
        (None, Some(after)) => {
            let mut found = vec![H::New];
            found.extend((after.enabled > 0).then_some(H::Bought(after.enabled)));
            found.extend((after.consumed > 0).then_some(H::Assigned(after.consumed)));
            return found;
        }
        (Some(_), None) => return vec![H::Gone],
        (None, None) => return Vec::new(),
    };
    let counts: [(i64, i64, Kind, Kind); 5] = [
        (before.enabled, after.enabled, H::Bought, H::Cancelled),
        (before.warning, after.warning, H::IntoGrace, H::OutOfGrace),
        (before.suspended, after.suspended, H::Suspended, H::Resumed),
        (before.locked_out, after.locked_out, H::LockedOut, H::Unlocked),
        (before.consumed, after.consumed, H::Assigned, H::Released),
    ];
    let mut found: Vec<Happening> = Vec::new();
    for (before, after, more, fewer) in counts {
        match after.saturating_sub(before) {
            0 => {}
            grown @ 1.. => found.push(more(grown)),
            shrunk => found.push(fewer(shrunk.saturating_neg())),
        }
    }
    if before.capability_status != after.capability_status {
        found.push(H::Status(after.capability_status));
    }
    found
}

impl Happening {
    /// In words.
    #[must_use]
    pub fn words(self, language: Language) -> String {
        let (german, english, count) = match self {
            Self::New => return language.pick("neu", "new").to_owned(),
            Self::Gone => return language.pick("nicht mehr da", "gone").to_owned(),
            Self::Status(status) => return format!("{} {}", language.pick("jetzt", "now"), status.as_str()),
            Self::Bought(count) => ("gekauft", "bought", count),
            Self::Cancelled(count) => ("abbestellt", "cancelled", count),
            Self::IntoGrace(count) => ("abgelaufen, noch nutzbar", "expired, still usable", count),
            Self::OutOfGrace(count) => ("nicht mehr in der Nachfrist", "no longer in their grace period", count),
            Self::Suspended(count) => ("gesperrt", "suspended", count),
            Self::Resumed(count) => ("nicht mehr gesperrt", "no longer suspended", count),
            Self::LockedOut(count) => ("ausgesperrt", "locked out", count),
            Self::Unlocked(count) => ("nicht mehr ausgesperrt", "no longer locked out", count),
            Self::Assigned(count) => ("zugewiesen", "assigned", count),
            Self::Released(count) => ("freigegeben", "released", count),
        };
        format!("{count} {}", language.pick(german, english))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::change::changes;
    use crate::stock::LicenceStock;
    use crate::stock::samples::{any_stock, stock};

    fn told(before: Option<LicenceStock>, after: Option<LicenceStock>) -> Vec<String> {
        let change = StockChange { sku_id: uuid::Uuid::from_u128(1), before, after };
        happenings(&change).into_iter().map(|one| one.words(Language::En)).collect()
    }

    #[test]
    fn who_ate_it_is_told_apart_from_who_bought_it() {
        assert_eq!(told(Some(stock(1, 10, 3)), Some(stock(1, 15, 7))), ["5 bought", "4 assigned"]);
        assert_eq!(told(Some(stock(1, 15, 7)), Some(stock(1, 10, 5))), ["5 cancelled", "2 released"]);
        assert_eq!(told(None, Some(stock(1, 10, 3))), ["new", "10 bought", "3 assigned"]);
        assert_eq!(told(Some(stock(1, 10, 3)), None), ["gone"]);
        let late = LicenceStock { warning: stock(1, 10, 3).warning + 10, enabled: 0, ..stock(1, 10, 3) };
        assert_eq!(told(Some(stock(1, 10, 3)), Some(late)), ["10 cancelled", "10 expired, still usable"]);
        let status = LicenceStock { capability_status: CapabilityStatus::Suspended, ..stock(1, 10, 3) };
        assert_eq!(told(Some(stock(1, 10, 3)), Some(status)), ["now Suspended"]);
    }

    proptest! {
        #[test]
        fn a_change_of_numbers_always_has_words_and_counts_are_above_zero(before in any_stock(), after in any_stock()) {
            for change in changes(&before, &after) {
                let numbers = |stock: &Option<LicenceStock>| stock.as_ref().map(|stock| {
                    (stock.enabled, stock.warning, stock.suspended, stock.locked_out, stock.consumed, stock.capability_status)
                });
                let found = happenings(&change);
                prop_assert!(!found.is_empty() || numbers(&change.before) == numbers(&change.after), "{change:?}");
                prop_assert!(found.iter().all(|one| !one.words(Language::De).starts_with(['0', '-'])), "{found:?}");
            }
        }
    }
}
