//! `/roles`: the own role and what it may become, changes under way and over, and differences with Entra.

use askama::Template;
use leitwarte_core::message::words::Language as InWords;
use leitwarte_core::roles::operation::Phase;
use leitwarte_core::roles::standing::Side;
use leitwarte_core::roles::table::NO_ROLE;
use leitwarte_core::roles::wish::Way;
use leitwarte_core::roles::words::shown;
use leitwarte_core::roles::{Operation, RoleTable};
use leitwarte_core::{DateTime, TimeDelta, Utc};
use leitwarte_store::{LastReconciliation, RoleFinding, RolePerson, RoleStep};
use leitwarte_web::http::Language;
use serde_json::json;

use super::Frame;
use super::texts::{pick, texts};
use super::words::{Age, Moment};
use crate::endpoints::roles::{own, ways};

/// Whether roles are kept in step with Entra.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// They are.
    On,
    /// There is no profile.
    NoProfile,
    /// The profile is of another tenant than the one who looks.
    OfAnotherTenant,
    /// The profile cannot be used.
    BrokenProfile,
}

impl Keeping {
    pub(crate) fn is_on(self) -> bool {
        self == Self::On
    }
}

/// What a viewer may see of roles.
#[derive(Debug)]
pub(crate) struct RolesView {
    pub(crate) table: RoleTable,
    /// Whether they are kept in step with Entra.
    pub(crate) keeping: Keeping,
    /// Number of the person who looks.
    pub(crate) own: Option<i64>,
    /// Administrators see every change and the differences.
    pub(crate) sees_all: bool,
    pub(crate) people: Vec<RolePerson>,
    /// The newest first, those under way with their steps.
    pub(crate) operations: Vec<(Operation, Vec<RoleStep>)>,
    pub(crate) findings: Vec<RoleFinding>,
    pub(crate) compared: Option<LastReconciliation>,
}

/// The page of roles.
#[derive(Debug, Template)]
#[template(path = "roles.html")]
pub(crate) struct RolesPage<'a> {
    frame: &'a Frame,
    t: &'static RolesTexts,
    /// Why roles are not kept in step, if they are not.
    off: Option<&'static str>,
    /// What the own role is called, its limit, and the version of the own entry.
    own: Option<(String, Option<String>, i64)>,
    choices: Vec<Choice<'a>>,
    under_way: Vec<Change<'a>>,
    over: Vec<Change<'a>>,
    sees_all: bool,
    differences: Vec<Difference<'a>>,
    /// What stands where there is no difference.
    none_different: &'static str,
    compared: Option<(Age, Option<String>)>,
}

/// A role that may be taken.
#[derive(Debug)]
struct Choice<'a> {
    role: &'a str,
    name: String,
    /// With whom the office is exchanged.
    exchange: Option<&'a str>,
    /// Who can take the office over; empty where nobody has to.
    successors: Vec<(i64, &'a str)>,
    /// Somebody has to, and nobody can.
    blocked: bool,
}

/// A change of roles.
#[derive(Debug)]
struct Change<'a> {
    number: i64,
    moves: Vec<(&'a str, String, String)>,
    asked_by: &'a str,
    at: Age,
    tone: &'static str,
    state: &'static str,
    problem: Option<String>,
    steps: Vec<(Moment, &'a str)>,
}

/// A difference between Entra and here.
#[derive(Debug)]
struct Difference<'a> {
    person: Option<i64>,
    name: &'a str,
    text: String,
    /// As the API gives it, so that a decision can say what it was made upon.
    drift: String,
    since: Age,
    entra: bool,
    stored: bool,
}

impl<'a> RolesPage<'a> {
    /// The page as of `now`.
    pub(crate) fn new(frame: &'a Frame, view: &'a RolesView, now: DateTime<Utc>) -> Self {
        let language = frame.language;
        let t = RolesTexts::of(language);
        let named = |role: &str| shown(&view.table, role, in_words(language));
        let own = own(view).map(|own| {
            let role = own.role.as_deref().map_or_else(|| t.no_role.to_owned(), named);
            let ceiling = own.ceiling.as_deref().filter(|ceiling| own.role.as_deref() != Some(*ceiling));
            let limit = ceiling.map(|ceiling| if ceiling == NO_ROLE { t.no_role.to_owned() } else { named(ceiling) });
            (role, limit, own.version)
        });
        let changes = |over: bool| {
            let some = view.operations.iter().filter(move |(operation, _)| operation.phase.is_over() == over);
            some.map(|(operation, steps)| Change::new(frame, &view.table, (operation, steps), now)).collect()
        };
        let compared = view.compared.as_ref().map(|compared| {
            let problem = compared.problem.as_ref().map(|problem| problem.text(&view.table, in_words(language)));
            (Age::of(language, compared.at, now), problem)
        });
        Self {
            t,
            off: match view.keeping {
                Keeping::On => None,
                Keeping::NoProfile => Some(t.off),
                Keeping::OfAnotherTenant => Some(t.off_other),
                Keeping::BrokenProfile => Some(t.off_broken),
            },
            own,
            choices: ways(view).into_iter().map(|(role, way)| Choice::new(view, (role, named(role)), way)).collect(),
            under_way: changes(false),
            over: changes(true),
            sees_all: view.sees_all,
            differences: view.findings.iter().map(|finding| Difference::new(frame, view, finding, now)).collect(),
            none_different: if both_agree(view, now) { t.none_different } else { t.not_known },
            compared,
            frame,
        }
    }

