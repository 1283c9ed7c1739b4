//! `/incidents`: shortages that last, the newest first, and if wanted those that are over.

use askama::Template;
use leitwarte_core::catalogue::{product_name, product_name_de};
use leitwarte_core::{DateTime, Utc};
use leitwarte_store::StoredIncident;
use leitwarte_web::http::Language;

use super::Frame;
use super::incident_state::State;
use super::texts::texts;
use super::words::Age;

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
        with_closed: bool,
        now: DateTime<Utc>,
    ) -> Self {
        let language = frame.language;
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
        Self { frame, t: IncidentsTexts::of(language), lines: incidents.iter().map(line).collect(), with_closed }
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
    IncidentsPage::new(&Frame::sample(language), &incidents, true, now).render().unwrap()
}
