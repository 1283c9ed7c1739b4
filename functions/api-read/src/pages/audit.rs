//! `/audit`: who did what, the newest first.

use askama::Template;
use leitwarte_core::catalogue::{product_name, product_name_de};
use leitwarte_core::message::words::Language as InWords;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::operation::Kind;
use leitwarte_core::roles::words::Problem;
use leitwarte_core::{DateTime, NaiveDate, Utc, Uuid};
use leitwarte_store::AuditEntry;
use leitwarte_web::http::Language;
use serde_json::Value;

use super::texts::{pick, texts};
use super::words::{Age, count, day};
use super::{Frame, escaped};

/// The page of the audit log.
#[derive(Debug, Template)]
#[template(path = "audit.html")]
pub(crate) struct AuditPage<'a> {
    frame: &'a Frame,
    t: &'static AuditTexts,
    lines: Vec<Line<'a>>,
    /// What the entries are about, if about one thing alone.
    subject: Option<&'a str>,
    /// Address of the older entries.
    older: Option<String>,
}

/// One entry.
#[derive(Debug)]
struct Line<'a> {
    at: Age,
    exact: String,
    who: &'a str,
    what: &'a str,
    subject: &'a str,
    /// Address of what it is about.
    address: Option<String>,
    detail: Vec<(String, String)>,
}

impl<'a> AuditPage<'a> {
    /// The page as of `now`; `older` is the query of the part after this one.
    pub(crate) fn new(
        frame: &'a Frame,
        entries: &'a [AuditEntry],
        (subject, older): (Option<&'a str>, Option<String>),
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            t: AuditTexts::of(frame.language),
            lines: entries.iter().map(|entry| Line::new(frame.language, entry, now)).collect(),
            subject,
            older: older.map(|query| format!("/audit?{query}")),
            frame,
        }
    }
}

impl<'a> Line<'a> {
    fn new(language: Language, entry: &'a AuditEntry, now: DateTime<Utc>) -> Self {
        let about = entry.action.as_str();
        let address = match about {
            _ if entry.subject.is_empty() => None,
            "tenant-switched" | "tenant-switch-asked" | "poll-asked" | "rule-set" => {
                Some(super::tenant_address(&entry.subject))
            }
            _ if about.starts_with("incident-") => Some(format!("/incidents/{}", escaped(&entry.subject))),
            _ => None,
        };
        Self {
            at: Age::of(language, entry.at, now),
            exact: entry.at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
            who: &entry.who,
            what: action(language, about),
            subject: &entry.subject,
            address,
            detail: detail(language, &entry.detail),
        }
    }
}

/// An action in words; one that has none yet stays as it is.
fn action(language: Language, word: &str) -> &str {
    let (german, english) = match word {
        "signed-in" => ("hat sich angemeldet", "signed in"),
        "signed-out" => ("hat sich abgemeldet", "signed out"),
        "sessions-ended" => ("hat Sitzungen beendet", "ended sessions"),
        "person-erased" => ("hat eine Person gelöscht", "erased a person"),
        "tenant-switch-asked" => ("will Schalter in der Tenantliste umlegen", "asked to switch in the Tenantliste"),
        "tenant-switched" => ("hat Schalter umgelegt", "switched"),
        "poll-asked" => ("hat eine Abfrage verlangt", "asked for a poll"),
        "rule-set" => ("hat eine Regel gesetzt", "set a rule"),
        "incident-acknowledged" => ("hat den Vorfall gesehen", "acknowledged the incident"),
        "incident-ordered" => ("hat Lizenzen bestellt", "ordered licences"),
        "incident-snoozed" => ("hat den Vorfall zurückgestellt", "snoozed the incident"),
        "incident-reopened" => ("hat den Vorfall wieder geöffnet", "reopened the incident"),
        "role-change-accepted" => ("hat einen Rollenwechsel verlangt", "asked for a change of roles"),
        "role-changed" => ("hat die Rolle in Entra ID und hier geändert", "changed the role in Entra ID and here"),
        "role-change-aborted" => ("hat den Rollenwechsel aufgegeben", "gave the change of roles up"),
        "role-taken-over" => ("hat die Rolle aus Entra ID übernommen", "took the role over from Entra ID"),
        "role-reconciled" => ("hat die Rolle mit Entra ID abgeglichen", "compared the role with Entra ID"),
        "object-id-found" => ("hat die Objekt-ID gefunden", "found the object id"),
        other => return other,
    };
    pick(language, german, english)
}

