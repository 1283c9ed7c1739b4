//! `/incidents/{number}`: one shortage, what is done about it, the mail that orders licences, and all that happened.

use askama::Template;
use leitwarte_core::incident::{Closing, LONGEST_ORDER, LONGEST_SNOOZE, Phase};
use leitwarte_core::message::order::{Order, OrderMail, suggested_quantity};
use leitwarte_core::message::words;
use leitwarte_core::rules::Rule;
use leitwarte_core::status::TenantSnapshot;
use leitwarte_core::{DateTime, NaiveDate, TimeDelta, Utc, Uuid};
use leitwarte_store::{IncidentEvent, StoredIncident};
use leitwarte_web::http::Language;
use leitwarte_web::permission::Permission;

use super::incident_state::{State, until_when, what_is_ordered, why_closed};
use super::incidents::product;
use super::texts::{pick, texts};
use super::words::{Age, count};
use super::{Frame, escaped};

/// All that the page shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    /// The incident.
    pub(crate) stored: &'a StoredIncident,
    /// What happened to it, oldest first.
    pub(crate) events: &'a [IncidentEvent],
    /// The tenant as it is now; `None` when its profile is gone.
    pub(crate) tenant: Option<&'a TenantSnapshot>,
    /// Entra's GUID of the tenant.
    pub(crate) tenant_id: Option<Uuid>,
    /// The rule that holds for the product.
    pub(crate) rule: &'a Rule,
}

/// The page of one incident.
#[derive(Debug, Template)]
#[template(path = "incident.html")]
pub(crate) struct IncidentPage<'a> {
    frame: &'a Frame,
    t: &'static IncidentTexts,
    number: i64,
    version: i64,
    product: &'a str,
    part_number: &'a str,
    tenant: &'a str,
    tenant_address: String,
    state: State,
    opened: Age,
    told: String,
    /// Usable, assigned, left, in words, and when they were read.
    numbers: Option<(String, String, String, Option<Age>)>,
    /// Whether actions are offered.
    may_act: bool,
    /// `open`, `acknowledged` or `ordered`.
    phase: &'static str,
    has_anything_to_take_back: bool,
    is_over: bool,
    quantity: i64,
    /// Today, the day usually expected, the last day believed; the first and the last day to be reminded on.
    days: Days,
    mails: Vec<Mail>,
    events: Vec<Event<'a>>,
}

/// Bounds of the fields.
#[derive(Debug)]
struct Days {
    today: NaiveDate,
    expected: NaiveDate,
    last_expected: NaiveDate,
    tomorrow: NaiveDate,
    in_a_week: NaiveDate,
    last_snooze: NaiveDate,
}

/// The order's mail in one language.
#[derive(Debug)]
struct Mail {
    language: &'static str,
    name: &'static str,
    text: OrderMail,
    /// Opens the reader's mail program with all of it.
    address: String,
}

/// One line of the timeline.
#[derive(Debug)]
struct Event<'a> {
    at: Age,
    what: &'static str,
    detail: String,
    who: &'a str,
}

/// Days of a delivery where no rule says.
const USUAL_DELIVERY_DAYS: u32 = 7;

impl<'a> IncidentPage<'a> {
    /// The page as of `now`.
    pub(crate) fn new(frame: &'a Frame, case: Case<'a>, now: DateTime<Utc>) -> Self {
        let Case { stored, events, tenant, rule, .. } = case;
        let (language, incident) = (frame.language, &stored.incident);
        let stock = tenant.and_then(|tenant| {
            let stock = tenant.stock.iter().find(|stock| stock.sku_id == incident.sku_id)?;
            let warning = tenant.count_warning_units;
            Some((stock.usable(warning), stock.consumed, stock.free(warning), rule.free(stock, warning)))
        });
        let quantity = match incident.phase {
            Phase::Ordered { quantity, .. } => quantity,
            Phase::Open | Phase::Acknowledged => suggested_quantity(stock.map_or(0, |(.., free)| free)),
        };
        let order = Order {
            incident: incident.number,
            tenant: stored.tenant_name.clone(),
            tenant_id: case.tenant_id,
            sku_id: incident.sku_id,
            part_number: stored.part_number.clone(),
            quantity,
            numbers: stock.map(|(usable, consumed, free, _)| (usable, consumed, free)),
        };
        let number = |value| count(language, value);
        let polled = tenant.and_then(|tenant| tenant.polled_at).map(|at| Age::of(language, at, now));
        Self {
            t: IncidentTexts::of(language),
            number: incident.number,
            version: stored.version,
            product: product(language, stored),
            part_number: &stored.part_number,
            tenant: &stored.tenant_name,
            tenant_address: super::tenant_address(&incident.tenant),
            state: State::of(language, stored, now),
            opened: Age::of(language, incident.opened_at, now),
            told: told(language, incident.told),
            numbers: stock.map(|(usable, consumed, free, _)| (number(usable), number(consumed), number(free), polled)),
            may_act: frame.may(Permission::Manage) && stored.closed.is_none(),
            phase: incident.phase.as_str(),
            has_anything_to_take_back: incident.phase != Phase::Open || incident.snoozed_until.is_some(),
            is_over: stored.closed.is_some(),
            quantity,
            days: Days::new(now, rule.delivery_days.unwrap_or(USUAL_DELIVERY_DAYS)),
            mails: mails(language, &order),
            events: events.iter().rev().map(|event| Event::new(language, event, now)).collect(),
            frame,
        }
    }
}

