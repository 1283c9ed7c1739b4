//! Query options of a request below `/v1.0/sites/`. Graph takes them with and without `$`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::filter::Filter;
use crate::graph::error::GraphError;

/// What a request says beside its path.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// Properties wanted; `None`: all.
    pub(super) select: Option<Vec<String>>,
    /// `$expand=fields`, with the columns wanted.
    pub(super) fields: Option<FieldsWanted>,
    /// `$expand=columns`.
    pub(super) columns: bool,
    /// Rows wanted on a page.
    pub(super) top: Option<usize>,
    pub(super) filter: Option<Filter>,
    /// Number of the last row on the pages before; 0 on the first page.
    pub(super) after: u64,
    /// All of it but for the place, as it was sent.
    without_place: String,
}

/// Cells wanted of each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FieldsWanted {
    All,
    Only(Vec<String>),
}

impl Options {
    pub(super) fn parse(query: &str) -> Result<Self, GraphError> {
        let mut options = Self::default();
        let mut kept = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let Some((name, value)) = url::form_urlencoded::parse(part.as_bytes()).next() else { continue };
            let name = name.trim_start_matches('$').to_ascii_lowercase();
            if name != "skiptoken" {
                kept.push(part);
            }
            match name.as_str() {
                "select" => options.select = Some(names(&value)),
                "expand" => options.expand(&value)?,
                "top" => options.top = Some(top(&value)?),
                "filter" => options.filter = Some(Filter::parse(&value)?),
                "skiptoken" => options.after = place(&value)?,
                _ => {
                    let text = format!("The query option '{name}' is not supported by this stand-in.");
                    return Err(GraphError::invalid_request(text));
                }
            }
        }
        options.without_place = kept.join("&");
        Ok(options)
    }

    /// The query of the page that begins after this row.
    pub(super) fn page_after(&self, row: u64) -> String {
        let token = URL_SAFE_NO_PAD.encode(format!("Paged=TRUE&p_ID={row}"));
        let separator = if self.without_place.is_empty() { "" } else { "&" };
        format!("{}{separator}$skiptoken={token}", self.without_place)
    }

    fn expand(&mut self, value: &str) -> Result<(), GraphError> {
        for expanded in split_outside_brackets(value) {
            let (name, inner) = match expanded.split_once('(') {
                None => (expanded, None),
                Some((name, inner)) => (name, Some(inner.strip_suffix(')').unwrap_or(inner))),
            };
            match (name.trim(), inner) {
                ("fields", None) => self.fields = Some(FieldsWanted::All),
                ("fields", Some(inner)) => {
                    let wanted = inner.trim().trim_start_matches('$').strip_prefix("select=");
                    let wanted = wanted.ok_or_else(|| not_expandable(expanded))?;
                    self.fields = Some(FieldsWanted::Only(names(wanted)));
                }
                ("columns", None) => self.columns = true,
                _ => return Err(not_expandable(expanded)),
            }
        }
        Ok(())
    }
}

fn not_expandable(text: &str) -> GraphError {
    GraphError::invalid_request(format!("Parsing OData Select and Expand failed at '{text}'."))
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn top(value: &str) -> Result<usize, GraphError> {
    let invalid = || GraphError::invalid_request(format!("Invalid value '{value}' for $top query option found."));
    value.trim().parse().ok().filter(|top| *top > 0).ok_or_else(invalid)
}

fn place(token: &str) -> Result<u64, GraphError> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).ok()?).ok()?;
        text.strip_prefix("Paged=TRUE&p_ID=")?.parse().ok()
    };
    read().ok_or_else(|| GraphError::invalid_request("The skiptoken is not valid."))
}

fn split_outside_brackets(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (index, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(text.get(start..index));
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_with_and_without_dollar() {
        for query in ["$expand=fields($select=Title,Frei)&$top=5", "expand=fields(select=Title,%20Frei)&top=5"] {
            let options = Options::parse(query).expect("good");
            let wanted = FieldsWanted::Only(vec!["Title".to_owned(), "Frei".to_owned()]);
            assert_eq!((options.fields, options.top, options.after), (Some(wanted), Some(5), 0), "{query}");
        }
        assert_eq!(Options::parse("expand=fields").expect("good").fields, Some(FieldsWanted::All));
        for query in ["$top=0", "$top=x", "$skip=3", "$expand=driveItem", "$skiptoken=x"] {
            assert!(Options::parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn the_next_page_asks_for_the_same_from_another_place() {
        let first = Options::parse("$expand=fields&$top=2").expect("good");
        let next = first.page_after(7);
        assert!(next.starts_with("$expand=fields&$top=2&$skiptoken="), "{next}");
        let second = Options::parse(&next).expect("good");
        assert_eq!((second.after, second.page_after(7)), (7, next));
    }
}
