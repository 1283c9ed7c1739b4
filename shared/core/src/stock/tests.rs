use proptest::prelude::*;

use super::samples::stock;
use super::*;
use crate::rules::Rule;

/// The judgement where no rule was set.
fn state(stock: &LicenceStock, count_warning_units: bool) -> StockState {
    Rule::default().state(stock, count_warning_units, false)
}

const POWER_AUTOMATE_FREE: &str = "f30db892-07e9-47e9-837c-80727f46fd3d";

#[test]
fn grace_period_licences_are_usable_unless_the_profile_says_otherwise() {
    let stock = LicenceStock { warning: 5, ..stock(1, 10, 8) };
    assert_eq!((stock.usable(true), stock.free(true)), (15, 7));
    assert_eq!((stock.usable(false), stock.free(false)), (10, 2));
}

#[test]
fn suspended_and_locked_out_licences_are_not_usable() {
    let stock = LicenceStock { suspended: 50, locked_out: 50, ..stock(1, 10, 8) };
    assert_eq!(stock.usable(true), 10);
}

#[test]
fn a9_over_assigned_stock_is_negative_and_short() {
    let stock = stock(1, 10, 13);
    assert_eq!(stock.free(true), -3);
    assert_eq!(state(&stock, true), StockState::Short);
}

#[test]
fn a9_a_product_with_nothing_left_is_short() {
    assert_eq!(state(&stock(1, 10, 10), true), StockState::Short);
    assert_eq!(state(&stock(1, 0, 0), true), StockState::Short);
}

#[test]
fn the_last_twentieth_is_low() {
    assert_eq!(state(&stock(1, 100, 94), true), StockState::Fine);
    assert_eq!(state(&stock(1, 100, 95), true), StockState::Low);
    assert_eq!(state(&stock(1, 100, 99), true), StockState::Low);
}

#[test]
fn a_product_nobody_uses_yet_is_not_low() {
    assert_eq!(state(&stock(1, 1, 0), true), StockState::Fine);
}

#[test]
fn a_company_wide_product_never_runs_out() {
    let stock = LicenceStock { applies_to: AppliesTo::Company, ..stock(1, 1, 5) };
    assert_eq!(state(&stock, true), StockState::CompanyWide);
}

#[test]
fn a_free_product_never_alerts_by_its_id_and_not_by_its_number() {
    let free = LicenceStock { sku_id: POWER_AUTOMATE_FREE.parse().unwrap(), ..stock(1, 10_000, 10_000) };
    assert_eq!(state(&free, true), StockState::Unmetered);
    assert_eq!(state(&stock(1, 1_000_000, 1_000_000), true), StockState::Short);
}

#[test]
fn graphs_words_are_read_back_and_others_are_not_guessed() {
    for word in ["User", "Company"] {
        assert_eq!(AppliesTo::parse(word).unwrap().as_str(), word);
    }
    for word in ["Enabled", "Warning", "Suspended", "Deleted", "LockedOut"] {
        assert_eq!(CapabilityStatus::parse(word).unwrap().as_str(), word);
    }
    assert_eq!(AppliesTo::parse("user"), None);
    assert_eq!(CapabilityStatus::parse(""), None);
}

#[test]
fn the_words_of_the_api_are_those_of_its_json() {
    use StockState::{CompanyWide, Excluded, Fine, Low, Short, Unknown, Unmetered};
    for state in [Short, Unknown, Low, Fine, Excluded, Unmetered, CompanyWide] {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
}

proptest! {
    #[test]
    fn free_is_what_usable_leaves_and_never_overflows(
        enabled in any::<i64>(), warning in any::<i64>(), consumed in any::<i64>(), counts in any::<bool>(),
    ) {
        let stock = LicenceStock { warning, ..stock(1, enabled, consumed) };
        let exact = i128::from(stock.usable(counts)) - i128::from(consumed);
        prop_assert_eq!(i128::from(stock.free(counts)), exact.clamp(i64::MIN.into(), i64::MAX.into()));
    }

    #[test]
    fn a_user_product_is_short_exactly_when_nothing_is_free(
        enabled in 0..1000_i64, warning in 0..1000_i64, consumed in 0..3000_i64, counts in any::<bool>(),
    ) {
        let stock = LicenceStock { warning, ..stock(1, enabled, consumed) };
        prop_assert_eq!(state(&stock, counts) == StockState::Short, stock.free(counts) <= 0);
    }

    #[test]
    fn one_more_licence_never_makes_a_state_worse(enabled in 0..1000_i64, consumed in 0..1000_i64) {
        prop_assert!(state(&stock(1, enabled + 1, consumed), true) >= state(&stock(1, enabled, consumed), true));
    }

    #[test]
    fn old_numbers_never_look_fine(enabled in 0..1000_i64, consumed in 0..1000_i64) {
        let state = state(&stock(1, enabled, consumed), true).when_stale();
        prop_assert!(matches!(state, StockState::Short | StockState::Unknown));
    }
}