    /// Whether there is a difference that somebody can decide.
    fn can_decide(&self) -> bool {
        self.differences.iter().any(|one| one.person.is_some() && (one.entra || one.stored))
    }
}

/// How old a comparison may be: it is done each quarter of an hour.
const COMPARISON_HOLDS: TimeDelta = TimeDelta::hours(1);

/// Whether no difference means that there is none: somebody compared both sides lately, and could.
fn both_agree(view: &RolesView, now: DateTime<Utc>) -> bool {
    let last = view.compared.as_ref();
    view.keeping.is_on() && last.is_some_and(|last| last.problem.is_none() && now - last.at < COMPARISON_HOLDS)
}

impl<'a> Choice<'a> {
    fn new(view: &'a RolesView, (role, name): (&'a str, String), way: Way) -> Self {
        let person = |number: i64| view.people.iter().find(|person| person.number == number);
        let mut choice = Self { role, name, exchange: None, successors: Vec::new(), blocked: false };
        match way {
            Way::Alone => {}
            Way::Exchange(with) => choice.exchange = person(with).map(|person| person.name.as_str()),
            Way::HandOver(to) => {
                choice.successors =
                    to.into_iter().filter_map(|number| Some((number, person(number)?.name.as_str()))).collect();
                choice.blocked = choice.successors.is_empty();
            }
        }
        choice
    }
}

impl<'a> Change<'a> {
    fn new(
        frame: &Frame,
        table: &RoleTable,
        (operation, steps): (&'a Operation, &'a [RoleStep]),
        now: DateTime<Utc>,
    ) -> Self {
        let language = frame.language;
        let t = RolesTexts::of(language);
        let named = |role: &str| shown(table, role, in_words(language));
        let (tone, state) = match operation.phase {
            Phase::Reading | Phase::Granting => ("low", t.can_return),
            Phase::Revoking => ("low", t.no_return),
            Phase::Undoing => ("low", t.undoing),
            Phase::Done => ("fine", t.done),
            Phase::Aborted => ("quiet", t.aborted),
        };
        let problem = operation.problem.as_ref().or(operation.trouble.as_ref());
        let moves = operation
            .moves
            .iter()
            .map(|one| (one.name.as_str(), one.from.as_deref().map(named).unwrap_or_default(), named(&one.to)));
        let step = |step: &'a RoleStep| {
            let word = step.detail["step"].as_str().unwrap_or_default();
            (Moment(step.at), step_in_words(language, word))
        };
        Self {
            number: operation.number,
            moves: moves.collect(),
            asked_by: &operation.asked_by,
            at: Age::of(language, operation.ended_at.unwrap_or(operation.accepted_at), now),
            tone,
            state,
            problem: problem.map(|problem| problem.text(table, in_words(language))),
            steps: steps.iter().map(step).collect(),
        }
    }
}

impl<'a> Difference<'a> {
    fn new(frame: &Frame, view: &'a RolesView, finding: &RoleFinding, now: DateTime<Utc>) -> Self {
        let person = view.people.iter().find(|person| Some(person.number) == finding.person);
        let can = |side| view.keeping.is_on() && finding.drift.ways_out().contains(&side);
        Self {
            person: finding.person,
            name: person.map_or(RolesTexts::of(frame.language).offices, |person| person.name.as_str()),
            text: finding.drift.text(&view.table, in_words(frame.language)),
            drift: json!(finding.drift).to_string(),
            since: Age::of(frame.language, finding.since, now),
            entra: can(Side::Entra),
            stored: can(Side::Stored),
        }
    }
}

fn in_words(language: Language) -> InWords {
    match language {
        Language::German => InWords::De,
        Language::English => InWords::En,
    }
}

