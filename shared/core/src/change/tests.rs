use proptest::prelude::*;

use super::*;
use crate::stock::samples::{any_stock, stock};

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

#[test]
fn an_unchanged_stock_has_no_changes_whatever_its_order() {
    let before = [stock(1, 10, 3), stock(2, 5, 5)];
    let after = [stock(2, 5, 5), stock(1, 10, 3)];
    assert_eq!(changes(&before, &after), []);
}

#[test]
fn a_changed_number_names_the_product_with_both_numbers() {
    let changed = changes(&[stock(1, 10, 3), stock(2, 5, 5)], &[stock(1, 10, 4), stock(2, 5, 5)]);
    assert_eq!(changed, [StockChange { sku_id: id(1), before: Some(stock(1, 10, 3)), after: Some(stock(1, 10, 4)) }]);
}

#[test]
fn a_new_product_has_no_before_and_a_vanished_one_no_after() {
    let changed = changes(&[stock(1, 10, 3)], &[stock(2, 5, 5)]);
    assert_eq!(
        changed,
        [
            StockChange { sku_id: id(1), before: Some(stock(1, 10, 3)), after: None },
            StockChange { sku_id: id(2), before: None, after: Some(stock(2, 5, 5)) },
        ]
    );
}

#[test]
fn a_product_listed_twice_counts_as_its_last_entry() {
    assert_eq!(changes(&[stock(1, 10, 4)], &[stock(1, 10, 3), stock(1, 10, 4)]), []);
}

#[test]
fn a_change_of_state_alone_is_a_change() {
    let suspended = LicenceStock { capability_status: crate::stock::CapabilityStatus::Suspended, ..stock(1, 10, 3) };
    assert_eq!(changes(&[stock(1, 10, 3)], &[suspended]).len(), 1);
}

proptest! {
    #[test]
    fn applying_the_changes_to_the_old_stock_gives_the_new_one(before in any_stock(), after in any_stock()) {
        let expected = apply(&[], &changes(&[], &after));
        prop_assert_eq!(apply(&before, &changes(&before, &after)), expected);
    }

    #[test]
    fn no_change_is_listed_twice_and_none_is_empty(before in any_stock(), after in any_stock()) {
        let changed = changes(&before, &after);
        prop_assert!(changed.is_sorted_by(|a, b| a.sku_id < b.sku_id));
        prop_assert!(changed.iter().all(|change| change.before != change.after));
    }

    #[test]
    fn replaying_a_history_from_nothing_gives_the_last_stock(polls in prop::collection::vec(any_stock(), 1..8)) {
        let mut history = Vec::new();
        let mut before: &[LicenceStock] = &[];
        for after in &polls {
            history.extend(changes(before, after));
            before = after;
        }
        prop_assert_eq!(apply(&[], &history), apply(before, &[]));
    }
}
