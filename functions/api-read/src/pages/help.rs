//! `/help`: the first steps, what the states mean, and how to get around.

use askama::Template;
#[cfg(test)]
use leitwarte_web::http::Language;

use super::Frame;
use super::states::{meaning, state_word, tone};
use super::texts::texts;
use crate::board::STATES;

/// The page of help.
#[derive(Debug, Template)]
#[template(path = "help.html")]
pub(crate) struct HelpPage<'a> {
    frame: &'a Frame,
    t: &'static HelpTexts,
    /// Tone, word and meaning of each state.
    states: Vec<(&'static str, &'static str, &'static str)>,
}

impl<'a> HelpPage<'a> {
    /// The page in a frame.
    pub(crate) fn new(frame: &'a Frame) -> Self {
        let language = frame.language;
        let state = |state| (tone(state), state_word(language, state), meaning(language, state));
        Self { frame, t: HelpTexts::of(language), states: STATES.map(state).into() }
    }
}

texts! {
    /// Texts of the help.
    HelpTexts {
        title: "Hilfe", "Help";
        start: "Erste Schritte", "First steps";
        start_onboard: "Auf der Maschine von Leitwarte Schlüssel, Zertifikat und Profil machen lassen:",
            "On Leitwarte's machine, have key, certificate and profile made:";
        start_entra: "In Entra des Kunden das Zertifikat hochladen, die Berechtigung LicenseAssignment.Read.All erteilen und einwilligen. Der Befehl sagt jeden Schritt.",
            "In the customer's Entra upload the certificate, grant the permission LicenseAssignment.Read.All and consent. The command tells each step.";
        start_check: "Prüfen, ob alles stimmt; für jeden Mangel steht dabei, was zu tun ist:",
            "Check that all is well; for each fault it says what to do:";
        start_wait: "Innert einer Minute stehen die Lizenzen des neuen Tenants in der Übersicht. Ein Neustart ist nicht nötig.",
            "Within a minute the new tenant's licences stand in the overview. No restart is needed.";
        states: "Was die Zustände bedeuten", "What the states mean";
        ages: "Wie alt sind die Zahlen?", "How old are the numbers?";
        ages_text: "Jeder Tenant wird alle paar Minuten abgefragt. Neben jeder Zahl steht, von wann sie ist. Ist sie zu alt oder scheitert die Abfrage, wird aus «in Ordnung» und «knapp» sofort «unbekannt»; was fehlte, bleibt als fehlend stehen. Beim Tenant steht, woran es liegt und was zu tun ist.",
            "Each tenant is polled every few minutes. Beside each number stands when it was read. When it is too old or polls fail, “fine” and “low” become “unknown” at once; what was short stays short. The tenant's page says what the reason is and what to do.";
        numbers: "Was gezählt wird", "What is counted";
        available_text: "Lizenzen, die sich zuweisen lassen: die gültigen und, wenn das Profil nichts anderes sagt, jene in der Nachfrist.",
            "Licences that can be assigned: those in force and, unless the profile says otherwise, those in their grace period.";
        consumed_text: "Lizenzen, die zugewiesen sind.", "Licences that are assigned.";
        free_text: "Der Unterschied. Negativ heisst: mehr zugewiesen, als vorhanden ist.",
            "The difference. Negative means that more is assigned than there is.";
        available: "Verfügbar", "Available";
        consumed: "Verbraucht", "Consumed";
        free: "Frei", "Free";
        forecast: "Wie die Vorhersage entsteht", "How the forecast comes about";
        forecast_text: "Aus den letzten acht Wochen, mindestens vierzehn Tagen: der mittlere Anstieg zwischen je zwei Tagen. Ein einzelner Sprung verbiegt ihn nicht. Wo es auf und ab geht, steht keine Vorhersage.",
            "From the last eight weeks, at least fourteen days: the median rise between any two days. A single jump does not bend it. Where it goes up and down, there is no forecast.";
        around: "Zurechtfinden", "Getting around";
        around_search: "springt in das Suchfeld der Seite.", "jumps into the page's search box.";
        around_address: "Filter und Reihenfolge stehen in der Adresse: so lässt sich eine Ansicht als Lesezeichen behalten oder weitergeben.",
            "Filter and order stand in the address: a view can be kept as a bookmark or sent on.";
        around_live: "Die Zahlen erneuern sich von selbst, solange die Seite sichtbar ist.",
            "Numbers renew themselves as long as the page is visible.";
        around_csv: "CSV enthält genau das, was der Filter zeigt, alle Seiten. Deutsch mit Strichpunkten, wie es Excel hier erwartet.",
            "CSV holds exactly what the filter shows, all pages of it; with commas in English, with semicolons in German.";
        trouble: "Wenn etwas klemmt", "When something is stuck";
        trouble_text: "zeigt Mängel an Profilen, Zertifikaten, Datenbank und Meldungen, und was zu tun ist.",
            "shows faults of profiles, certificates, database and messages, and what to do.";
    }
}

#[cfg(test)]
pub(super) fn sample(language: Language) -> String {
    HelpPage::new(&Frame::sample(language)).render().unwrap()
}
