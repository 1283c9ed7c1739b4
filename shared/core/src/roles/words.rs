//! What people are told about roles, in German and English.

use serde::{Deserialize, Serialize};

use super::table::RoleTable;
use crate::message::words::Language;

/// Why an operation was given up, or does not get further.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// The account is not in Entra any more.
    AccountGone {
        /// Whose.
        name: String,
    },
    /// The role comes through a group and cannot be taken from one person.
    ThroughGroup {
        /// Whose.
        name: String,
        /// Which.
        role: String,
    },
    /// Entra does not show the role that is to be changed.
    NotInEntra {
        /// Whose.
        name: String,
        /// Which.
        role: String,
    },
    /// In Entra somebody else holds the office that is to be taken.
    HeldByAnother {
        /// Who.
        name: String,
        /// The office.
        office: String,
    },
    /// The application in Entra has no app role of this value.
    NoSuchAppRole {
        /// The value.
        entra: String,
    },
    /// Entra or Graph refused, or did not answer.
    Entra {
        /// What happened.
        message: String,
        /// What to do.
        fix: String,
    },
    /// It did not come to its point of no return in time.
    TookTooLong,
}

/// Why a wish is refused before anything is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// An object id is missing.
    MissingObjectId {
        /// Whose.
        name: String,
    },
    /// There is no such role.
    UnknownRole {
        /// Its name.
        role: String,
    },
    /// There is no such person.
    UnknownPerson,
    /// The person has no role that could be changed.
    NoRole {
        /// Who.
        name: String,
    },
    /// It is the role the person has.
    Same,
    /// The own role does not lead there.
    NotAllowed {
        /// The own role.
        from: String,
        /// The role asked for.
        to: String,
    },
    /// Nobody may leave this office without a successor.
    NeedsSuccessor {
        /// The office.
        office: String,
    },
    /// This role is not handed over.
    NotAnOffice {
        /// The role.
        role: String,
    },
    /// This person cannot be the successor.
    NotEligible {
        /// Who.
        name: String,
        /// The office.
        office: String,
    },
    /// Somebody else holds the office.
    OfficeTaken {
        /// The office.
        office: String,
    },
    /// A change of this person or office is under way.
    UnderWay {
        /// Its number.
        operation: i64,
    },
    /// Entra and what is stored here differ; an administrator has to decide first.
    Undecided {
        /// Whose role.
        name: String,
    },
    /// There is no difference (any more) about which this could be decided.
    NoDifference,
    /// Somebody has changed the person since the page was made.
    Changed,
}