/// A step in words; one that has none yet stays as it is.
fn step_in_words(language: Language, word: &str) -> &str {
    let (german, english) = match word {
        "found" => ("Bisherige Rollen in Entra ID gelesen", "Present roles in Entra ID read"),
        "grant_intended" => ("Neue Rolle wird zugewiesen", "New role is being assigned"),
        "grant_uncertain" => ("Keine Antwort: wird nachgesehen", "No answer: being looked up"),
        "grant_made" | "grant_seen" => ("Neue Rolle zugewiesen", "New role assigned"),
        "grant_exists" => ("Entra ID kennt die Zuweisung schon", "Entra ID has the assignment already"),
        "grant_not_seen" => ("Nicht angekommen: noch einmal", "Did not arrive: once more"),
        "grant_refused" | "failed" => ("Abgelehnt: wird zurückgenommen", "Refused: being taken back"),
        "committed" => ("Alle neuen Rollen sind sichtbar", "Every new role is visible"),
        "revoked" => ("Zuweisung entfernt", "Assignment removed"),
        "more" => ("Weitere alte Zuweisung gefunden", "Another old assignment found"),
        "never_made" => ("Zuweisung kam nie an", "The assignment never arrived"),
        "trouble" => ("Kommt im Moment nicht weiter", "Does not get further at the moment"),
        other => return other,
    };
    pick(language, german, english)
}

texts! {
    /// Texts of the roles page.
    RolesTexts {
        title: "Rollen", "Roles";
        lead: "Eine Änderung gilt zuerst in Entra ID und dann hier; die nächste Anmeldung macht sie nicht rückgängig.",
            "A change holds in Entra ID first and here after; the next sign-in does not undo it.";
        off_title: "Rollen werden nicht abgeglichen", "Roles are not kept in step";
        off: "Es fehlt roles/role-sync-profile.json; das README sagt, wie sie aussieht.",
            "There is no roles/role-sync-profile.json; the README says what it looks like.";
        off_other: "roles/role-sync-profile.json ist für einen anderen Tenant als den, in dem Sie angemeldet sind.",
            "roles/role-sync-profile.json is for another tenant than the one you are signed in to.";
        off_broken: "roles/role-sync-profile.json ist da, aber unbrauchbar; «leitwarte roles check» sagt, was daran falsch ist.",
            "roles/role-sync-profile.json is there but cannot be used; “leitwarte roles check” says what is wrong with it.";
        own: "Meine Rolle", "My role";
        no_role: "keine Rolle", "no role";
        limited: "Im Moment gilt nur:", "At the moment only this counts:";
        no_person: "Diese Anmeldung gehört zu keiner Person.", "This sign-in belongs to no person.";
        no_choice: "Von dieser Rolle kann man zurzeit nicht selbst wechseln.",
            "Nobody can change from this role by themselves at present.";
        take: "Wechseln", "Change";
        hand_over: "Amt übergeben", "Hand over";
        exchange: "Ämter tauschen", "Exchange offices";
        exchange_with: "im Tausch mit", "in exchange with";
        successor: "Wer übernimmt das Amt?", "Who takes the office over?";
        nobody: "Niemand kann das Amt mit der jetzigen Rolle übernehmen.",
            "Nobody can take the office over with the present role.";
        confirm: "Wirklich wechseln? Was die neue Rolle nicht darf, dürfen Sie sofort nicht mehr, und Sie werden abgemeldet.",
            "Really change? What the new role may not do, you may not do from now on, and you are signed out.";
        under_way: "Laufende Änderungen", "Changes under way";
        none_under_way: "Zurzeit läuft keine Änderung.", "No change is under way.";
        over: "Verlauf", "History";
        none_over: "Noch keine Rolle wurde geändert.", "No role has been changed yet.";
        by: "verlangt von", "asked for by";
        can_return: "läuft, kann noch zurück", "under way, can still return";
        no_return: "läuft, wird zu Ende geführt", "under way, will be finished";
        undoing: "wird zurückgenommen", "being taken back";
        done: "erledigt", "done";
        aborted: "aufgegeben, alles wie zuvor", "given up, everything as before";
        differences: "Abweichungen von Entra ID", "Differences from Entra ID";
        none_different: "Beide Seiten stimmen überein.", "Both sides agree.";
        not_known: "Ob beide Seiten übereinstimmen, ist zurzeit nicht bekannt.",
            "Whether both sides agree is not known at present.";
        compared: "Verglichen:", "Compared:";
        never_compared: "Noch nie verglichen; das geschieht jede Viertelstunde.",
            "Never compared yet; it is done each quarter of an hour.";
        lower_counts: "Bis jemand entscheidet, gilt die niedrigere Rolle.",
            "Until somebody decides, the lower role counts.";
        entra_holds: "Von Entra ID übernehmen", "Take over from Entra ID";
        stored_holds: "Nach Entra ID übertragen", "Carry to Entra ID";
        decided: "Entschieden.", "Decided.";
        offices: "Ämter", "Offices";
    }
}

#[cfg(test)]
pub(super) fn sample(language: Language) -> String {
    tests::sample(language)
}

#[cfg(test)]
mod tests;
