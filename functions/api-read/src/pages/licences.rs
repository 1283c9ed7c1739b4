//! `/licences`: the licences of all tenants. What is shown stands in the address, so that a view can be kept and sent on.

pub(crate) mod csv;
mod view;

use std::ops::Range;

use askama::Template;
use leitwarte_core::{DateTime, Utc, Uuid};
use leitwarte_web::http::Language;

pub(crate) use view::{Column, Selection, View};

use super::Frame;
use super::states::{counted_word, state_word, tone};
use super::texts::texts;
use super::words::{Age, count};
use crate::board::{Board, Row, STATES, Tenant};

/// The page of all licences.
#[derive(Debug, Template)]
#[template(path = "licences.html")]
pub(crate) struct LicencesPage<'a> {
    frame: &'a Frame,
    t: &'static LicencesTexts,
    view: &'a View,
    /// Name and address without it of the only tenant shown.
    only_tenant: Option<(&'a str, String)>,
    /// Values of the form's hidden fields.
    states: String,
    sort: String,
    csv: String,
    no_tenants: bool,
    lines: Vec<Line<'a>>,
    /// Which rows these are, and of how many.
    range: String,
    chips: Vec<Chip>,
    heads: Vec<Head>,
    /// Addresses of the pages before and after.
    before: Option<String>,
    after: Option<String>,
    may_poll: bool,
}

/// A state to filter by.
#[derive(Debug)]
struct Chip {
    tone: &'static str,
    word: &'static str,
    count: String,
    address: String,
    active: bool,
}

/// One licence.
#[derive(Debug)]
struct Line<'a> {
    tone: &'static str,
    state: &'static str,
    tenant: &'a str,
    address: String,
    /// Product and part number; `None` where no licence is known.
    product: Option<(&'a str, &'a str)>,
    sku: Option<Uuid>,
    available: String,
    consumed: String,
    free: String,
    age: Option<Age>,
}

/// The head of a column.
#[derive(Debug)]
struct Head {
    name: &'static str,
    address: String,
    /// `ascending` or `descending`, if rows are sorted by it.
    sorted: Option<&'static str>,
    is_number: bool,
}

impl<'a> LicencesPage<'a> {
    /// The page of what a view shows of a board.
    pub(crate) fn new(frame: &'a Frame, view: &'a View, board: &'a Board, now: DateTime<Utc>) -> Self {
        let (language, t) = (frame.language, LicencesTexts::of(frame.language));
        let Selection { rows, counts } = view.select(board, language);
        let range = view.range(rows.len());
        let page = range.start / view::PAGE + 1;
        let at_page = |page| View { page, ..view.clone() }.address(PATH);
        let chips =
            STATES.into_iter().filter(|state| counts.of(*state) > 0 || view.states.contains(state)).map(|state| Chip {
                tone: tone(state),
                word: counted_word(language, state, counts.of(state)),
                count: count(language, i64::try_from(counts.of(state)).unwrap_or(i64::MAX)),
                address: view.toggled(state).address(PATH),
                active: view.states.contains(&state),
            });
        let heads = [
            (Column::State, t.state),
            (Column::Tenant, t.tenant),
            (Column::Licence, t.part_number),
            (Column::Sku, t.sku),
            (Column::Available, t.available),
            (Column::Consumed, t.consumed),
            (Column::Free, t.free),
        ];
        Self {
            frame,
            t,
            view,
            only_tenant: view.tenant.as_deref().map(|key| {
                let tenant = board.tenants.iter().find(|tenant| tenant.info.key == key);
                let without = View { tenant: None, page: 1, ..view.clone() };
                (tenant.map_or(key, Tenant::name), without.address(PATH))
            }),
            states: view.state_words(),
            sort: view.sort_word(),
            csv: View { page: 1, ..view.clone() }.address("/licences.csv"),
            no_tenants: board.tenants.is_empty(),
            range: shown(t, language, &range, rows.len()),
            before: (page > 1).then(|| at_page(page - 1)),
            after: (range.end < rows.len()).then(|| at_page(page + 1)),
            lines: rows[range].iter().map(|row| Line::new(language, row, &board.tenants[row.tenant], now)).collect(),
            chips: chips.collect(),
            heads: heads.map(|(column, name)| Head::new(view, column, name)).into(),
            may_poll: super::may_poll(frame),
        }
    }
}

