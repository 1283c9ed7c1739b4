//! What the form of the settings says, as it stands in the address.

use leitwarte_core::Uuid;
use leitwarte_core::rules::{Definition, Scope};
use leitwarte_store::WhatIf;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::{Query, bad};

use crate::endpoints::replay::MOST_DAYS;

/// Names of the fields.
const FIELDS: [&str; 9] =
    ["tenant", "skuid", "short_at", "clear_above", "reserve", "alerts", "excluded", "delivery_days", "days"];

/// Days looked back at where nobody says how many.
const DAYS: u16 = 90;

/// The form, its texts as somebody wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleForm {
    /// For whom.
    pub(crate) scope: Scope,
    pub(super) short_at: String,
    pub(super) clear_above: String,
    pub(super) reserve: String,
    /// `true`, `false` or nothing.
    pub(super) alerts: String,
    pub(super) excluded: String,
    pub(super) delivery_days: String,
    /// How far back a question goes.
    pub(crate) days: u16,
    /// Whether the threshold is none.
    pub(super) is_wrong: bool,
}

impl RuleForm {
    /// The form of an address; `None` when it names a scope alone, whose rule is to be shown then.
    ///
    /// # Errors
    /// A parameter that is unknown or cannot be.
    pub(crate) fn parse(raw_query: Option<&str>) -> Result<(Scope, Option<Self>), Problem> {
        let query = Query::parse(raw_query, &FIELDS)?;
        let text = |name| query.get(name).unwrap_or_default().trim().to_owned();
        let given = |name| Some(text(name)).filter(|text| !text.is_empty());
        let sku = given("skuid").map(|id| Uuid::parse_str(&id).map_err(|_| bad("skuid", "is no GUID"))).transpose()?;
        let scope = Scope { tenant: given("tenant"), sku };
        if FIELDS[2..].iter().all(|name| query.get(name).is_none()) {
            return Ok((scope, None));
        }
        let days = match given("days") {
            None => DAYS,
            Some(days) => {
                let days = days.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
                days.ok_or_else(|| bad("days", &format!("has to be a whole number from 1 to {MOST_DAYS}")))?
            }
        };
        let mut form = Self {
            scope: scope.clone(),
            short_at: text("short_at"),
            clear_above: text("clear_above"),
            reserve: text("reserve"),
            alerts: text("alerts"),
            excluded: text("excluded"),
            delivery_days: text("delivery_days"),
            days,
            is_wrong: false,
        };
        form.is_wrong =
            [&form.short_at, &form.clear_above].iter().any(|text| !text.is_empty() && limit(text).is_none());
        Ok((scope, Some(form)))
    }

    /// The form that shows a rule.
    pub(crate) fn of_rule(scope: Scope, rule: &Definition) -> Self {
        fn text<T: ToString>(value: Option<&T>) -> String {
            value.map(T::to_string).unwrap_or_default()
        }
        Self {
            scope,
            short_at: text(rule.short_at.as_ref()),
            clear_above: text(rule.clear_above.as_ref()),
            reserve: text(rule.reserve.as_ref()),
            alerts: text(rule.alerts.as_ref()),
            excluded: text(rule.excluded.as_ref()),
            delivery_days: text(rule.delivery_days.as_ref()),
            days: DAYS,
            is_wrong: false,
        }
    }

    /// The question it asks; `None` without a threshold.
    pub(crate) fn what_if(&self) -> Option<WhatIf> {
        let short_at = limit(&self.short_at).filter(|_| !self.is_wrong)?;
        Some(WhatIf { short_at, clear_above: limit(&self.clear_above) })
    }
}

fn limit(text: &str) -> Option<leitwarte_core::threshold::Limit> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use leitwarte_core::threshold::Limit;

    use super::*;

    #[test]
    fn an_address_that_names_a_scope_alone_shows_its_rule() {
        let (scope, form) = RuleForm::parse(Some("tenant=contoso&skuid=")).unwrap();
        assert_eq!((scope, form), (Scope { tenant: Some("contoso".to_owned()), sku: None }, None));
    }

    #[test]
    fn a_threshold_is_a_question_and_nonsense_is_told() {
        let form = |query| RuleForm::parse(Some(query)).unwrap().1.unwrap();
        let asked = form("short_at=10%25&days=7").what_if().unwrap();
        assert_eq!((asked.short_at, asked.clear_above), (Limit::Percent(10), None));
        assert!(form("short_at=many").is_wrong && form("short_at=many").what_if().is_none());
        assert!(form("reserve=5").what_if().is_none());
        assert!(RuleForm::parse(Some("days=0")).is_err() && RuleForm::parse(Some("days=401")).is_err());
        assert!(RuleForm::parse(Some("skuid=x")).is_err());
    }

    #[test]
    fn a_rule_comes_back_as_it_was_written() {
        let rule = Definition { short_at: Some(Limit::Units(5)), alerts: Some(false), ..Definition::default() };
        let form = RuleForm::of_rule(Scope::default(), &rule);
        assert_eq!((form.short_at.as_str(), form.alerts.as_str(), form.reserve.as_str()), ("5", "false", ""));
    }
}