impl Problem {
    /// The problem in words, as a whole sentence with what to do.
    #[must_use]
    pub fn text(&self, table: &RoleTable, language: Language) -> String {
        let role = |role: &str| shown(table, role, language);
        match (self, language) {
            (Self::AccountGone { name }, Language::De) => {
                format!("Das Konto von {name} gibt es in Entra ID nicht mehr. Es wurde nichts geändert.")
            }
            (Self::AccountGone { name }, Language::En) => {
                format!("The account of {name} is not in Entra ID any more. Nothing was changed.")
            }
            (Self::ThroughGroup { name, role: of }, Language::De) => format!(
                "{name} hat die Rolle {} über eine Gruppe. Sie kann nicht einer einzelnen Person genommen werden: \
                 Weisen Sie sie in Entra ID direkt zu und entfernen Sie die Zuweisung der Gruppe.",
                role(of)
            ),
            (Self::ThroughGroup { name, role: of }, Language::En) => format!(
                "{name} has the role {} through a group. It cannot be taken from one person: assign it directly in \
                 Entra ID and remove the group's assignment.",
                role(of)
            ),
            (Self::NotInEntra { name, role: of }, Language::De) => format!(
                "In Entra ID hat {name} die Rolle {} nicht. Eine Administratorin oder ein Administrator muss zuerst \
                 entscheiden, was gilt.",
                role(of)
            ),
            (Self::NotInEntra { name, role: of }, Language::En) => format!(
                "In Entra ID {name} does not have the role {}. An administrator has to decide first what holds.",
                role(of)
            ),
            (Self::HeldByAnother { name, office }, Language::De) => format!(
                "In Entra ID hat {name} das Amt {}. Es wurde nichts geändert: Nehmen Sie dort zuerst diese Zuweisung weg.",
                role(office)
            ),
            (Self::HeldByAnother { name, office }, Language::En) => format!(
                "In Entra ID {name} holds the office {}. Nothing was changed: remove that assignment there first.",
                role(office)
            ),
            (Self::NoSuchAppRole { entra }, Language::De) => format!(
                "Fehler bei der Azure-Synchronisierung: Die Anwendung hat keine App-Rolle mit dem Wert `{entra}`. \
                 Legen Sie sie in der App-Registrierung an oder korrigieren Sie roles.json."
            ),
            (Self::NoSuchAppRole { entra }, Language::En) => format!(
                "Synchronisation with Azure failed: the application has no app role of the value `{entra}`. Make it in \
                 the app registration, or correct roles.json."
            ),
            (Self::Entra { message, fix }, Language::De) => {
                format!("Fehler bei der Azure-Synchronisierung: {message} {fix}")
            }
            (Self::Entra { message, fix }, Language::En) => {
                format!("Synchronisation with Azure failed: {message} {fix}")
            }
            (Self::TookTooLong, Language::De) => {
                "Fehler bei der Azure-Synchronisierung: Die Änderung kam nicht innerhalb einer Stunde zustande."
                    .to_owned()
            }
            (Self::TookTooLong, Language::En) => {
                "Synchronisation with Azure failed: the change did not come about within an hour.".to_owned()
            }
        }
    }
}