impl Days {
    fn new(now: DateTime<Utc>, delivery: u32) -> Self {
        let on = |time: TimeDelta| (now + time).date_naive();
        Self {
            today: now.date_naive(),
            expected: on(TimeDelta::days(i64::from(delivery))),
            last_expected: on(LONGEST_ORDER),
            tomorrow: on(TimeDelta::days(1)),
            in_a_week: on(TimeDelta::days(7)),
            last_snooze: on(LONGEST_SNOOZE - TimeDelta::days(1)),
        }
    }
}

/// The reader's own language first.
fn mails(language: Language, order: &Order) -> Vec<Mail> {
    let one = |(tag, name, words): (&'static str, &'static str, words::Language)| {
        let text = order.mail(words);
        let lines = text.body.replace('\n', "\r\n");
        let address = format!("mailto:?subject={}&body={}", escaped(&text.subject), escaped(&lines));
        Mail { language: tag, name, text, address }
    };
    let mut mails: Vec<Mail> =
        [("de", "Deutsch", words::Language::De), ("en", "English", words::Language::En)].map(one).into();
    if language == Language::English {
        mails.reverse();
    }
    mails
}

impl<'a> Event<'a> {
    fn new(language: Language, event: &'a IncidentEvent, now: DateTime<Utc>) -> Self {
        let (german, english) = match event.what.as_str() {
            "opened" => ("Engpass gesehen, Meldung geschrieben", "Shortage seen, message written"),
            "told" => ("Erneut gemeldet", "Told again"),
            "closed" => ("Erledigt", "Over"),
            "acknowledged" => ("Gesehen", "Acknowledged"),
            "ordered" => ("Bestellt", "Ordered"),
            "snoozed" => ("Zurückgestellt", "Snoozed"),
            "reopened" => ("Wieder geöffnet", "Reopened"),
            _ => ("Geändert", "Changed"),
        };
        Self {
            at: Age::of(language, event.at, now),
            what: pick(language, german, english),
            detail: detail(language, event),
            who: &event.who,
        }
    }
}

/// More about an event in words; what is not known here stays as it is.
fn detail(language: Language, event: &IncidentEvent) -> String {
    let raw = event.detail.as_str();
    let words = match event.what.as_str() {
        "closed" => Closing::parse(raw).map(|closing| why_closed(language, closing).to_owned()),
        "told" => reminder(language, raw).map(str::to_owned),
        "ordered" => raw.split_once(", ").and_then(|(quantity, expected_on)| {
            Some(what_is_ordered(language, quantity.parse().ok()?, expected_on.parse().ok()?))
        }),
        "snoozed" => raw.parse().ok().map(|until| until_when(language, until)),
        _ => None,
    };
    words.unwrap_or_else(|| raw.to_owned())
}

/// Why people were told again. The second word for the end of a snooze is of versions before this one.
fn reminder(language: Language, word: &str) -> Option<&'static str> {
    match word {
        "overdue" => Some(pick(language, "die Bestellung ist überfällig", "the order is overdue")),
        "snooze_over" | "snoozeover" => {
            Some(pick(language, "die Zeit, die gewartet werden sollte, ist um", "the time to wait is over"))
        }
        _ => None,
    }
}

/// How often people were told.
fn told(language: Language, times: i64) -> String {
    match (language, times) {
        (Language::German, 0) => "noch nicht".to_owned(),
        (Language::English, 0) => "not yet".to_owned(),
        (Language::German, _) => format!("{}-mal", count(language, times)),
        (Language::English, 1) => "once".to_owned(),
        (Language::English, _) => format!("{} times", count(language, times)),
    }
}

