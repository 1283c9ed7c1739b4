//! `/overview`: all tenants, the worst first: what is missing, what runs out next, what fails.

use askama::Template;
use leitwarte_core::catalogue::{product_name, product_name_de};
use leitwarte_core::stock::StockState;
use leitwarte_core::{DateTime, Utc};
use leitwarte_web::http::Language;

use super::Frame;
use super::states::{counted_word, state_word, tone};
use super::texts::{pick, texts};
use super::troubles::Trouble;
use super::words::{Age, count, counted, day};
use crate::board::{Board, Tenant};
use crate::outlook_cache::{Next, NextOut};

/// Tenants that are shown; all of them are on the page of tenants.
const MOST: usize = 100;

/// The page of all tenants.
#[derive(Debug, Template)]
#[template(path = "overview.html")]
pub(crate) struct OverviewPage<'a> {
    frame: &'a Frame,
    t: &'static OverviewTexts,
    tiles: Vec<Tile>,
    lines: Vec<Line<'a>>,
    /// How many tenants there are, in words, and how many are left out.
    tenants: String,
    left_out: Option<String>,
    last_tick: Option<Age>,
    may_poll: bool,
}

/// A number at the head of the page, and where its rows are.
#[derive(Debug)]
struct Tile {
    tone: &'static str,
    count: String,
    word: &'static str,
    address: &'static str,
}

/// One tenant.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) tone: &'static str,
    pub(super) word: &'static str,
    pub(super) name: &'a str,
    pub(super) key: &'a str,
    pub(super) address: String,
    pub(super) trouble: Option<Trouble<'a>>,
    /// Since when polls fail.
    pub(super) failing_since: Option<Age>,
    /// Tone, count and word of each state that counts, and where its rows are.
    pub(super) counts: Vec<(&'static str, String, &'static str, String)>,
    /// What runs out next, and when, in words.
    pub(super) next: Option<(&'a str, String)>,
    /// What to say where nothing is known to run out: that it has already, that nobody knows, or that nothing is in sight.
    pub(super) no_next: &'static str,
    pub(super) age: Option<Age>,
    pub(super) monitoring: bool,
}

impl<'a> OverviewPage<'a> {
    /// The page of a board. `last_tick` is when all tenants were last polled.
    pub(crate) fn new(
        frame: &'a Frame,
        board: &'a Board,
        next: &'a NextOut,
        last_tick: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        let (language, t) = (frame.language, OverviewTexts::of(frame.language));
        let counts = board.counts();
        let failing = board.tenants.iter().filter(|tenant| tenant.info.enabled && tenant.stale.is_some()).count();
        let number = |value: usize| count(language, i64::try_from(value).unwrap_or(i64::MAX));
        let tile = |state: StockState, address| Tile {
            tone: tone(state),
            count: number(counts.of(state)),
            word: counted_word(language, state, counts.of(state)),
            address,
        };
        let lines =
            board.tenants.iter().take(MOST).map(|tenant| Line::new(language, tenant, next.get(&tenant.info.key), now));
        let all = i64::try_from(board.tenants.len()).unwrap_or(i64::MAX);
        let beyond = board.tenants.len().saturating_sub(MOST);
        Self {
            frame,
            t,
            tiles: vec![
                tile(StockState::Short, "/licences?state=short"),
                tile(StockState::Low, "/licences?state=low"),
                tile(StockState::Unknown, "/licences?state=unknown"),
                tile(StockState::Fine, "/licences?state=fine"),
                Tile {
                    tone: if failing == 0 { "fine" } else { "unknown" },
                    count: number(failing),
                    word: t.failing_tenants,
                    address: "/tenants?failing=1",
                },
            ],
            lines: lines.collect(),
            tenants: counted(language, all, t.tenant, t.tenants),
            left_out: (beyond > 0).then(|| number(beyond)),
            last_tick: last_tick.map(|at| Age::of(language, at, now)),
            may_poll: super::may_poll(frame),
        }
    }
}

impl<'a> Line<'a> {
    pub(super) fn new(language: Language, tenant: &'a Tenant, next: Option<&'a Next>, now: DateTime<Utc>) -> Self {
        let t = OverviewTexts::of(language);
        let counted = [StockState::Short, StockState::Low, StockState::Unknown, StockState::Fine];
        let found = counted.into_iter().filter(|state| tenant.counts.of(*state) > 0);
        let worst = found.clone().next();
        let (tone_, word) = match &tenant.stale {
            _ if !tenant.info.enabled => ("quiet", t.off),
            Some(_) if worst == Some(StockState::Short) => ("short", t.short_and_failing),
            Some(_) => ("unknown", t.failing),
            None => worst.map_or(("quiet", t.nothing), |state| (tone(state), state_word(language, state))),
        };
        let counts = found.map(|state| {
            let address = format!("/licences?tenant={}&state={}", super::escaped(&tenant.info.key), state.as_str());
            let of_state = tenant.counts.of(state);
            let number = count(language, i64::try_from(of_state).unwrap_or(i64::MAX));
            (tone(state), number, counted_word(language, state, of_state), address)
        });
        Self {
            tone: tone_,
            word,
            name: tenant.name(),
            key: &tenant.info.key,
            address: super::tenant_address(&tenant.info.key),
            trouble: tenant.stale.as_ref().map(|stale| Trouble::new(language, stale)),
            failing_since: tenant.info.failing_since.map(|at| Age::of(language, at, now)),
            counts: counts.collect(),
            next: next.map(|next| (product(language, next), when(language, next))),
            no_next: no_next(t, tenant),
            age: tenant.info.last_success_at.map(|at| Age::of(language, at, now)),
            monitoring: tenant.info.monitoring,
        }
    }
}