impl<'a> Line<'a> {
    fn new(language: Language, row: &'a Row, tenant: &'a Tenant, now: DateTime<Utc>) -> Self {
        let number = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), |value| count(language, value));
        Self {
            tone: tone(row.state),
            state: state_word(language, row.state),
            tenant: tenant.name(),
            address: super::tenant_address(&tenant.info.key),
            product: row.sku_id.map(|_| (row.product(language), row.part_number.as_str())),
            sku: row.sku_id,
            available: number(row.available),
            consumed: number(row.consumed),
            free: number(row.free),
            age: tenant.info.last_success_at.map(|at| Age::of(language, at, now)),
        }
    }
}

/// `1 to 200 of 450 licences`.
fn shown(t: &LicencesTexts, language: Language, range: &Range<usize>, all: usize) -> String {
    let number = |value: usize| count(language, i64::try_from(value).unwrap_or(i64::MAX));
    let (first, last, all) = (number(range.start + 1), number(range.end), number(all));
    format!("{first} {} {last} {} {all} {}", t.to, t.of, t.licences)
}

/// The page's path.
const PATH: &str = "/licences";

impl Head {
    fn new(view: &View, column: Column, name: &'static str) -> Self {
        let sorted = if view.descending { "descending" } else { "ascending" };
        Self {
            name,
            address: view.sorted_by(column).address(PATH),
            sorted: (view.column == column).then_some(sorted),
            is_number: matches!(column, Column::Available | Column::Consumed | Column::Free),
        }
    }
}

texts! {
    /// Texts of the licences.
    LicencesTexts {
        title: "Status aller Lizenzen", "Status of all licences";
        search: "Tenant oder Lizenz", "Tenant or licence";
        show: "Nur anzeigen", "Show only";
        poll: "Anzeigen & SP aktualisieren", "Show & update SP";
        polling: "Abfrage läuft …", "Polling …";
        polled: "Alle Tenants wurden abgefragt.", "All tenants were polled.";
        unfinished: "Nicht alle Tenants wurden abgefragt:", "Not every tenant was polled:";
        csv: "CSV", "CSV";
        reset: "Zurücksetzen", "Reset";
        filter: "Filter", "Filter";
        filter_states: "Nach Zustand", "By state";
        only: "nur", "only";
        remove: "Filter entfernen", "Remove filter";
        state: "Zustand", "State";
        tenant: "Tenant", "Tenant";
        part_number: "SKU Part Number", "SKU Part Number";
        sku: "SKU ID", "SKU ID";
        available: "Verfügbar", "Available";
        consumed: "Verbraucht", "Consumed";
        free: "Frei", "Free";
        age: "Stand", "As of";
        of: "von", "of";
        to: "bis", "to";
        licences: "Lizenzen", "licences";
        pages: "Seiten", "Pages";
        before: "Zurück", "Back";
        after: "Weiter", "Next";
        never: "nie", "never";
        nothing_known: "Keine Lizenzen bekannt", "No licences known";
        none_title: "Kein Treffer", "No match";
        none: "Zu diesem Filter gibt es keine Lizenz.", "There is no licence for this filter.";
        empty_title: "Noch keine Tenants", "No tenants yet";
        empty: "Sobald ein Profil da ist, stehen seine Lizenzen innert einer Minute hier.",
            "As soon as there is a profile, its licences stand here within a minute.";
        how: "So wird ein Tenant aufgenommen", "How to take in a tenant";
    }
}

#[cfg(test)]
pub(super) fn sample(language: Language) -> String {
    use crate::board::tests::{board, now};
    let view = View { search: super::HOSTILE.to_owned(), tenant: Some(super::HOSTILE.to_owned()), ..View::default() };
    let nothing = LicencesPage::new(&Frame::sample(language), &view, &board(), now()).render().unwrap();
    assert!(nothing.contains("id=\"search\""));
    LicencesPage::new(&Frame::sample(language), &View::default(), &board(), now()).render().unwrap()
}
