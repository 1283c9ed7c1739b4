//! `/tenants/{tenant}`: everything about one tenant.

mod polls;
mod products;

use askama::Template;
use leitwarte_core::happening::happenings;
use leitwarte_core::message::words::Language as Words;
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::{DateTime, Utc};
use leitwarte_store::{
    HistoryEntry, KnownCertificate, PollRun, StockHistory, StoredIncident, TenantChanges, TenantOutlook,
};
use leitwarte_web::http::Language;

use self::polls::Poll;
use self::products::Product;
use super::Frame;
use super::certificates::Line as Certificate;
use super::overview::Line as Glance;
use super::texts::{pick, texts};
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
    incidents: Vec<Incident<'a>>,
    changes: Vec<Change<'a>>,
    polls: Vec<Poll<'a>>,
    certificate: Option<Certificate<'a>>,
    may_poll: bool,
}

/// A shortage.
#[derive(Debug)]
struct Incident<'a> {
    number: i64,
    product: &'a str,
    since: Age,
    /// Tone and word.
    state: (&'static str, String),
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
            incidents: known.incidents.iter().map(|incident| Incident::new(language, incident, now)).collect(),
            changes: known.changes.changes.iter().map(|entry| Change::new(language, entry, known, now)).collect(),
            polls: known.polls.iter().map(|run| Poll::new(language, run, now)).collect(),
            certificate: known.certificate.as_ref().map(|known| Certificate::new(language, known, now)),
            may_poll: enabled && super::may_poll(frame),
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

impl<'a> Incident<'a> {
    fn new(language: Language, stored: &'a StoredIncident, now: DateTime<Utc>) -> Self {
        use leitwarte_core::incident::Phase;
        let incident = &stored.incident;
        let state = match (stored.closed, &incident.phase) {
            (Some((at, _)), _) => {
                let over = pick(language, "vorbei", "over");
                ("fine", format!("{over} {}", super::words::ago(language, at, now)))
            }
            (None, Phase::Open) => ("short", pick(language, "offen", "open").to_owned()),
            (None, Phase::Acknowledged) => ("low", pick(language, "in Arbeit", "in hand").to_owned()),
            (None, Phase::Ordered { quantity, expected_on }) => {
                let (ordered, expected) = pick2(language, ("bestellt", "erwartet am"), ("ordered", "expected on"));
                let day = super::words::day(language, *expected_on);
                ("low", format!("{} {ordered}, {expected} {day}", count(language, *quantity)))
            }
        };
        Self {
            number: incident.number,
            product: products::name(language, incident.sku_id, &stored.part_number),
            since: Age::of(language, incident.opened_at, now),
            state,
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
        no_certificate: "Noch nicht geprüft; das geschieht jeden Morgen.", "Not checked yet; that happens each morning.";
        details: "Angaben", "Details";
        key: "Schlüssel", "Key";
        tenant_id: "Tenant-ID", "Tenant ID";
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::sample;
