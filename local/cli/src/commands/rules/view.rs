//! Rules as text.

use std::fmt::Write as _;

use leitwarte_core::catalogue::name_of_sku;
use leitwarte_core::rules::{Definition, Rules, Scope};
use serde_json::{Value, json};

use crate::table::{cut, left};
use crate::terminal::{DIM, paint};

/// What holds where nothing was set.
const DEFAULT: &str = "Where no rule says otherwise, a licence is short when none is free; free and trial products and those \
                       that hold for the whole company are not told.";

/// The list, the wide rules first.
pub(super) fn list(rules: &Rules, width: usize) -> String {
    let mut text = String::new();
    for (scope, rule) in rules.iter() {
        let _ = writeln!(text, "{}{}", left(&whom(scope), 48), cut(&words(rule), width.saturating_sub(48).max(40)));
    }
    let _ = writeln!(text, "{}", paint(DIM, DEFAULT));
    text
}

/// One rule in one line.
pub(super) fn one(scope: &Scope, rule: &Definition) -> String {
    format!("{}: {}. It counts from the next poll on.\n", whom(scope), words(rule))
}

/// The list as JSON.
pub(super) fn json(rules: &Rules) -> serde_json::Result<String> {
    let rows: Vec<Value> =
        rules.iter().map(|(scope, rule)| json!({ "tenant": scope.tenant, "skuid": scope.sku, "rule": rule })).collect();
    Ok(serde_json::to_string_pretty(&rows)? + "\n")
}

fn whom(scope: &Scope) -> String {
    let product = scope.sku.map(|sku| name_of_sku(sku).map_or_else(|| sku.to_string(), str::to_owned));
    match (&scope.tenant, product) {
        (None, None) => "everybody".to_owned(),
        (None, Some(product)) => format!("{product}, every tenant"),
        (Some(tenant), None) => format!("{tenant}, every product"),
        (Some(tenant), Some(product)) => format!("{tenant}, {product}"),
    }
}

fn words(rule: &Definition) -> String {
    let mut parts = Vec::new();
    parts.extend(rule.short_at.map(|limit| format!("short at {limit}")));
    parts.extend(rule.clear_above.map(|limit| format!("clear above {limit}")));
    parts.extend(rule.low_at.map(|limit| format!("low at {limit}")));
    parts.extend(rule.reserve.map(|licences| format!("{licences} in reserve")));
    parts.extend(rule.alerts.map(|alerts| if alerts { "told" } else { "not told" }.to_owned()));
    parts.extend(rule.excluded.as_ref().map(|reason| format!("excluded: {}", cut(reason, 60))));
    parts.extend(rule.delivery_days.map(|days| format!("{days} days of delivery")));
    if parts.is_empty() { "nothing set".to_owned() } else { parts.join(", ") }
}
