//! `/tenants/{tenant}`: everything about one tenant.

mod polls;
mod products;
mod subscriptions;

use askama::Template;
use leitwarte_core::happening::happenings;
use leitwarte_core::message::words::Language as Words;
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::{DateTime, Utc};
use leitwarte_store::{
    HistoryEntry, KnownCertificate, PollRun, StockHistory, StoredIncident, TenantChanges, TenantOutlook,
    TenantSubscriptions,
};
use leitwarte_web::http::Language;

use self::polls::Poll;
use self::products::Product;
use self::subscriptions::Subscriptions;
use super::Frame;
use super::certificates::Line as Certificate;
use super::incident_state::State;
use super::overview::Line as Glance;
use super::texts::texts;
use super::words::{Age, Moment, count};
use crate::board::Tenant;

/// What is known of a tenant.
#[derive(Debug)]
pub(crate) struct Known {
    /// Its stock, and how long it lasts.
    pub(crate) outlook: TenantOutlook,
    /// How its numbers went.
    pub(crate) history: StockHistory,
    /// What was bought and assigned lately.
    pub(crate) changes: TenantChanges,
    /// Its last polls, newest first.
    pub(crate) polls: Vec<PollRun>,
    /// What it has bought, and how far that is known.
    pub(crate) subscriptions: TenantSubscriptions,
    /// Its shortages, newest first.
    pub(crate) incidents: Vec<StoredIncident>,
    /// Its certificate.
    pub(crate) certificate: Option<KnownCertificate>,
}

/// The page of one tenant.
#[derive(Debug, Template)]
#[template(path = "tenant.html")]
pub(crate) struct TenantPage<'a> {
    frame: &'a Frame,
    t: &'static TenantTexts,
    glance: Glance<'a>,
    tenant_id: Option<String>,
    address: String,
    products: Vec<Product<'a>>,
    subscriptions: Subscriptions<'a>,
    incidents: Vec<Incident<'a>>,
    changes: Vec<Change<'a>>,
    polls: Vec<Poll<'a>>,
    certificate: Option<Certificate<'a>>,
    may_poll: bool,
    /// What stands where there is nothing to list.
    empty: Empty,
}

/// What to say where there is nothing to list. That nothing happened is said only of what is known.
#[derive(Debug, Clone, Copy)]
struct Empty {
    licences: &'static str,
    courses: &'static str,
    incidents: &'static str,
    changes: &'static str,
}

/// A shortage.
#[derive(Debug)]
struct Incident<'a> {
    number: i64,
    product: &'a str,
    since: Age,
    state: State,
}

/// What happened to a product between two polls.
#[derive(Debug)]
struct Change<'a> {
    at: Moment,
    age: Age,
    product: &'a str,
    words: String,
    /// Free licences before and after.
    free: (String, String),
}

impl<'a> TenantPage<'a> {
    /// The page as of `now`.
    pub(crate) fn new(
        frame: &'a Frame,
        tenant: &'a Tenant,
        known: &'a Known,
        policy: &PollPolicy,
        now: DateTime<Utc>,
    ) -> Self {
        let language = frame.language;
        let enabled = tenant.info.enabled;
        Self {
            frame,
            t: TenantTexts::of(language),
            glance: Glance::new(language, tenant, None, now),
            tenant_id: tenant.info.tenant_id.map(|id| id.to_string()),
            address: format!("/api/v1/licenses/status/fetch/{}", super::escaped(&tenant.info.key)),
            products: products::all(language, known, policy, now),
            subscriptions: Subscriptions::new(language, &known.subscriptions, now),
            incidents: known.incidents.iter().map(|incident| Incident::new(language, incident, now)).collect(),
            changes: known.changes.changes.iter().map(|entry| Change::new(language, entry, known, now)).collect(),
            polls: known.polls.iter().map(|run| Poll::new(language, run, now)).collect(),
            certificate: known.certificate.as_ref().map(|known| Certificate::new(language, known, now)),
            may_poll: enabled && super::may_poll(frame),
            empty: Empty::of(TenantTexts::of(language), known, tenant.stale.is_some()),
        }
    }

    /// Whether no licence has a course to show.
    fn is_still(&self) -> bool {
        self.products.iter().all(|product| product.course.is_none())
    }

    /// The name for the title, where marks that turn the direction of text cannot be kept to it.
    fn plain_name(&self) -> String {
        super::words::plain(self.glance.name)
    }
}

impl Empty {
    fn of(t: &TenantTexts, known: &Known, is_stale: bool) -> Self {
        if known.outlook.tenant.polled_at.is_none() {
            let unknown = t.not_known;
            return Self { licences: unknown, courses: unknown, incidents: unknown, changes: unknown };
        }
        if is_stale {
            let (courses, incidents, changes) = (t.still_as_known, t.no_incidents_known, t.no_changes_known);
            return Self { licences: t.nothing_then, courses, incidents, changes };
        }
        Self { licences: t.nothing, courses: t.still, incidents: t.no_incidents, changes: t.no_changes }
    }
}

