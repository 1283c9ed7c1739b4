//! A problem as a page: what is wrong and what to do, in the reader's language.

use askama::Template;
use leitwarte_web::problem::{Problem, ProblemKind};

use super::Frame;
use super::texts::texts;

/// The page of a problem.
#[derive(Debug, Template)]
#[template(path = "problem_page.html")]
pub(crate) struct ProblemPage<'a> {
    frame: &'a Frame,
    t: &'static ProblemTexts,
    title: &'static str,
    advice: &'static str,
    /// The API's words, where they say more than the advice; English.
    detail: Option<&'a str>,
    status: u16,
    request_id: &'a str,
    /// Whether signing in may help.
    sign_in: bool,
}

impl<'a> ProblemPage<'a> {
    /// The page; `request_id` is what the log can be searched by.
    pub(crate) fn new(frame: &'a Frame, problem: &'a Problem, request_id: &'a str) -> Self {
        let t = ProblemTexts::of(frame.language);
        let (title, advice) = t.of_kind(problem.kind());
        let names_a_parameter = matches!(problem.kind(), ProblemKind::UnknownParameter | ProblemKind::BadParameter);
        let refers_to_it = advice == t.refused_advice;
        Self {
            frame,
            t,
            title,
            advice,
            detail: (names_a_parameter || refers_to_it).then(|| problem.detail()),
            status: problem.kind().status().as_u16(),
            request_id,
            sign_in: matches!(
                problem.kind(),
                ProblemKind::MissingToken | ProblemKind::InvalidToken | ProblemKind::SessionEnded
            ),
        }
    }
}

texts! {
    ProblemTexts {
        request: "Nummer dieser Anfrage im Protokoll", "Number of this request in the log";
        home: "Zur Übersicht", "To the overview";
        sign_in: "Anmelden", "Sign in";
        again: "Nochmals versuchen", "Try again";
        signed_out: "Bitte anmelden", "Please sign in";
        signed_out_advice: "Diese Seite zeigt Kundendaten. Nach der Anmeldung geht es hier weiter.",
            "This page shows customers' data. It goes on here after you have signed in.";
        forbidden: "Dazu fehlt Ihnen das Recht", "You lack the right to do that";
        forbidden_advice: "Wer es braucht, bekommt in Entra die App-Rolle Licences.Read, Licences.Manage oder Admin und meldet sich danach neu an.",
            "Whoever needs it gets the app role Licences.Read, Licences.Manage or Admin in Entra and then signs in again.";
        cross_site: "Das kam nicht von unserer Seite", "That did not come from our page";
        cross_site_advice: "Ändern dürfen nur die Seiten von Leitwarte selbst. Bitte die Seite neu laden und nochmals versuchen.",
            "Only the pages of Leitwarte may change something. Please reload the page and try again.";
        not_found: "Hier ist nichts", "There is nothing here";
        not_found_advice: "Diese Adresse gibt es nicht oder nicht mehr. Vielleicht ist sie falsch abgetippt.",
            "This address does not exist, or no longer. Perhaps it was mistyped.";
        tenant: "Diesen Tenant gibt es hier nicht", "There is no such tenant here";
        tenant_advice: "Gesucht wird nach dem Schlüssel oder dem genauen Namen. Ein neues Profil ist nach der nächsten Abfrage bekannt, also innert einer Minute.",
            "Tenants are found by key or exact name. A new profile is known after the next poll, which is within a minute.";
        method: "So lässt sich diese Adresse nicht benutzen", "This address cannot be used like that";
        parameter: "Mit dieser Adresse stimmt etwas nicht", "Something is wrong with this address";
        parameter_advice: "Hinter dem Fragezeichen steht etwas, das diese Seite nicht versteht.",
            "There is something behind the question mark that this page does not understand.";
        too_large: "Das ist zu viel auf einmal", "That is too much at once";
        too_large_advice: "Bitte mit einem Filter eingrenzen.", "Please narrow it down with a filter.";
        early: "Noch keine Zahlen", "No numbers yet";
        early_advice: "Es wurde noch nie abgefragt. Das geschieht jede Minute von selbst; die Seite kann gleich neu geladen werden.",
            "Nothing has been polled yet. That happens by itself each minute; reload this page in a moment.";
        store: "Die Datenbank antwortet nicht", "The database does not answer";
        store_advice: "Es gehen keine Daten verloren. Bitte in einigen Sekunden nochmals versuchen; bleibt es dabei, zeigt `leitwarte doctor`, woran es liegt.",
            "No data is lost. Please try again in some seconds; if it lasts, `leitwarte doctor` shows the reason.";
        sign_in_broken: "Die Anmeldung ist gestört", "Sign-in does not work";
        sign_in_broken_advice: "Es fehlt das Anmeldeprofil, oder Microsoft ist nicht erreichbar. `leitwarte doctor` zeigt, woran es liegt.",
            "The sign-in profile is missing, or Microsoft cannot be reached. `leitwarte doctor` shows the reason.";
        incident: "Diesen Vorfall gibt es nicht", "There is no such incident";
        incident_advice: "Alle stehen unter Vorfälle, auf Wunsch auch die erledigten.",
            "All of them stand under Incidents, those that are over too if you want.";
        refused: "Das wurde nicht geändert", "This was not changed";
        refused_advice: "Darunter steht, weshalb.", "The reason stands below.";
        roles: "Die Rollen lassen sich nicht zeigen", "Roles cannot be shown";
        fault: "Ein Fehler in Leitwarte", "A fault in Leitwarte";
        fault_advice: "Das Protokoll von api-read nennt ihn unter der Nummer dieser Anfrage.",
            "The log of api-read names it under the number of this request.";
    }
}