/// What an entry says beside that: names and values. Where it has a before and an after, what differs.
fn detail(language: Language, detail: &Value) -> Vec<(String, String)> {
    let mut shown = Vec::new();
    let Some(fields) = detail.as_object() else { return shown };
    if let (Some(before), Some(after)) = (fields.get("before"), fields.get("after")) {
        let empty = serde_json::Map::new();
        let (before, after) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
        let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
        names.sort();
        names.dedup();
        for name in names.into_iter().filter(|name| before.get(*name) != after.get(*name)) {
            let say =
                |value: Option<&Value>| value.map_or_else(|| "–".to_owned(), |value| words(language, name, value));
            shown.push((
                key(language, name).to_owned(),
                format!("{} → {}", say(before.get(name)), say(after.get(name))),
            ));
        }
    }
    for (name, value) in
        fields.iter().filter(|(name, value)| !matches!(name.as_str(), "before" | "after") && !value.is_null())
    {
        match value.as_object() {
            _ if name == "problem" => {
                let problem = serde_json::from_value::<Problem>(value.clone()).ok();
                let problem = problem.map(|problem| problem.text(&RoleTable::default(), in_words(language)));
                shown.push((key(language, name).to_owned(), problem.unwrap_or_else(|| value.to_string())));
            }
            Some(inner) => {
                let part =
                    |(name, value): (&String, &Value)| (key(language, name).to_owned(), words(language, name, value));
                shown.extend(inner.iter().map(part));
            }
            None => shown.push((key(language, name).to_owned(), words(language, name, value))),
        }
    }
    shown
}

/// What a field is called; one that has no words yet stays as it is.
fn key(language: Language, name: &str) -> &str {
    let (german, english) = match name {
        "tenant" => ("Tenant", "tenant"),
        "skuid" => ("Lizenz", "licence"),
        "enabled" => ("Abfrage", "polling"),
        "monitoring" => ("Überwachung", "monitoring"),
        "action" => ("Entscheid", "decision"),
        "quantity" => ("Anzahl", "quantity"),
        "expected_on" => ("erwartet am", "expected on"),
        "until" => ("bis", "until"),
        "short_at" => ("fehlt ab", "short at"),
        "clear_above" => ("wieder genug über", "enough above"),
        "low_at" => ("knapp ab", "low at"),
        "reserve" => ("Reserve", "reserve"),
        "alerts" => ("Meldungen", "messages"),
        "excluded" => ("ausgenommen, weil", "excluded because"),
        "delivery_days" => ("Liefertage", "days to deliver"),
        "name" => ("Name", "name"),
        "from" => ("von", "from"),
        "to" => ("zu", "to"),
        "kind" => ("Art", "kind"),
        "operation" => ("Rollenwechsel Nr.", "change of roles no."),
        "problem" => ("Grund", "reason"),
        "role" => ("Rolle", "role"),
        "ceiling" => ("Obergrenze", "limit"),
        "object_id" => ("Objekt-ID", "object id"),
        "rights" => ("Rechte", "rights"),
        other => return other,
    };
    pick(language, german, english)
}

/// A text as people read it: days as days, products by their names, our own words as words.
fn text_in_words(language: Language, name: &str, text: &str) -> String {
    let words = match name {
        "expected_on" => text.parse::<NaiveDate>().ok().map(|on| day(language, on)),
        "until" => text.parse::<DateTime<Utc>>().ok().map(|at| day(language, at.date_naive())),
        "skuid" => text.parse::<Uuid>().ok().map(|sku| pick_product(language, sku, text).to_owned()),
        "action" => decision(language, text).map(str::to_owned),
        "kind" => kind(language, text).map(str::to_owned),
        _ => None,
    };
    words.unwrap_or_else(|| text.to_owned())
}

/// What a person decided about an incident.
fn decision(language: Language, word: &str) -> Option<&'static str> {
    let (german, english) = match word {
        "acknowledge" => ("gesehen", "acknowledged"),
        "order" => ("bestellt", "ordered"),
        "snooze" => ("zurückgestellt", "snoozed"),
        "reopen" => ("wieder geöffnet", "reopened"),
        _ => return None,
    };
    Some(pick(language, german, english))
}