impl Refusal {
    /// The stable word of the kind, for the API.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::MissingObjectId { .. } => "missing-object-id",
            Self::UnknownRole { .. } => "unknown-role",
            Self::UnknownPerson => "unknown-person",
            Self::NoRole { .. } => "no-role",
            Self::Same => "same-role",
            Self::NotAllowed { .. } => "not-allowed",
            Self::NeedsSuccessor { .. } => "needs-successor",
            Self::NotAnOffice { .. } => "not-an-office",
            Self::NotEligible { .. } => "not-eligible",
            Self::OfficeTaken { .. } => "office-taken",
            Self::UnderWay { .. } => "under-way",
            Self::Undecided { .. } => "undecided",
            Self::NoDifference => "no-difference",
            Self::Changed => "changed",
        }
    }

    /// The refusal in words, as a whole sentence with what to do.
    #[must_use]
    pub fn text(&self, table: &RoleTable, language: Language) -> String {
        let role = |role: &str| shown(table, role, language);
        match language {
            Language::De => match self {
                // The words of the system before.
                Self::MissingObjectId { name } => format!(
                    "Azure-Synchronisierung nicht möglich: Fehlende Azure-Daten. Bitte melden Sie sich erneut an. \
                     (Es fehlt die Objekt-ID von {name}.)"
                ),
                Self::UnknownRole { role } => format!("Die Rolle `{role}` gibt es nicht."),
                Self::UnknownPerson => "Diese Person gibt es nicht.".to_owned(),
                Self::NoRole { name } => format!("{name} hat keine Rolle, die geändert werden könnte."),
                Self::Same => "Das ist die Rolle, die bereits gilt.".to_owned(),
                Self::NotAllowed { from, to } => {
                    format!("Von {} zu {} kann man nicht selbst wechseln.", role(from), role(to))
                }
                Self::NeedsSuccessor { office } => {
                    format!("Das Amt {} darf nicht frei werden: Wählen Sie, wer es übernimmt.", role(office))
                }
                Self::NotAnOffice { role: of } => format!("{} ist kein Amt, das übergeben wird.", role(of)),
                Self::NotEligible { name, office } => {
                    format!("{name} kann das Amt {} mit der jetzigen Rolle nicht übernehmen.", role(office))
                }
                Self::OfficeTaken { office } => format!("Das Amt {} hat schon jemand.", role(office)),
                Self::UnderWay { operation } => format!(
                    "Die Änderung Nummer {operation} läuft noch und betrifft dieselbe Person oder dasselbe Amt. \
                     Warten Sie, bis sie fertig ist."
                ),
                Self::Undecided { name } => format!(
                    "Entra ID und Intranet sagen Verschiedenes über die Rolle von {name}. Eine Administratorin oder ein \
                     Administrator muss zuerst entscheiden."
                ),
                Self::NoDifference => {
                    "Diese Abweichung gibt es nicht mehr, oder diese Seite kann nicht gelten. Laden Sie die Seite neu."
                        .to_owned()
                }
                Self::Changed => "Inzwischen wurde etwas geändert. Laden Sie die Seite neu.".to_owned(),
            },
            Language::En => match self {
                Self::MissingObjectId { name } => format!(
                    "Synchronisation with Azure is not possible: data of Azure is missing. Please sign in again. (The \
                     object id of {name} is not known.)"
                ),
                Self::UnknownRole { role } => format!("There is no role `{role}`."),
                Self::UnknownPerson => "There is no such person.".to_owned(),
                Self::NoRole { name } => format!("{name} has no role that could be changed."),
                Self::Same => "This is the role that holds already.".to_owned(),
                Self::NotAllowed { from, to } => {
                    format!("Nobody can change from {} to {} by themselves.", role(from), role(to))
                }
                Self::NeedsSuccessor { office } => {
                    format!("The office {} must not be vacant: choose who takes it over.", role(office))
                }
                Self::NotAnOffice { role: of } => format!("{} is no office that is handed over.", role(of)),
                Self::NotEligible { name, office } => {
                    format!("{name} cannot take over the office {} with the present role.", role(office))
                }
                Self::OfficeTaken { office } => format!("Somebody else holds the office {}.", role(office)),
                Self::UnderWay { operation } => format!(
                    "Change number {operation} is under way and concerns the same person or office. Wait until it is \
                     finished."
                ),
                Self::Undecided { name } => format!(
                    "Entra ID and this product say different things about the role of {name}. An administrator has to \
                     decide first."
                ),
                Self::NoDifference => {
                    "There is no such difference any more, or this side cannot hold. Load the page again.".to_owned()
                }
                Self::Changed => "Something was changed meanwhile. Load the page again.".to_owned(),
            },
        }
    }
}

/// The role as people call it; its own name if the table does not know it.
#[must_use]
pub fn shown(table: &RoleTable, role: &str, language: Language) -> String {
    table.role(role).map_or_else(|| role.to_owned(), |entry| entry.name(language).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_object_id_is_told_in_the_words_of_the_system_before() {
        let refusal = Refusal::MissingObjectId { name: "Alex Muster".to_owned() };
        let text = refusal.text(&RoleTable::shipped(), Language::De);
        let source = "Azure-Synchronisierung nicht möglich: Fehlende Azure-Daten. Bitte melden Sie sich erneut an.";
        assert!(text.starts_with(source), "{text}");
    }

    #[test]
    fn what_entra_refuses_is_told_in_the_words_of_the_system_before() {
        let problem = Problem::Entra { message: "It says no.".to_owned(), fix: "Ask again.".to_owned() };
        let text = problem.text(&RoleTable::shipped(), Language::De);
        assert_eq!(text, "Fehler bei der Azure-Synchronisierung: It says no. Ask again.");
    }

    #[test]
    fn roles_are_called_as_people_call_them() {
        let refusal = Refusal::OfficeTaken { office: "board_finance".to_owned() };
        let table = RoleTable::shipped();
        assert_eq!(refusal.text(&table, Language::De), "Das Amt Vorstand Finanzen hat schon jemand.");
        assert_eq!(refusal.text(&table, Language::En), "Somebody else holds the office Board, finance.");
    }
}
