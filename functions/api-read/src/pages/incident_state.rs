//! How an incident stands, in a tone and in words.

use leitwarte_core::incident::{Closing, Phase};
use leitwarte_core::{DateTime, NaiveDate, Utc};
use leitwarte_store::StoredIncident;
use leitwarte_web::http::Language;

use super::texts::pick;
use super::words::{count, day};

/// Tone of the badge, its word, and more about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) tone: &'static str,
    pub(super) word: &'static str,
    pub(super) more: Option<String>,
}

impl State {
    pub(super) fn of(language: Language, stored: &StoredIncident, now: DateTime<Utc>) -> Self {
        let say = |german, english| pick(language, german, english);
        let state = |tone, word| Self { tone, word, more: None };
        if let Some((_, closing)) = stored.closed {
            return Self {
                more: Some(why_closed(language, closing).to_owned()),
                ..state("fine", say("erledigt", "over"))
            };
        }
        let incident = &stored.incident;
        if let Some(until) = incident.snoozed_until.filter(|until| *until > now) {
            let more = until_when(language, until);
            return Self { more: Some(more), ..state("quiet", say("zurückgestellt", "snoozed")) };
        }
        match incident.phase {
            Phase::Open => state("short", say("offen", "open")),
            Phase::Acknowledged => state("low", say("gesehen", "acknowledged")),
            Phase::Ordered { quantity, expected_on } => {
                let late = expected_on < now.date_naive();
                let more = what_is_ordered(language, quantity, expected_on);
                let state = if late {
                    state("short", say("überfällig", "overdue"))
                } else {
                    state("low", say("bestellt", "ordered"))
                };
                Self { more: Some(more), ..state }
            }
        }
    }
}

/// Why an incident ended.
pub(super) fn why_closed(language: Language, closing: Closing) -> &'static str {
    match closing {
        Closing::Refilled => pick(language, "Lizenzen sind wieder da", "licences are back"),
        Closing::NoLongerAlerts => pick(language, "wird nicht mehr gemeldet", "is not told any more"),
        Closing::Gone => pick(language, "das Produkt gibt es nicht mehr", "the product is gone"),
    }
}

/// How many are on their way, and when they should be there.
pub(super) fn what_is_ordered(language: Language, quantity: i64, expected_on: NaiveDate) -> String {
    let (quantity, on) = (count(language, quantity), day(language, expected_on));
    match language {
        Language::German => format!("{quantity} bestellt, erwartet am {on}"),
        Language::English => format!("{quantity} ordered, expected on {on}"),
    }
}

/// Until when nobody wants to hear of it.
pub(super) fn until_when(language: Language, until: DateTime<Utc>) -> String {
    format!("{} {}", pick(language, "bis", "until"), day(language, until.date_naive()))
}

#[cfg(test)]
pub(super) fn sample(number: i64, phase: Phase, closed: Option<Closing>) -> StoredIncident {
    use leitwarte_core::incident::Incident;
    use leitwarte_core::{TimeDelta, Uuid};
    let opened_at = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    StoredIncident {
        incident: Incident {
            number,
            tenant: "contoso".to_owned(),
            sku_id: Uuid::from_u128(1),
            opened_at,
            phase,
            snoozed_until: None,
            told: 2,
        },
        part_number: super::tests::HOSTILE.to_owned(),
        tenant_name: super::tests::HOSTILE.to_owned(),
        closed: closed.map(|closing| (opened_at + TimeDelta::days(3), closing)),
        version: 4,
    }
}

#[cfg(test)]
mod tests {
    use leitwarte_core::TimeDelta;

    use super::*;

    #[test]
    fn what_is_late_looks_as_urgent_as_what_nobody_has_seen() {
        let opened = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let expected_on = (opened + TimeDelta::days(2)).date_naive();
        let ordered = sample(1, Phase::Ordered { quantity: 1250, expected_on }, None);
        let at = |days| State::of(Language::English, &ordered, opened + TimeDelta::days(days));
        assert_eq!((at(2).tone, at(2).word), ("low", "ordered"));
        assert_eq!((at(3).tone, at(3).word), ("short", "overdue"));
        assert_eq!(at(3).more.as_deref(), Some("1,250 ordered, expected on 6 Oct 2024"));
    }

    #[test]
    fn a_closed_incident_says_why() {
        let closed = sample(1, Phase::Open, Some(Closing::Gone));
        let state = State::of(Language::German, &closed, DateTime::UNIX_EPOCH);
        assert_eq!((state.tone, state.more.as_deref()), ("fine", Some("das Produkt gibt es nicht mehr")));
    }
}
