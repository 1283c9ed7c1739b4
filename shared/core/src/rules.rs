//! Which rule holds for which product of which tenant.
//!
//! A rule is set for everybody, for one product, for one tenant, or for one product of one tenant. What a narrower one
//! leaves out it takes from the wider ones; what nobody set is the rule of the source system: short when nothing is free.

mod check;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::catalogue;
use crate::incident::Level;
use crate::stock::{AppliesTo, LicenceStock, StockState};
use crate::threshold::Limit;

pub use check::{LONGEST_DELIVERY_DAYS, LONGEST_REASON, MOST_RESERVED, RuleError};

/// For whom a rule is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// A tenant's key; `None` for all.
    pub tenant: Option<String>,
    /// A product; `None` for all.
    pub sku: Option<Uuid>,
}

/// A rule as it was set; what is `None` comes from a wider one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Short when no more than this is free; without it, when nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_at: Option<Limit>,
    /// A shortage ends when more than this is free, so that one licence more or less does not begin and end it again and
    /// again; without it, `short_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear_above: Option<Limit>,
    /// Low when no more than this is free, without being short; without it, 5 % of the usable ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_at: Option<Limit>,
    /// Licences that are to stay free; they do not count as stock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserve: Option<i64>,
    /// Whether shortages are told; without it, of all but free and trial products.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<bool>,
    /// Why shortages are not told, for people; a product with a reason is excluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<String>,
    /// Days from an order to the licences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_days: Option<u32>,
}

/// What is low where no rule says otherwise.
const LOW: Limit = Limit::Percent(5);

/// The rule that holds.
pub type Rule = Definition;

/// Every rule that was set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules(BTreeMap<Scope, Definition>);

impl Rules {
    /// Sets one.
    pub fn set(&mut self, scope: Scope, definition: Definition) {
        self.0.insert(scope, definition);
    }

    /// All of them, the wide ones first.
    pub fn iter(&self) -> impl Iterator<Item = (&Scope, &Definition)> {
        self.0.iter()
    }

    /// What was set for exactly this scope.
    #[must_use]
    pub fn exactly(&self, scope: &Scope) -> Definition {
        self.0.get(scope).cloned().unwrap_or_default()
    }

    /// The rule that holds for a product of a tenant.
    #[must_use]
    pub fn of(&self, tenant: &str, sku: Uuid) -> Rule {
        if self.0.is_empty() {
            return Rule::default();
        }
        let tenant = Some(tenant.to_owned());
        let narrowing = [
            Scope::default(),
            Scope { tenant: None, sku: Some(sku) },
            Scope { tenant: tenant.clone(), sku: None },
            Scope { tenant, sku: Some(sku) },
        ];
        let set = narrowing.iter().filter_map(|scope| self.0.get(scope));
        set.fold(Rule::default(), Definition::narrowed)
    }
}

impl Definition {
    fn narrowed(self, by: &Self) -> Self {
        Self {
            short_at: by.short_at.or(self.short_at),
            clear_above: by.clear_above.or(self.clear_above),
            low_at: by.low_at.or(self.low_at),
            reserve: by.reserve.or(self.reserve),
            alerts: by.alerts.or(self.alerts),
            excluded: by.excluded.clone().or(self.excluded),
            delivery_days: by.delivery_days.or(self.delivery_days),
        }
    }

    /// Licences left, the reserve taken off.
    #[must_use]
    pub fn free(&self, stock: &LicenceStock, count_warning_units: bool) -> i64 {
        stock.free(count_warning_units).saturating_sub(self.reserve.unwrap_or_default())
    }

    /// How a stock stands.
    #[must_use]
    pub fn level(&self, stock: &LicenceStock, count_warning_units: bool) -> Level {
        let usable = stock.usable(count_warning_units);
        let free = self.free(stock, count_warning_units);
        let short_at = self.short_at.unwrap_or(Limit::Units(0));
        // Where nothing is free, no share of it can make a stock look better.
        if free <= 0 || short_at.reaches(free, usable) {
            Level::Short
        } else if self.clear_above.is_some_and(|limit| limit.reaches(free, usable)) {
            Level::Between
        } else {
            Level::Clear
        }
    }

    /// Whether a shortage of this product is told. `is_trial`: the tenant has it on trial alone.
    #[must_use]
    pub fn alerts(&self, stock: &LicenceStock, is_trial: bool) -> bool {
        self.never_short(stock, is_trial).is_none()
    }

