//! `$filter` on rows: comparisons of `fields/Name` with a value, joined by `and`; and when SharePoint refuses it.

use std::cmp::Ordering;

use serde_json::Value;

use crate::graph::error::GraphError;
use crate::sharepoint::list::{List, Row};

/// Rows above which SharePoint filters by an index or not at all.
const VIEW_THRESHOLD: usize = 5000;

/// The header's value with which a filter by a column without an index is tried all the same.
pub(super) const TRY_ANYWAY: &str = "HonorNonIndexedQueriesWarningMayFailRandomly";

/// Comparisons that all have to hold.
#[derive(Debug, PartialEq)]
pub(super) struct Filter(Vec<Comparison>);

#[derive(Debug, PartialEq)]
struct Comparison {
    column: String,
    operator: Operator,
    value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    StartsWith,
}

impl Filter {
    pub(super) fn parse(text: &str) -> Result<Self, GraphError> {
        let invalid = || GraphError::invalid_request(format!("Invalid filter clause: '{text}'."));
        let words = words(text).ok_or_else(invalid)?;
        let comparison = |words: &[Word]| comparison(words).ok_or_else(invalid);
        let is_and = |word: &Word| matches!(word, Word::Plain(word) if word.eq_ignore_ascii_case("and"));
        words.split(is_and).map(comparison).collect::<Result<_, _>>().map(Self)
    }

    /// Refuses what SharePoint refuses to do with this list.
    ///
    /// # Errors
    /// 400 for an unknown column; for one without an index or more than one column, unless the caller wants it tried;
    /// and then if the list is long.
    pub(super) fn check(&self, list: &List, try_anyway: bool) -> Result<(), GraphError> {
        let mut without_index = None;
        for Comparison { column, .. } in &self.0 {
            let known = list.column(column);
            let known =
                known.ok_or_else(|| GraphError::invalid_request(format!("Field '{column}' is not recognized")))?;
            if !known.indexed {
                without_index = Some(column);
            }
        }
        let more_than_one = self.0.iter().any(|other| self.0.first().is_some_and(|first| first.column != other.column));
        match (without_index, try_anyway) {
            (Some(column), false) => Err(GraphError::invalid_request(format!(
                "Field '{column}' cannot be referenced in filter or orderby as it is not indexed. Provide the 'Prefer: \
                 {TRY_ANYWAY}' header to allow this, but be warned that such queries may fail on large lists."
            ))),
            (None, false) if more_than_one => {
                Err(GraphError::invalid_request("Only one indexed field may be referenced in filter or orderby."))
            }
            (Some(_), true) if list.rows.len() > VIEW_THRESHOLD => Err(GraphError::invalid_request(
                "The attempted operation is prohibited because it exceeds the list view threshold.",
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn matches(&self, row: &Row) -> bool {
        self.0.iter().all(|comparison| comparison.holds(&row.cell(&comparison.column)))
    }
}

impl Comparison {
    fn holds(&self, cell: &Value) -> bool {
        let wanted = &self.value;
        let order = match (cell, wanted) {
            (Value::Number(cell), Value::Number(wanted)) => cell.as_f64().partial_cmp(&wanted.as_f64()),
            // SharePoint compares text without regard to case; moments are written so that text order is time order.
            (Value::String(cell), Value::String(wanted)) => Some(cell.to_lowercase().cmp(&wanted.to_lowercase())),
            // Yes/No columns also compare with 1 and 0.
            (Value::Bool(cell), Value::Number(wanted)) => Some(i64::from(*cell).cmp(&wanted.as_i64().unwrap_or(-1))),
            (Value::Bool(cell), Value::Bool(wanted)) => Some(cell.cmp(wanted)),
            (Value::Null, Value::Null) => Some(Ordering::Equal),
            _ => None,
        };
        match self.operator {
            Operator::Equal => order == Some(Ordering::Equal),
            Operator::Unequal => order != Some(Ordering::Equal),
            Operator::Less => order == Some(Ordering::Less),
            Operator::AtMost => order.is_some_and(Ordering::is_le),
            Operator::Greater => order == Some(Ordering::Greater),
            Operator::AtLeast => order.is_some_and(Ordering::is_ge),
            Operator::StartsWith => match (cell, wanted) {
                (Value::String(cell), Value::String(wanted)) => cell.to_lowercase().starts_with(&wanted.to_lowercase()),
                _ => false,
            },
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Plain(String),
    Quoted(String),
}

/// Splits at blanks, brackets and commas outside of quotes; two quotes inside quotes are one.
fn words(text: &str) -> Option<Vec<Word>> {
    let (mut words, mut plain, mut letters) = (Vec::new(), String::new(), text.chars().peekable());
    while let Some(letter) = letters.next() {
        if !matches!(letter, ' ' | '\'' | '(' | ')' | ',') {
            plain.push(letter);
            continue;
        }
        if !plain.is_empty() {
            words.push(Word::Plain(std::mem::take(&mut plain)));
        }
        if letter != '\'' {
            continue;
        }
        let mut quoted = String::new();
        loop {
            match (letters.next()?, letters.peek()) {
                ('\'', Some('\'')) => {
                    letters.next();
                    quoted.push('\'');
                }
                ('\'', _) => break,
                (letter, _) => quoted.push(letter),
            }
        }
        words.push(Word::Quoted(quoted));
    }
    if !plain.is_empty() {
        words.push(Word::Plain(plain));
    }
    Some(words)
}

fn comparison(words: &[Word]) -> Option<Comparison> {
    let (column, operator, value) = match words {
        [Word::Plain(function), Word::Plain(column), value] if function.eq_ignore_ascii_case("startswith") => {
            (column, Operator::StartsWith, value)
        }
        [Word::Plain(column), Word::Plain(operator), value] => (column, Operator::read(operator)?, value),
        _ => return None,
    };
    let value = match value {
        Word::Quoted(text) => Value::String(text.clone()),
        Word::Plain(text) => serde_json::from_str(text).ok().filter(|value: &Value| !value.is_array())?,
    };
    Some(Comparison { column: column.strip_prefix("fields/")?.to_owned(), operator, value })
}

impl Operator {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Equal,
            "ne" => Self::Unequal,
            "lt" => Self::Less,
            "le" => Self::AtMost,
            "gt" => Self::Greater,
            "ge" => Self::AtLeast,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn comparisons_are_read_with_quotes_inside_quotes() {
        let filter = Filter::parse(
            "fields/tenant eq 'Müller''s and sons' and startswith(fields/Title,'A') and fields/Frei le 0",
        );
        let comparison = |column: &str, operator, value| Comparison { column: column.to_owned(), operator, value };
        let expected = vec![
            comparison("tenant", Operator::Equal, json!("Müller's and sons")),
            comparison("Title", Operator::StartsWith, json!("A")),
            comparison("Frei", Operator::AtMost, json!(0)),
        ];
        assert_eq!(filter, Ok(Filter(expected)));
        for wrong in ["", "tenant eq 'a'", "fields/tenant is 'a'", "fields/tenant eq 'a", "fields/a eq b"] {
            assert!(Filter::parse(wrong).is_err(), "{wrong}");
        }
    }
}
