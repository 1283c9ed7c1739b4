//! `/incidents`: shortages that last, the newest first, and if wanted those that are over.

use askama::Template;
use leitwarte_core::catalogue::{product_name, product_name_de};
use leitwarte_core::{DateTime, Utc};
use leitwarte_store::StoredIncident;
use leitwarte_web::http::Language;

use super::Frame;
use super::incident_state::State;
use super::texts::texts;
use super::words::{Age, counted};
use crate::board::Board;

/// Closed incidents that the page shows when asked for.
pub(crate) const CLOSED_SHOWN: u32 = 200;

/// The page of all incidents.
#[derive(Debug, Template)]
#[template(path = "incidents.html")]
pub(crate) struct IncidentsPage<'a> {
    frame: &'a Frame,
    t: &'static IncidentsTexts,
    lines: Vec<Line<'a>>,
    /// Whether those that are over are listed, too.
    with_closed: bool,
    /// What stands where the list is empty: title and text.
    none: (&'static str, String),
    /// Of how many tenants the numbers are not known, in words.
    unknown: Option<String>,
}

/// How far the numbers are known in which shortages would show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Nothing was ever polled.
    Nothing,
    /// Of so many tenants that are watched they are old or missing.
    AllBut(usize),
}

impl Sight {
    /// What a board lets see. Tenants that are switched off or not watched raise no incidents anyway.
    pub(crate) fn of(board: &Board) -> Self {
        let watched = board.tenants.iter().filter(|tenant| tenant.info.enabled && tenant.info.monitoring);
        Self::AllBut(watched.filter(|tenant| tenant.stale.is_some()).count())
    }
}

/// One incident.
#[derive(Debug)]
struct Line<'a> {
    number: i64,
    address: String,
    tenant: &'a str,
    tenant_address: String,
    product: &'a str,
    part_number: &'a str,
    state: State,
    opened: Age,
}

/// A product's name in a language.
pub(super) fn product(language: Language, stored: &StoredIncident) -> &str {
    match language {
        Language::German => product_name_de(stored.incident.sku_id, &stored.part_number),
        Language::English => product_name(stored.incident.sku_id, &stored.part_number),
    }
}

impl<'a> IncidentsPage<'a> {
    /// The page as of `now`.
    pub(crate) fn new(
        frame: &'a Frame,
        incidents: &'a [StoredIncident],
        sight: Sight,
        with_closed: bool,
        now: DateTime<Utc>,
    ) -> Self {
        let (language, t) = (frame.language, IncidentsTexts::of(frame.language));
        let line = |stored: &'a StoredIncident| Line {
            number: stored.incident.number,
            address: format!("/incidents/{}", stored.incident.number),
            tenant: &stored.tenant_name,
            tenant_address: super::tenant_address(&stored.incident.tenant),
            product: product(language, stored),
            part_number: &stored.part_number,
            state: State::of(language, stored, now),
            opened: Age::of(language, stored.incident.opened_at, now),
        };
        let unknown = match sight {
            Sight::Nothing | Sight::AllBut(0) => None,
            Sight::AllBut(tenants) => {
                let tenants = i64::try_from(tenants).unwrap_or(i64::MAX);
                Some(format!("{} {}", counted(language, tenants, t.one_unknown, t.some_unknown), t.may_be_short))
            }
        };
        let none = match sight {
            Sight::Nothing => (t.early_title, t.early.to_owned()),
            Sight::AllBut(0) => (t.none_title, t.none.to_owned()),
            Sight::AllBut(_) => (t.none_known_title, t.none_known.to_owned()),
        };
        Self { frame, t, lines: incidents.iter().map(line).collect(), with_closed, none, unknown }
    }
}

texts! {
    /// Texts of the incidents.
    IncidentsTexts {
        title: "Vorfälle", "Incidents";
        lead: "Lizenzen, die ausgegangen sind. Ein Vorfall endet von selbst, wenn wieder welche frei sind.",
            "Licences that have run out. An incident ends by itself when some are free again.";
        number: "Nr.", "No.";
        tenant: "Tenant", "Tenant";
        licence: "Lizenz", "Licence";
        since: "Seit", "Since";
        state: "Stand", "State";
        show_closed: "Auch erledigte zeigen", "Show those that are over";
        hide_closed: "Nur offene zeigen", "Show open ones only";
        none_title: "Kein Vorfall", "No incident";
        none: "Bei keinem überwachten Tenant sind Lizenzen ausgegangen.",
            "No tenant that is watched has run out of licences.";
        none_known_title: "Kein Vorfall bekannt", "No incident known";
        none_known: "Bei den überwachten Tenants, deren Zahlen bekannt sind, sind keine Lizenzen ausgegangen.",
            "No tenant that is watched and whose numbers are known has run out of licences.";
        early_title: "Noch nichts bekannt", "Nothing known yet";
        early: "Es wurde noch nie abgefragt; ob Lizenzen ausgegangen sind, weiss noch niemand.",
            "Nothing has been polled yet; nobody knows yet whether licences have run out.";
        unknown_title: "Nicht alles ist bekannt", "Not everything is known";
        one_unknown: "überwachter Tenant hat keine aktuellen Zahlen.", "tenant that is watched has no current numbers.";
        some_unknown: "überwachte Tenants haben keine aktuellen Zahlen.", "tenants that are watched have no current numbers.";
        may_be_short: "Dort können Lizenzen fehlen, ohne dass es hier steht.",
            "Licences may be missing there without standing here.";
    }
}

#[cfg(test)]
pub(super) fn sample(language: Language) -> String {
    use leitwarte_core::TimeDelta;
    use leitwarte_core::incident::{Closing, Phase};
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_010);
    let ordered = Phase::Ordered { quantity: 5, expected_on: now.date_naive() };
    let incidents = [
        super::incident_state::sample(4, Phase::Open, None),
        super::incident_state::sample(3, Phase::Acknowledged, None),
        super::incident_state::sample(2, ordered, None),
        super::incident_state::sample(1, Phase::Open, Some(Closing::Refilled)),
    ];
    IncidentsPage::new(&Frame::sample(language), &incidents, Sight::AllBut(2), true, now).render().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::{board, now};

    fn empty(sight: Sight) -> String {
        let html = IncidentsPage::new(&Frame::sample(Language::English), &[], sight, false, now()).render().unwrap();
        crate::pages::tests::markup::check(&html).unwrap();
        html
    }

    #[test]
    fn an_empty_list_says_all_is_well_only_where_all_is_known() {
        let all_is_well = IncidentsTexts::of(Language::English).none;
        assert!(empty(Sight::AllBut(0)).contains(all_is_well));
        let partly = empty(Sight::AllBut(3));
        assert!(
            !partly.contains(all_is_well) && partly.contains("3 tenants that are watched have no current numbers.")
        );
        let early = empty(Sight::Nothing);
        assert!(!early.contains(all_is_well) && early.contains("Nothing has been polled yet"));
    }

    #[test]
    fn tenants_that_fail_or_were_never_polled_are_counted_unless_they_are_switched_off() {
        assert_eq!(Sight::of(&board()), Sight::AllBut(2));
    }
}