impl ProblemTexts {
    /// Title and advice.
    fn of_kind(&self, kind: ProblemKind) -> (&'static str, &'static str) {
        use ProblemKind as K;
        match kind {
            K::MissingToken | K::InvalidToken | K::SessionEnded => (self.signed_out, self.signed_out_advice),
            K::Forbidden => (self.forbidden, self.forbidden_advice),
            K::CrossSite => (self.cross_site, self.cross_site_advice),
            K::NotFound => (self.not_found, self.not_found_advice),
            K::UnknownTenant => (self.tenant, self.tenant_advice),
            K::UnknownIncident => (self.incident, self.incident_advice),
            K::MethodNotAllowed => (self.method, self.not_found_advice),
            K::UnknownParameter | K::BadParameter => (self.parameter, self.parameter_advice),
            K::AnswerTooLarge => (self.too_large, self.too_large_advice),
            K::NotPolledYet => (self.early, self.early_advice),
            K::StoreUnavailable => (self.store, self.store_advice),
            K::SignInNotConfigured | K::SignInUnavailable => (self.sign_in_broken, self.sign_in_broken_advice),
            K::RolesUnavailable => (self.roles, self.refused_advice),
            // Answers to writes, which pages show as a message and not as a page.
            K::UnsupportedMediaType
            | K::BodyTooLarge
            | K::BadBody
            | K::ImpossibleWish
            | K::PreconditionRequired
            | K::ChangedMeanwhile
            | K::IncidentClosed
            | K::TenantDisabled
            | K::NotInTenantList
            | K::SharePointUnavailable
            | K::HostUnavailable
            | K::RoleRefused => (self.refused, self.refused_advice),
            K::Internal => (self.fault, self.fault_advice),
        }
    }
}

#[cfg(test)]
pub(super) fn sample(language: leitwarte_web::http::Language) -> String {
    let problem = Problem::new(ProblemKind::BadParameter, "The query parameter `page` has to be a number.");
    ProblemPage::new(&Frame::sample(language), &problem, "request-1").render().unwrap()
}

#[cfg(test)]
mod tests {
    use leitwarte_web::http::Language;

    use super::*;

    #[test]
    fn whoever_is_told_that_the_reason_stands_below_finds_it_there() {
        let reason = "roles.json cannot be used.";
        for kind in [ProblemKind::RolesUnavailable, ProblemKind::RoleRefused, ProblemKind::IncidentClosed] {
            for language in [Language::German, Language::English] {
                let (frame, problem) = (Frame::sample(language), Problem::new(kind, reason));
                let html = ProblemPage::new(&frame, &problem, "request-1").render().unwrap();
                let t = ProblemTexts::of(language);
                assert!(html.contains(t.refused_advice) && html.contains(reason), "{kind:?}");
                assert_eq!(
                    html.contains(t.refused),
                    kind != ProblemKind::RolesUnavailable,
                    "{kind:?}: looking changes nothing"
                );
            }
        }
    }
}