/// What kind of change of roles it was.
fn kind(language: Language, word: &str) -> Option<&'static str> {
    let (german, english) = match Kind::parse(word)? {
        Kind::Change => ("Wechsel", "change"),
        Kind::HandOver => ("Übergabe eines Amtes", "an office was handed over"),
        Kind::Exchange => ("Tausch von Ämtern", "offices were exchanged"),
        Kind::Repair => ("Angleichung an Leitwarte", "Entra ID was brought back"),
    };
    Some(pick(language, german, english))
}

fn in_words(language: Language) -> InWords {
    match language {
        Language::German => InWords::De,
        Language::English => InWords::En,
    }
}

fn pick_product(language: Language, sku: Uuid, unknown: &str) -> &str {
    match language {
        Language::German => product_name_de(sku, unknown),
        Language::English => product_name(sku, unknown),
    }
}

fn words(language: Language, name: &str, value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Bool(on) => pick(language, if *on { "an" } else { "aus" }, if *on { "on" } else { "off" }).to_owned(),
        Value::String(text) => text_in_words(language, name, text),
        Value::Number(number) => number.as_i64().map_or_else(|| number.to_string(), |number| count(language, number)),
        Value::Array(values) => values.iter().map(|value| words(language, name, value)).collect::<Vec<_>>().join(", "),
        other @ Value::Object(_) => other.to_string(),
    }
}

texts! {
    /// Texts of the audit log.
    AuditTexts {
        title: "Änderungen", "Audit log";
        lead: "Wer wann was getan hat.", "Who did what, and when.";
        when: "Wann", "When";
        who: "Wer", "Who";
        what: "Was", "What";
        subject: "Woran", "About";
        detail: "Mehr", "More";
        about: "Nur Einträge zu", "Entries about";
        all: "Alle zeigen", "Show all";
        older: "Ältere", "Older";
        none_title: "Noch kein Eintrag", "No entry yet";
        none: "Hier steht, was Personen ändern, und wann sie sich anmelden.", "What people change stands here, and when they sign in.";
    }
}

#[cfg(test)]
pub(super) fn sample(language: Language) -> String {
    use leitwarte_core::TimeDelta;
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let hostile = super::tests::HOSTILE;
    let entries = ["tenant-switched", "incident-ordered", "signed-in", hostile].map(|action| AuditEntry {
        number: 7,
        at: now - TimeDelta::hours(2),
        person: Some(1),
        who: hostile.to_owned(),
        action: action.to_owned(),
        subject: hostile.to_owned(),
        detail: serde_json::json!({ hostile: hostile, "before": { "monitoring": true }, "after": { "monitoring": false } }),
    });
    let older = Some("limit=4&cursor=7".to_owned());
    AuditPage::new(&Frame::sample(language), &entries, (Some(hostile), older), now).render().unwrap()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_change_only_what_differs_is_shown() {
        let change = json!({
            "tenant": "Contoso", "before": { "enabled": true, "monitoring": true }, "after": { "enabled": true, "monitoring": false },
        });
        let shown = detail(Language::German, &change);
        let shown: Vec<_> = shown.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(shown, [("Überwachung", "an → aus"), ("Tenant", "Contoso")]);
    }

    #[test]
    fn program_words_become_words_of_the_reader() {
        let order = json!({
            "tenant": "contoso", "skuid": crate::board::tests::E3,
            "action": { "action": "order", "quantity": 1250, "expected_on": "2026-03-05" }, "unheard-of": "x",
        });
        let shown = detail(Language::German, &order);
        let shown: Vec<_> = shown.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("Entscheid", "bestellt"),
                ("erwartet am", "5.3.2026"),
                ("Anzahl", "1’250"),
                ("Lizenz", "Microsoft 365 E3"),
                ("Tenant", "contoso"),
                ("unheard-of", "x"),
            ]
        );
        let snooze = json!({ "action": { "action": "snooze", "until": "2026-03-05T00:00:00Z" } });
        assert_eq!(detail(Language::English, &snooze)[1], ("until".to_owned(), "5 Mar 2026".to_owned()));
    }

    #[test]
    fn what_was_not_there_before_is_a_dash() {
        let change = json!({ "skuid": null, "before": {}, "after": { "reserve": 2 } });
        assert_eq!(detail(Language::English, &change), [("reserve".to_owned(), "– → 2".to_owned())]);
    }
}
