//! Incidents as text.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use leitwarte_core::catalogue::product_name;
use leitwarte_core::incident::Phase;
use leitwarte_store::{IncidentEvent, StoredIncident};

use crate::table::{cut, left, right};
use crate::terminal::{BAD, BOLD, DIM, GOOD, WARN, paint};
use crate::words::{ago, count};

const NUMBER: usize = 7;
const OPENED: usize = 14;

/// The list.
pub(super) fn list(incidents: &[StoredIncident], now: DateTime<Utc>, width: usize) -> String {
    if incidents.is_empty() {
        return "No shortage is known.\n".to_owned();
    }
    let widest = |text: &dyn Fn(&StoredIncident) -> String| {
        incidents.iter().map(|one| text(one).chars().count()).max().unwrap_or_default()
    };
    let tenant = widest(&|one| one.tenant_name.clone()).clamp(6, 28) + 2;
    let product = widest(&name).clamp(7, width.saturating_sub(NUMBER + OPENED + tenant + 34).max(20)) + 2;
    let mut text = String::new();
    let head = format!(
        "{}  {}{}{}what is done",
        right("no.", NUMBER - 2),
        left("tenant", tenant),
        left("licence", product),
        left("since", OPENED)
    );
    let _ = writeln!(text, "{}", paint(DIM, head));
    for one in incidents {
        let _ = writeln!(
            text,
            "{}  {}{}{}{}",
            right(&one.incident.number.to_string(), NUMBER - 2),
            left(&one.tenant_name, tenant),
            left(&name(one), product),
            left(&ago(one.incident.opened_at, now), OPENED),
            state(one, now)
        );
    }
    let open = incidents.iter().filter(|one| one.closed.is_none()).count();
    let _ = writeln!(
        text,
        "\n{}. `leitwarte incidents show NO.` tells more; `… acknowledge`, `… order`, `… snooze` say what is done.",
        paint(BOLD, format_args!("{} open", count(open, "shortage")))
    );
    text
}

/// One incident in one line.
pub(super) fn line(one: &StoredIncident, now: DateTime<Utc>) -> String {
    format!("Incident {}: {}, {}: {}\n", one.incident.number, cut(&one.tenant_name, 60), name(one), state(one, now))
}

/// One incident and what happened to it.
pub(super) fn one(one: &StoredIncident, events: &[IncidentEvent], now: DateTime<Utc>) -> String {
    let mut text = line(one, now);
    let _ = writeln!(text, "{}", paint(DIM, format_args!("{} · {}", one.part_number, one.incident.sku_id)));
    for event in events {
        let who = if event.who.is_empty() { String::new() } else { format!(" by {}", cut(&event.who, 40)) };
        let detail = if event.detail.is_empty() { String::new() } else { format!(" ({})", cut(&event.detail, 60)) };
        let _ = writeln!(text, "  {}  {}{who}{detail}", event.at.format("%Y-%m-%d %H:%M UTC"), event.what);
    }
    text
}

fn name(one: &StoredIncident) -> String {
    product_name(one.incident.sku_id, &one.part_number).to_owned()
}

fn state(one: &StoredIncident, now: DateTime<Utc>) -> String {
    if let Some((at, closing)) = one.closed {
        return paint(GOOD, format_args!("closed {} ({})", ago(at, now), closing.as_str().replace('_', " ")));
    }
    let snoozed = one.incident.snoozed_until.filter(|until| *until > now);
    match (one.incident.phase, snoozed) {
        (Phase::Ordered { quantity, expected_on }, _) => {
            paint(GOOD, format_args!("{quantity} ordered, expected {expected_on}"))
        }
        (_, Some(until)) => paint(WARN, format_args!("put off until {}", until.date_naive())),
        (Phase::Acknowledged, None) => paint(WARN, "seen"),
        (Phase::Open, None) => paint(BAD, "nothing yet"),
    }
}
