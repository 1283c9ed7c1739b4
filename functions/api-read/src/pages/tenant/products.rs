//! The licences of one tenant: numbers, course and forecast of each.

use std::collections::HashMap;

use leitwarte_core::catalogue::{product_name, product_name_de};
use leitwarte_core::forecast::Outlook;
use leitwarte_core::message::words::Language as Words;
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::series::Series;
use leitwarte_core::status::StatusRow;
use leitwarte_core::stock::StockState;
use leitwarte_core::{DateTime, Utc, Uuid};
use leitwarte_store::{ProductOutlook, StockHistory};
use leitwarte_web::http::Language;

use super::{Known, pick2};
use crate::pages::chart::{Chart, Step};
use crate::pages::states::{state_word, tone};
use crate::pages::texts::pick;
use crate::pages::words::{Moment, count, counted};

/// One licence.
#[derive(Debug)]
pub(crate) struct Product<'a> {
    pub(super) tone: &'static str,
    pub(super) state: &'static str,
    pub(super) name: &'a str,
    pub(super) part_number: &'a str,
    pub(super) sku: Uuid,
    pub(super) available: String,
    pub(super) consumed: String,
    pub(super) free: String,
    /// In a few words.
    pub(super) soon: Option<String>,
    /// With its reasoning, and what ends soon; of a licence that never moved, too.
    pub(super) forecast: Option<String>,
    pub(super) course: Option<Course>,
}

/// How a licence went.
#[derive(Debug)]
pub(crate) struct Course {
    pub(super) chart: Chart,
    /// The same numbers, the newest first.
    pub(super) numbers: Vec<Numbers>,
}

/// Numbers from a moment on.
#[derive(Debug)]
pub(crate) struct Numbers {
    pub(super) from: Moment,
    pub(super) available: String,
    pub(super) consumed: String,
    pub(super) free: String,
}

impl Product<'_> {
    /// Whether there is nothing to say of what is to come.
    pub(super) fn says_nothing_ahead(&self) -> bool {
        self.soon.is_none() && self.forecast.is_none()
    }
}

/// The product's name in a language.
pub(super) fn name(language: Language, sku: Uuid, part_number: &str) -> &str {
    match language {
        Language::German => product_name_de(sku, part_number),
        Language::English => product_name(sku, part_number),
    }
}

/// Every licence of a tenant, worst first.
pub(super) fn all<'a>(
    language: Language,
    known: &'a Known,
    policy: &PollPolicy,
    now: DateTime<Utc>,
) -> Vec<Product<'a>> {
    let tenant = &known.outlook.tenant;
    let part_numbers: HashMap<Uuid, &str> =
        tenant.stock.iter().map(|stock| (stock.sku_id, stock.part_number.as_str())).collect();
    let outlooks: HashMap<Uuid, &ProductOutlook> =
        known.outlook.products.iter().map(|product| (product.stock.sku_id, product)).collect();
    let courses: HashMap<Uuid, &Series> = known.history.products.iter().map(|series| (series.sku_id, series)).collect();
    let rows = tenant.rows(policy, now).into_iter();
    rows.filter_map(|row| {
        let sku = row.skuid?;
        let outlook = outlooks.get(&sku).copied();
        let series = courses.get(&sku).filter(|series| moves(row.state, series));
        let part_number = part_numbers.get(&sku).copied().unwrap_or_default();
        Some(Product {
            course: series.map(|series| course(language, &known.history, series, outlook.map(|one| &one.outlook))),
            forecast: outlook.map(|one| one.words(known.outlook.today, pick2(language, Words::De, Words::En))),
            ..product(language, &row, sku, part_number, outlook.map(|one| &one.outlook))
        })
    })
    .collect()
}

/// Whether there is a course to draw: of a licence that can run out and that did change.
fn moves(state: StockState, series: &Series) -> bool {
    !matches!(state, StockState::Unmetered | StockState::CompanyWide) && series.points.len() > 1
}

fn product<'a>(
    language: Language,
    row: &StatusRow,
    sku: Uuid,
    part_number: &'a str,
    outlook: Option<&Outlook>,
) -> Product<'a> {
    let number = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), |value| count(language, value));
    let soon = outlook.and_then(|outlook| match outlook {
        Outlook::RunsOut(forecast) => {
            let days = pick2(language, ("Tag", "Tagen"), ("day", "days"));
            Some(format!("in {}", counted(language, forecast.days_left, days.0, days.1)))
        }
        Outlook::Exhausted | Outlook::Silent { .. } => None,
    });
    Product {
        tone: tone(row.state),
        state: state_word(language, row.state),
        name: name(language, sku, part_number),
        part_number,
        sku,
        available: number(row.available_units),
        consumed: number(row.consumed_units),
        free: number(row.free_units),
        soon: soon.map(|days| pick(language, "leer ", "empty ").to_owned() + &days),
        forecast: None,
        course: None,
    }
}

fn course(language: Language, history: &StockHistory, series: &Series, outlook: Option<&Outlook>) -> Course {
    let steps: Vec<Step> = series
        .points
        .iter()
        .map(|point| Step { at: point.at, numbers: point.numbers.map(|numbers| (numbers.usable, numbers.consumed)) })
        .collect();
    let empty_on = outlook.and_then(|outlook| match outlook {
        Outlook::RunsOut(forecast) => forecast.on.and_hms_opt(0, 0, 0).map(|at| at.and_utc()),
        Outlook::Exhausted | Outlook::Silent { .. } => None,
    });
    let number = |value: i64| count(language, value);
    let rows = series.points.iter().rev().map(|point| {
        let shown = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), number);
        Numbers {
            from: Moment(point.at),
            available: shown(point.numbers.map(|numbers| numbers.usable)),
            consumed: shown(point.numbers.map(|numbers| numbers.consumed)),
            free: shown(point.numbers.map(|numbers| numbers.free)),
        }
    });
    let label = label(language, &steps);
    let numbers = rows.collect();
    Course { chart: Chart { steps, since: history.since, until: history.until, empty_on, label, language }, numbers }
}

/// `Consumed from 71 to 92, available from 85 to 85.`
fn label(language: Language, steps: &[Step]) -> String {
    let mut known = steps.iter().filter_map(|step| step.numbers);
    let Some(first) = known.next() else { return String::new() };
    let last = known.next_back().unwrap_or(first);
    let number = |value: i64| count(language, value);
    let (consumed, to, available) =
        pick2(language, ("Verbraucht von", "auf", "verfügbar von"), ("Consumed from", "to", "available from"));
    format!(
        "{consumed} {} {to} {}, {available} {} {to} {}.",
        number(first.1),
        number(last.1),
        number(first.0),
        number(last.0)
    )
}
