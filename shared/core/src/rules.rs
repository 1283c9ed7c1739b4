//! Which rule holds for which product of which tenant.
//!
//! A rule is set for everybody, for one product, for one tenant, or for one product of one tenant. What a narrower one
//! leaves out it takes from the wider ones; what nobody set is the rule of the source system: short when nothing is free.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::catalogue;
use crate::incident::Level;
use crate::stock::{AppliesTo, LicenceStock};
use crate::threshold::Limit;

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

    /// Whether a shortage of this product is told.
    #[must_use]
    pub fn alerts(&self, stock: &LicenceStock) -> bool {
        if stock.applies_to == AppliesTo::Company || self.excluded.is_some() {
            return false;
        }
        self.alerts.unwrap_or_else(|| !catalogue::is_unmetered(stock.sku_id))
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
        assert!(rule.alerts(&stock(1, 10, 10)));
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
        assert!(!excluded.alerts(&stock(1, 10, 10)));
        let company_wide = LicenceStock { applies_to: AppliesTo::Company, ..stock(1, 10, 10) };
        assert!(!wanted.alerts(&company_wide));
    }

    #[test]
    fn a_free_product_alerts_only_when_asked_to() {
        // FLOW_FREE of Microsoft's list.
        let free =
            LicenceStock { sku_id: Uuid::from_u128(0xf30d_b892_07e9_47e9_837c_8072_7f46_fd3d), ..stock(1, 10, 10) };
        assert!(!Rule::default().alerts(&free));
        assert!(Definition { alerts: Some(true), ..Definition::default() }.alerts(&free));
    }
}
