//! Columns of a list: the inner name that the API speaks, the name that people see, and what fits in.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::config::stable_id;

/// SharePoint cuts inner names off here.
const LONGEST_NAME: usize = 32;

/// Longest content of a single line of text.
const LONGEST_TEXT: usize = 255;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// A single line of at most 255 characters.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// A moment, always in UTC; a day is its midnight.
    DateTime,
    /// What SharePoint keeps itself, such as who made a row.
    BuiltIn,
}

impl ColumnKind {
    /// The facet by which Graph tells the kind.
    pub(crate) fn facet(self) -> Option<&'static str> {
        match self {
            Self::Text => Some("text"),
            Self::Number => Some("number"),
            Self::Boolean => Some("boolean"),
            Self::DateTime => Some("dateTime"),
            Self::BuiltIn => None,
        }
    }

    /// A value as SharePoint keeps it; `None` if it does not fit.
    pub(crate) fn kept(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Text, Value::String(text)) if text.chars().count() <= LONGEST_TEXT => Some(value.clone()),
            // An `Edm.Double`: Graph writes 25 as 25.0.
            (Self::Number, Value::Number(number)) => number.as_f64().map(Value::from),
            (Self::Boolean, Value::Bool(_)) => Some(value.clone()),
            (Self::DateTime, Value::String(text)) => moment(text),
            _ => None,
        }
    }
}

fn moment(text: &str) -> Option<Value> {
    let at = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc));
    let at = at.ok().or_else(|| Some(text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc()))?;
    Some(Value::String(at.to_rfc3339_opts(SecondsFormat::Secs, true)))
}

/// A column as a person makes it in the browser.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnConfig {
    /// What people see. The inner name is made of it.
    pub display_name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// What a new row holds that says nothing of it.
    pub default: Option<Value>,
    /// Whether rows may be filtered by it.
    pub indexed: bool,
}

impl ColumnConfig {
    /// A column without default and index.
    #[must_use]
    pub fn new(display_name: impl Into<String>, kind: ColumnKind) -> Self {
        Self { display_name: display_name.into(), kind, default: None, indexed: false }
    }

    /// The same with a default.
    #[must_use]
    pub fn default_of(self, default: impl Into<Value>) -> Self {
        Self { default: Some(default.into()), ..self }
    }

    /// The same with an index.
    #[must_use]
    pub fn indexed(self) -> Self {
        Self { indexed: true, ..self }
    }
}

/// A column of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub(crate) id: Uuid,
    /// By which the API and rows know it; never changes.
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) kind: ColumnKind,
    pub(crate) default: Option<Value>,
    pub(crate) indexed: bool,
    pub(crate) keeper: Keeper,
}

/// Who fills a column in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// People and apps, if they like.
    Everybody,
    /// People have to; apps may leave it empty.
    EverybodyRequired,
    /// SharePoint alone.
    SharePoint,
    /// SharePoint alone, and nobody sees it in the browser.
    SharePointHidden,
}

impl Column {
    /// A column of a list's maker; its inner name is made of `name`.
    pub(crate) fn made(id: Uuid, name: &str, config: ColumnConfig) -> Self {
        let ColumnConfig { display_name, kind, default, indexed } = config;
        let default = default.and_then(|value| kind.kept(&value));
        Self { id, name: inner_name(name), display_name, kind, default, indexed, keeper: Keeper::Everybody }
    }

    /// Whether only SharePoint writes it.
    pub(crate) fn is_read_only(&self) -> bool {
        matches!(self.keeper, Keeper::SharePoint | Keeper::SharePointHidden)
    }

    /// The columns every list has, in Graph's order.
    pub(crate) fn built_in(title: &str) -> Vec<Self> {
        let read_only = |name: &str, display_name: &str, kind| Self {
            id: stable_id(&["column", name]),
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            kind,
            default: None,
            indexed: name == "ID",
            keeper: Keeper::SharePoint,
        };
        let built_in = ColumnKind::BuiltIn;
        let hidden = |name: &str| Self { keeper: Keeper::SharePointHidden, ..read_only(name, name, built_in) };
        vec![
            Self { keeper: Keeper::EverybodyRequired, ..read_only("Title", title, ColumnKind::Text) },
            hidden("_ComplianceFlags"),
            read_only("ID", "ID", ColumnKind::Number),
            read_only("ContentType", "Inhaltstyp", ColumnKind::Text),
            read_only("Modified", "Geändert", ColumnKind::DateTime),
            read_only("Created", "Erstellt", ColumnKind::DateTime),
            read_only("Author", "Erstellt von", built_in),
            read_only("Editor", "Geändert von", built_in),
            read_only("_UIVersionString", "Version", ColumnKind::Text),
            read_only("Attachments", "Anlagen", ColumnKind::Boolean),
            read_only("LinkTitleNoMenu", title, built_in),
            read_only("LinkTitle", title, built_in),
            hidden("_IsRecord"),
        ]
    }
}

/// The inner name that SharePoint makes of a name: whatever is not a plain letter, digit or underscore becomes the code
/// of its UTF-16 unit (`Verf_x00fc_gbar`), as does a leading digit, and the whole ends after 32 characters.
pub(crate) fn inner_name(name: &str) -> String {
    let mut inner = String::with_capacity(name.len());
    for (index, unit) in name.encode_utf16().enumerate() {
        match char::from_u32(u32::from(unit)) {
            Some(plain) if plain == '_' || plain.is_ascii_alphabetic() || (index > 0 && plain.is_ascii_digit()) => {
                inner.push(plain);
            }
            // Writing into a string cannot fail.
            _ => drop(write!(inner, "_x{unit:04x}_")),
        }
    }
    inner.truncate(LONGEST_NAME);
    inner
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inner_names_are_spelled_as_sharepoint_does() {
        for (name, inner) in [
            ("Verfügbar", "Verf_x00fc_gbar"),
            ("tenant", "tenant"),
            ("cert_expires", "cert_expires"),
            ("Freie Lizenzen", "Freie_x0020_Lizenzen"),
            ("1a", "_x0031_a"),
            ("Verfügbare Lizenzen je Kunde", "Verf_x00fc_gbare_x0020_Lizenzen_"),
        ] {
            assert_eq!(inner_name(name), inner, "{name}");
        }
    }

    #[test]
    fn values_are_kept_in_one_spelling_and_wrong_ones_refused() {
        for (kind, value, kept) in [
            (ColumnKind::Number, json!(25), Some(json!(25.0))),
            (ColumnKind::Number, json!(0.5), Some(json!(0.5))),
            (ColumnKind::Number, json!("25"), None),
            (ColumnKind::Boolean, json!(true), Some(json!(true))),
            (ColumnKind::Boolean, json!("true"), None),
            (ColumnKind::DateTime, json!("2026-05-19"), Some(json!("2026-05-19T00:00:00Z"))),
            (ColumnKind::DateTime, json!("2026-05-19T02:00:00+02:00"), Some(json!("2026-05-19T00:00:00Z"))),
            (ColumnKind::DateTime, json!("19.05.2026"), None),
            (ColumnKind::Text, json!("a".repeat(256)), None),
        ] {
            assert_eq!(kind.kept(&value), kept, "{kind:?} {value}");
        }
    }
}
