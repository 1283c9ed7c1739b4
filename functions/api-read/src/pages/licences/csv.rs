//! The licences as CSV (RFC 4180): for spreadsheets, so that no cell becomes a formula.

use std::borrow::Cow;

use leitwarte_core::stock::StockState;
use leitwarte_web::http::Language;

use super::view::Selection;
use crate::board::Board;
use crate::pages::states::state_word;
use crate::pages::texts::{pick, texts};

/// What a spreadsheet takes for the beginning of a formula, or passes over to find one.
/// Source: OWASP, "CSV Injection".
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

texts! {
    /// Heads of the columns.
    CsvTexts {
        state: "Zustand", "State";
        tenant: "Tenant", "Tenant";
        key: "Schlüssel", "Key";
        product: "Lizenz", "Licence";
        part_number: "SKU Part Number", "SKU Part Number";
        sku: "SKU ID", "SKU ID";
        available: "Verfügbar", "Available";
        consumed: "Verbraucht", "Consumed";
        free: "Frei", "Free";
        polled_at: "Stand", "As of";
    }
}

/// The selected rows. German spreadsheets expect semicolons, English ones commas; a byte order mark tells both that it is
/// UTF-8.
pub(crate) fn csv(board: &Board, selection: &Selection<'_>, language: Language) -> String {
    let separator = pick(language, ";", ",");
    let t = CsvTexts::of(language);
    let mut text = String::with_capacity(selection.rows.len() * 160 + 256);
    text.push('\u{feff}');
    let head =
        [t.state, t.tenant, t.key, t.product, t.part_number, t.sku, t.available, t.consumed, t.free, t.polled_at];
    line(&mut text, separator, &head.map(cell));
    for row in &selection.rows {
        let tenant = &board.tenants[row.tenant];
        let polled_at = tenant.info.last_success_at.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
        line(
            &mut text,
            separator,
            &[
                cell(state_word(language, row.state)),
                cell(tenant.name()),
                cell(&tenant.info.key),
                cell(row.product(language)),
                cell(&row.part_number),
                cell(&row.sku_id.map(|id| id.to_string()).unwrap_or_default()),
                number(row.available),
                number(row.consumed),
                number(row.free),
                cell(&polled_at.unwrap_or_default()),
            ],
        );
    }
    text
}

/// The name of the file.
pub(crate) fn file_name(language: Language, states: &[StockState]) -> String {
    let words: Vec<_> = std::iter::once(pick(language, "lizenzen", "licences"))
        .chain(states.iter().map(|state| state.as_str()))
        .collect();
    words.join("-") + ".csv"
}

fn line(text: &mut String, separator: &str, cells: &[String; 10]) {
    text.push_str(&cells.join(separator));
    text.push_str("\r\n");
}

/// A text in quotes, with an apostrophe before what could be a formula.
fn cell(value: &str) -> String {
    let value: Cow<'_, str> = if value.starts_with(FORMULA) { format!("'{value}").into() } else { value.into() };
    format!("\"{}\"", value.replace('"', "\"\""))
}

/// A number is no text: its minus begins no formula, and with an apostrophe it could not be summed up.
fn number(value: Option<i64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::board;
    use crate::pages::licences::View;

    #[test]
    fn no_cell_becomes_a_formula_and_none_leaves_its_place() {
        for name in ["=1+1", "+1", "-1", "@x", "\tx", "\rx"] {
            assert_eq!(cell(name), format!("\"'{name}\""));
        }
        assert_eq!(cell("a\"b;c\nd"), "\"a\"\"b;c\nd\"");
        assert_eq!((number(Some(-7)), number(None)), ("-7".to_owned(), String::new()));
    }

    #[test]
    fn every_row_is_there_with_hostile_names_in_their_cells() {
        let board = board();
        let view = View::default();
        let text = csv(&board, &view.select(&board, Language::German), Language::German);
        assert!(text.starts_with("\u{feff}\"Zustand\";\"Tenant\";"));
        assert_eq!(text.matches("\r\n").count(), board.rows.len() + 1);
        assert!(text.contains("\"'=1+1\"\"'><script>"), "{text}");
        let english = csv(&board, &view.select(&board, Language::English), Language::English);
        assert!(english.contains(",5,12,-7,"), "{english}");
    }
}