texts! {
    /// Texts of one incident.
    IncidentTexts {
        title: "Vorfall", "Incident";
        all: "Alle Vorfälle", "All incidents";
        since: "Seit", "Since";
        told: "Gemeldet", "Told";
        usable: "Verfügbar", "Usable";
        assigned: "Verbraucht", "Assigned";
        free: "Frei", "Free";
        polled: "Stand der Zahlen", "Numbers as of";
        actions: "Was geschieht damit?", "What is done about it?";
        acknowledge: "Gesehen", "Acknowledge";
        order: "Bestellt …", "Ordered …";
        snooze: "Zurückstellen …", "Snooze …";
        reopen: "Zurücknehmen", "Take back";
        order_title: "Lizenzen sind bestellt", "Licences are ordered";
        quantity: "Anzahl", "Quantity";
        expected: "Erwartet am", "Expected on";
        order_hint: "Bis zu diesem Tag wird nicht mehr gemeldet; fehlen sie danach noch, schon.",
            "Until that day nobody is told any more; if they are still missing then, people are.";
        snooze_title: "Zurückstellen", "Snooze";
        until: "Wieder melden am", "Tell again on";
        snooze_hint: "Höchstens 90 Tage.", "At most 90 days.";
        save: "Speichern", "Save";
        cancel: "Abbrechen", "Cancel";
        over: "Dieser Vorfall ist erledigt; es ist nichts mehr zu tun.", "This incident is over; there is nothing more to do.";
        read_only: "Etwas tun darf, wer in Entra die Rolle Licences.Manage hat.",
            "Whoever has the role Licences.Manage in Entra may do something.";
        mail: "Bestellmail", "Order mail";
        mail_lead: "Fertig zum Senden. Danach hier «Bestellt» festhalten.", "Ready to send. Then note it here as ordered.";
        subject: "Betreff", "Subject";
        text: "Text", "Text";
        open_mail: "Im Mailprogramm öffnen", "Open in the mail program";
        copy: "Text kopieren", "Copy text";
        copied: "Kopiert.", "Copied.";
        not_copied: "Der Browser lässt das Kopieren nicht zu; bitte den Text markieren und selbst kopieren.",
            "The browser does not allow copying; please select the text and copy it yourself.";
        timeline: "Verlauf", "What happened";
        by: "von", "by";
        saved: "Gespeichert.", "Saved.";
        conflict: "Jemand hat diesen Vorfall inzwischen geändert. Die Seite zeigt jetzt, wie er steht; bitte neu entscheiden.",
            "Somebody has changed this incident meanwhile. The page shows how it stands now; please decide anew.";
    }
}

#[cfg(test)]
pub(super) fn sample(language: Language) -> String {
    use leitwarte_core::incident::Phase;
    let stored = super::incident_state::sample(7, Phase::Acknowledged, None);
    let event = |what: &str| IncidentEvent {
        at: stored.incident.opened_at,
        who: super::tests::HOSTILE.to_owned(),
        what: what.to_owned(),
        detail: super::tests::HOSTILE.to_owned(),
    };
    let events = ["opened", "told", "acknowledged", "unheard-of"].map(event);
    let case = Case { stored: &stored, events: &events, tenant: None, tenant_id: None, rule: &Rule::default() };
    let now = stored.incident.opened_at + TimeDelta::hours(3);
    IncidentPage::new(&Frame::sample(language), case, now).render().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_told_in_words() {
        let told = |what: &str, detail: &str| {
            let event = IncidentEvent {
                at: DateTime::UNIX_EPOCH,
                who: String::new(),
                what: what.to_owned(),
                detail: detail.to_owned(),
            };
            super::detail(Language::German, &event)
        };
        for (what, stored, words) in [
            ("closed", "refilled", "Lizenzen sind wieder da"),
            ("closed", "no_longer_alerts", "wird nicht mehr gemeldet"),
            ("told", "overdue", "die Bestellung ist überfällig"),
            ("told", "snooze_over", "die Zeit, die gewartet werden sollte, ist um"),
            ("told", "snoozeover", "die Zeit, die gewartet werden sollte, ist um"),
            ("ordered", "1250, 2026-03-05", "1’250 bestellt, erwartet am 5.3.2026"),
            ("snoozed", "2026-03-05T00:00:00+00:00", "bis 5.3.2026"),
            ("opened", "", ""),
            ("ordered", "some", "some"),
        ] {
            assert_eq!(told(what, stored), words, "{what} {stored}");
        }
    }

    #[test]
    fn the_mail_program_gets_subject_and_lines_and_nothing_that_adds_a_field() {
        let order = Order {
            incident: 1,
            tenant: "a&cc=x@contoso.example\r\nBcc: y".to_owned(),
            tenant_id: None,
            sku_id: Uuid::nil(),
            part_number: "SPB".to_owned(),
            quantity: 2,
            numbers: None,
        };
        let address = &mails(Language::German, &order)[0].address;
        assert_eq!(address.matches('&').count(), 1, "{address}");
        assert!(address.contains("%0D%0A") && !address.contains(' '), "{address}");
    }

    #[test]
    fn nothing_can_be_done_about_what_is_over() {
        let stored = super::super::incident_state::sample(7, Phase::Open, Some(Closing::Refilled));
        let case = Case { stored: &stored, events: &[], tenant: None, tenant_id: None, rule: &Rule::default() };
        let frame = Frame::sample(Language::English);
        let html = IncidentPage::new(&frame, case, stored.incident.opened_at).render().unwrap();
        assert!(!html.contains("data-action") && html.contains("nothing more to do"));
    }
}