impl<'a> Incident<'a> {
    fn new(language: Language, stored: &'a StoredIncident, now: DateTime<Utc>) -> Self {
        let incident = &stored.incident;
        Self {
            number: incident.number,
            product: products::name(language, incident.sku_id, &stored.part_number),
            since: Age::of(language, incident.opened_at, now),
            state: State::of(language, stored, now),
        }
    }
}

fn pick2<T>(language: Language, german: T, english: T) -> T {
    match language {
        Language::German => german,
        Language::English => english,
    }
}

impl<'a> Change<'a> {
    fn new(language: Language, entry: &'a HistoryEntry, known: &Known, now: DateTime<Utc>) -> Self {
        let change = &entry.change;
        let words = pick2(language, Words::De, Words::En);
        let happened: Vec<_> = happenings(change).into_iter().map(|one| one.words(words)).collect();
        let part_number = change.after.as_ref().or(change.before.as_ref()).map_or("", |stock| &stock.part_number);
        let counts = known.outlook.tenant.count_warning_units;
        let free = |stock: &Option<leitwarte_core::stock::LicenceStock>| {
            stock.as_ref().map_or_else(|| "–".to_owned(), |stock| count(language, stock.free(counts)))
        };
        Self {
            at: Moment(entry.at),
            age: Age::of(language, entry.at, now),
            product: products::name(language, change.sku_id, part_number),
            words: happened.join(", "),
            free: (free(&change.before), free(&change.after)),
        }
    }
}

texts! {
    /// Texts of a tenant.
    TenantTexts {
        back: "Alle Tenants", "All tenants";
        poll: "Jetzt abfragen", "Poll now";
        polling: "Abfrage läuft …", "Polling …";
        polled: "Abgefragt.", "Polled.";
        unfinished: "Die Abfrage ist noch nicht fertig; die Seite erneuert sich von selbst.",
            "The poll is not over yet; the page renews itself.";
        since: "seit", "since";
        as_of: "Stand", "As of";
        never: "noch nie abgefragt", "never polled yet";
        quiet: "keine Meldungen", "nobody is told";
        licences: "Lizenzen", "Licences";
        only_list: "In der Liste aller Lizenzen", "In the list of all licences";
        state: "Zustand", "State";
        product: "SKU Part Number", "SKU Part Number";
        sku: "SKU ID", "SKU ID";
        available: "Verfügbar", "Available";
        consumed: "Verbraucht", "Consumed";
        free: "Frei", "Free";
        forecast: "Vorhersage", "Forecast";
        nothing: "Microsoft nennt für diesen Tenant keine Lizenzen.", "Microsoft lists no licences for this tenant.";
        courses: "Verlauf", "Course";
        courses_lead: "Die letzten 90 Tage der Lizenzen, die sich bewegt haben.", "The last 90 days of the licences that moved.";
        legend_usable: "verfügbar", "available";
        legend_consumed: "verbraucht", "consumed";
        legend_ahead: "Vorhersage", "forecast";
        as_table: "Zahlen als Tabelle", "Numbers as a table";
        from: "Ab", "From";
        nothing_then: "Bei der letzten Abfrage, die gelang, nannte Microsoft keine Lizenzen.",
            "Microsoft listed no licences at the last poll that worked.";
        not_known: "Noch nicht bekannt: noch keine Abfrage ist gelungen.", "Not known yet: no poll has worked yet.";
        still_as_known: "Soweit bekannt, hat sich in den letzten 90 Tagen keine Lizenz bewegt; die Zahlen sind nicht aktuell.",
            "As far as is known, no licence moved in the last 90 days; the numbers are not current.";
        no_incidents_known: "Soweit bekannt, keine Engpässe; die Zahlen sind nicht aktuell.",
            "As far as is known, no shortages; the numbers are not current.";
        no_changes_known: "Soweit bekannt, hat sich in den letzten 30 Tagen nichts geändert; die Zahlen sind nicht aktuell.",
            "As far as is known, nothing changed in the last 30 days; the numbers are not current.";
        still: "In den letzten 90 Tagen hat sich keine Lizenz bewegt.", "No licence moved in the last 90 days.";
        incidents: "Engpässe", "Shortages";
        number: "Nr.", "No.";
        begun: "Begonnen", "Begun";
        no_incidents: "Keine Engpässe.", "No shortages.";
        changes: "Was geschah", "What happened";
        changes_lead: "Die letzten 30 Tage, das Neueste zuerst.", "The last 30 days, the newest first.";
        when: "Wann", "When";
        what: "Was", "What";
        free_change: "Frei vorher → nachher", "Free before → after";
        no_changes: "In den letzten 30 Tagen hat sich nichts geändert.", "Nothing changed in the last 30 days.";
        polls: "Letzte Abfragen", "Last polls";
        result: "Ergebnis", "Result";
        duration: "Dauer", "Time taken";
        requests: "Anfragen", "Requests";
        no_polls: "Noch keine.", "None yet.";
        certificate: "Zertifikat", "Certificate";
        ends: "gültig bis", "valid until";
        looked: "geprüft", "checked";
        no_certificate: "Noch nicht geprüft; das geschieht jede Stunde.", "Not checked yet; that happens each hour.";
        details: "Angaben", "Details";
        key: "Schlüssel", "Key";
        tenant_id: "Tenant-ID", "Tenant ID";
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::sample;