    /// Judges fresh numbers, `is_trial` as above. See [`StockState::when_stale`] for old ones.
    #[must_use]
    pub fn state(&self, stock: &LicenceStock, count_warning_units: bool, is_trial: bool) -> StockState {
        if let Some(state) = self.never_short(stock, is_trial) {
            return state;
        }
        let is_low = || {
            let low_at = self.low_at.unwrap_or(LOW);
            low_at.reaches(self.free(stock, count_warning_units), stock.usable(count_warning_units))
        };
        match self.level(stock, count_warning_units) {
            Level::Short => StockState::Short,
            Level::Between => StockState::Low,
            Level::Clear if is_low() => StockState::Low,
            Level::Clear => StockState::Fine,
        }
    }

    /// What a product is that nobody is told of, however little is left; `None` for one that can be short.
    fn never_short(&self, stock: &LicenceStock, is_trial: bool) -> Option<StockState> {
        if stock.applies_to == AppliesTo::Company {
            return Some(StockState::CompanyWide);
        }
        if self.excluded.is_some() || self.alerts == Some(false) {
            return Some(StockState::Excluded);
        }
        let unmetered = is_trial || catalogue::is_unmetered(stock.sku_id);
        (unmetered && self.alerts.is_none()).then_some(StockState::Unmetered)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stock::samples::stock;

    fn scope(tenant: Option<&str>, sku: Option<u128>) -> Scope {
        Scope { tenant: tenant.map(str::to_owned), sku: sku.map(Uuid::from_u128) }
    }

    #[test]
    fn without_any_rule_a_stock_is_short_when_nothing_is_free() {
        let rule = Rules::default().of("contoso", Uuid::from_u128(1));
        assert_eq!(rule.level(&stock(1, 10, 10), true), Level::Short);
        assert_eq!(rule.level(&stock(1, 10, 12), true), Level::Short, "A9: over-assigned");
        assert_eq!(rule.level(&stock(1, 10, 9), true), Level::Clear);
        assert!(rule.alerts(&stock(1, 10, 10), false));
    }

    #[test]
    fn the_narrowest_rule_wins_for_each_setting_by_itself() {
        let mut rules = Rules::default();
        let reserve = |reserve| Definition { reserve: Some(reserve), ..Definition::default() };
        rules.set(scope(None, None), Definition { delivery_days: Some(6), ..reserve(1) });
        rules.set(scope(None, Some(1)), reserve(2));
        rules.set(scope(Some("contoso"), None), reserve(3));
        rules.set(scope(Some("contoso"), Some(1)), Definition { alerts: Some(false), ..Definition::default() });
        let of = |tenant, sku| rules.of(tenant, Uuid::from_u128(sku));
        assert_eq!(of("fabrikam", 2).reserve, Some(1));
        assert_eq!(of("fabrikam", 1).reserve, Some(2));
        assert_eq!(of("contoso", 2).reserve, Some(3));
        let narrow = of("contoso", 1);
        assert_eq!((narrow.reserve, narrow.alerts, narrow.delivery_days), (Some(3), Some(false), Some(6)));
    }

    #[test]
    fn a_reserve_is_not_stock() {
        let rule = Definition { reserve: Some(2), ..Definition::default() };
        assert_eq!(rule.level(&stock(1, 10, 8), true), Level::Short);
        assert_eq!(rule.level(&stock(1, 10, 7), true), Level::Clear);
    }

    #[test]
    fn a_threshold_tells_before_nothing_is_left_and_an_end_needs_more_than_that() {
        let rule = Definition {
            short_at: Some(Limit::Percent(20)),
            clear_above: Some(Limit::Units(4)),
            ..Definition::default()
        };
        let level = |consumed| rule.level(&stock(1, 10, consumed), true);
        assert_eq!(
            [level(8), level(7), level(6), level(5)],
            [Level::Short, Level::Between, Level::Between, Level::Clear]
        );
    }

    proptest! {
        /// Whatever the rule: the more are assigned, the worse; and nothing free is always short.
        #[test]
        fn a_stock_never_gets_better_by_assigning(
            usable in 0..100_i64, consumed in 0..120_i64, reserve in 0..20_i64, short in 0..30_i64, clear in 0..=100_u8,
        ) {
            let rule = Definition {
                short_at: Some(Limit::Units(short)),
                clear_above: Some(Limit::Percent(clear)),
                reserve: Some(reserve),
                ..Definition::default()
            };
            let rank = |consumed| match rule.level(&stock(1, usable, consumed), true) {
                Level::Short => 0,
                Level::Between => 1,
                Level::Clear => 2,
            };
            prop_assert!(rank(consumed) >= rank(consumed + 1));
            prop_assert!(consumed < usable || rank(consumed) == 0);
        }
    }

    #[test]
    fn an_excluded_product_does_not_alert_and_a_company_wide_one_never_does() {
        let excluded = Definition { excluded: Some("ends in May".to_owned()), ..Definition::default() };
        let wanted = Definition { alerts: Some(true), ..Definition::default() };
        assert!(!excluded.alerts(&stock(1, 10, 10), false));
        let company_wide = LicenceStock { applies_to: AppliesTo::Company, ..stock(1, 10, 10) };
        assert!(!wanted.alerts(&company_wide, false));
    }

    #[test]
    fn the_state_follows_the_rule() {
        let short_at = |limit| Definition { short_at: Some(limit), ..Definition::default() };
        let state = |rule: &Rule, consumed| rule.state(&stock(1, 100, consumed), true, false);
        assert_eq!(state(&Rule::default(), 90), StockState::Fine);
        assert_eq!(state(&short_at(Limit::Units(10)), 90), StockState::Short);
        assert_eq!(state(&Definition { reserve: Some(10), ..Definition::default() }, 90), StockState::Short);
        let between = Definition { clear_above: Some(Limit::Percent(20)), ..short_at(Limit::Units(5)) };
        assert_eq!((state(&between, 81), state(&between, 79)), (StockState::Low, StockState::Fine));
    }

    #[test]
    fn what_is_low_can_be_set_and_is_a_twentieth_otherwise() {
        let low_at = |limit| Definition { low_at: Some(limit), ..Definition::default() };
        let state = |rule: &Rule, consumed| rule.state(&stock(1, 100, consumed), true, false);
        assert_eq!((state(&Rule::default(), 95), state(&Rule::default(), 94)), (StockState::Low, StockState::Fine));
        let tenth = low_at(Limit::Percent(10));
        assert_eq!((state(&tenth, 90), state(&tenth, 89)), (StockState::Low, StockState::Fine));
        let never = low_at(Limit::Units(0));
        assert_eq!((state(&never, 99), state(&never, 100)), (StockState::Fine, StockState::Short));
    }

    #[test]
    fn an_excluded_product_is_neither_short_nor_fine() {
        let excluded = Definition { excluded: Some("ends in May".to_owned()), ..Definition::default() };
        let silent = Definition { alerts: Some(false), ..Definition::default() };
        for rule in [excluded, silent] {
            assert_eq!(rule.state(&stock(1, 10, 12), true, false), StockState::Excluded);
            assert_eq!(rule.state(&stock(1, 10, 1), true, false), StockState::Excluded);
        }
    }

    #[test]
    fn a_trial_is_like_a_free_product() {
        let wanted = Definition { alerts: Some(true), ..Definition::default() };
        let product = stock(1, 25, 25);
        assert_eq!(Rule::default().state(&product, true, true), StockState::Unmetered);
        assert!(!Rule::default().alerts(&product, true));
        assert_eq!(wanted.state(&product, true, true), StockState::Short);
        assert!(wanted.alerts(&product, true));
    }

    proptest! {
        /// A shortage that people are told of is one that they see, and the other way round.
        #[test]
        fn what_is_told_is_what_is_shown(
            usable in 0..100_i64, consumed in 0..120_i64, short in prop::option::of(0..30_i64),
            clear in prop::option::of(0..=100_u8), reserve in prop::option::of(0..20_i64), low in 0..=100_u8,
            alerts in prop::option::of(any::<bool>()), excluded: bool, is_trial: bool,
        ) {
            let rule = Definition {
                short_at: short.map(Limit::Units),
                clear_above: clear.map(Limit::Percent),
                low_at: Some(Limit::Percent(low)),
                reserve,
                alerts,
                excluded: excluded.then(|| "a reason".to_owned()),
                delivery_days: None,
            };
            let stock = stock(1, usable, consumed);
            let told = rule.alerts(&stock, is_trial) && rule.level(&stock, true) == Level::Short;
            prop_assert_eq!(told, rule.state(&stock, true, is_trial) == StockState::Short);
        }
    }

    #[test]
    fn a_free_product_alerts_only_when_asked_to() {
        // FLOW_FREE of Microsoft's list.
        let free =
            LicenceStock { sku_id: Uuid::from_u128(0xf30d_b892_07e9_47e9_837c_8072_7f46_fd3d), ..stock(1, 10, 10) };
        assert!(!Rule::default().alerts(&free, false));
        assert!(Definition { alerts: Some(true), ..Definition::default() }.alerts(&free, false));
    }
}