/// Of old numbers nobody looks ahead, and that must not look like a calm future.
fn no_next(t: &OverviewTexts, tenant: &Tenant) -> &'static str {
    if tenant.counts.of(StockState::Short) > 0 {
        t.used_up
    } else if tenant.stale.is_some() || tenant.counts.of(StockState::Unknown) > 0 {
        t.unknown_next
    } else {
        t.no_next
    }
}

fn product(language: Language, next: &Next) -> &str {
    match language {
        Language::German => product_name_de(next.sku_id, &next.part_number),
        Language::English => product_name(next.sku_id, &next.part_number),
    }
}

/// `in 9 days (± 3), 7 Dec 2026`.
fn when(language: Language, next: &Next) -> String {
    let forecast = &next.forecast;
    let days = counted(language, forecast.days_left, pick(language, "Tag", "day"), pick(language, "Tagen", "days"));
    format!("in {days} (± {}), {}", count(language, forecast.margin_days), day(language, forecast.on))
}

texts! {
    /// Texts of the overview.
    OverviewTexts {
        title: "Übersicht", "Overview";
        last_tick: "letzte Abfrage aller Tenants", "all tenants last polled";
        poll: "Anzeigen & SP aktualisieren", "Show & update SP";
        polling: "Abfrage läuft …", "Polling …";
        polled: "Alle Tenants wurden abgefragt.", "All tenants were polled.";
        unfinished: "Nicht alle Tenants wurden abgefragt:", "Not every tenant was polled:";
        summary: "Auf einen Blick", "At a glance";
        tenant: "Tenant", "tenant";
        tenants: "Tenants", "tenants";
        name: "Tenant", "Tenant";
        failing_tenants: "Tenants mit Störung", "failing tenants";
        state: "Zustand", "State";
        licences: "Lizenzen", "Licences";
        next: "Geht als Nächstes aus", "Runs out next";
        no_next: "nichts absehbar", "nothing in sight";
        unknown_next: "unbekannt", "not known";
        used_up: "schon aufgebraucht", "used up already";
        age: "Stand", "As of";
        never: "nie", "never";
        off: "ausgeschaltet", "switched off";
        failing: "gestört", "failing";
        short_and_failing: "fehlt, gestört", "short, failing";
        nothing: "nichts zu melden", "nothing to tell";
        since: "seit", "since";
        quiet: "keine Meldungen", "nobody is told";
        more: "weitere Tenants", "more tenants";
        empty_title: "Willkommen. Noch ist kein Tenant aufgenommen.", "Welcome. No tenant is taken in yet.";
        empty: "Ein Tenant ist eine Profildatei und ein Zertifikat. Sobald beides da ist, stehen seine Lizenzen innert einer Minute hier.",
            "A tenant is a profile file and a certificate. As soon as both are there, its licences stand here within a minute.";
        how: "So geht es", "How to";
    }
}

#[cfg(test)]
pub(super) fn sample(language: Language) -> String {
    use crate::board::tests::{E3, board, now};
    use leitwarte_core::forecast::Forecast;
    let forecast = Forecast {
        per_week: 2.5,
        days_seen: 56,
        free: 4,
        days_left: 11,
        margin_days: 3,
        on: now().date_naive(),
        order_by: None,
        delivery_days: None,
    };
    let next = Next { sku_id: E3, part_number: "SPE_E3".to_owned(), forecast: forecast.clone() };
    let hostile = Next { sku_id: leitwarte_core::Uuid::from_u128(5), part_number: super::HOSTILE.to_owned(), forecast };
    let next = NextOut::from([("fine".to_owned(), next), ("hostile".to_owned(), hostile)]);
    OverviewPage::new(&Frame::sample(language), &board(), &next, Some(now()), now()).render().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::{board, now};

    #[test]
    fn a_failing_tenant_never_looks_fine_and_says_what_to_do() {
        let board = board();
        let lines: Vec<_> =
            board.tenants.iter().map(|tenant| Line::new(Language::English, tenant, None, now())).collect();
        let tones: Vec<_> = lines.iter().map(|line| (line.key, line.tone, line.word)).collect();
        assert_eq!(
            tones,
            [
                ("hostile", "short", "short"),
                ("failing", "unknown", "failing"),
                ("new", "unknown", "failing"),
                ("fine", "fine", "fine"),
                ("off", "quiet", "switched off"),
            ]
        );
        let trouble = lines[1].trouble.as_ref().unwrap();
        assert_eq!(trouble.title, "Sign-in refused");
        assert!(trouble.detail.unwrap().1.starts_with("Fix "));
    }

    #[test]
    fn of_numbers_that_are_old_or_missing_nobody_says_what_runs_out_next() {
        let board = board();
        let said: Vec<_> = board
            .tenants
            .iter()
            .map(|tenant| (tenant.info.key.as_str(), Line::new(Language::English, tenant, None, now()).no_next))
            .collect();
        assert_eq!(
            said,
            [
                ("hostile", "used up already"),
                ("failing", "not known"),
                ("new", "not known"),
                ("fine", "nothing in sight"),
                ("off", "used up already"),
            ]
        );
    }
}
