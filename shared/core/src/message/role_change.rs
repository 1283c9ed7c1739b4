//! A change of roles that stands still where it can neither be finished nor given up.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::words::{Language, Text, line, long_line};
use crate::roles::words::{Problem, shown};
use crate::roles::{Operation, Phase, RoleTable};

/// What is told of it: roles, and nobody who has them. Who that is stands on the page, for those who may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChange {
    /// Number of the change.
    pub operation: i64,
    /// From which role to which, for each person.
    pub roles: Vec<InBoth>,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// Whether it was given up and is being taken back.
    pub undone: bool,
    /// What keeps it, and what to do.
    pub reason: InBoth,
}

/// Words in both languages: what roles are called stands in a table that who sends messages does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InBoth {
    /// German.
    pub de: String,
    /// English.
    pub en: String,
}

impl InBoth {
    /// The same in each language.
    pub fn new(say: impl Fn(Language) -> String) -> Self {
        Self { de: say(Language::De), en: say(Language::En) }
    }

    fn pick(&self, language: Language) -> &str {
        language.pick(&self.de, &self.en)
    }
}

impl RoleChange {
    /// What there is to tell of an operation.
    #[must_use]
    pub fn of(operation: &Operation, table: &RoleTable) -> Self {
        let roles = operation.moves.iter().map(|one| {
            InBoth::new(|language| {
                let from = one.from.as_ref().map_or("–".to_owned(), |from| shown(table, from, language));
                format!("{from} → {}", shown(table, &one.to, language))
            })
        });
        Self {
            operation: operation.number,
            roles: roles.collect(),
            accepted_at: operation.accepted_at,
            undone: operation.phase == Phase::Undoing,
            reason: InBoth::new(|language| reason(operation.trouble.as_ref(), table, language)),
        }
    }

    pub(super) fn text(&self, language: Language) -> Text {
        let pick = |german, english| language.pick(german, english).to_owned();
        let what = pick("Rollenwechsel steht still", "Change of roles stands still");
        let (number, change) = (self.operation, pick("Wechsel", "Change"));
        let how = if self.undone {
            pick("Er wurde aufgegeben und wird zurückgenommen", "It was given up and is being taken back")
        } else {
            pick("Er kann nicht mehr zurückgenommen werden", "It cannot be taken back any more")
        };
        let meanwhile = pick(
            "es wird jede Minute wieder versucht, und bis dahin gilt für die Betroffenen die niedrigere Rolle.",
            "this is tried again every minute, and until then the lower role counts for those concerned.",
        );
        let mut facts = vec![(pick("Nummer", "Number"), number.to_string())];
        facts.extend(self.roles.iter().map(|roles| (change.clone(), line(roles.pick(language)))));
        facts.push((pick("Begonnen", "Begun"), self.accepted_at.format("%Y-%m-%d %H:%M UTC").to_string()));
        facts.push((pick("Grund", "Reason"), long_line(self.reason.pick(language))));
        Text {
            subject: format!("{what}: {} {number}", pick("Nummer", "number")),
            headline: format!("{what}. {how}; {meanwhile}"),
            facts,
            advice: pick(
                "Bitte den Grund beheben; alles Weitere geschieht von selbst. Den Stand zeigen die Seite „Rollen“ und `leitwarte roles operations`. Zu diesem Wechsel kommt keine weitere Meldung.",
                "Please remove the reason; the rest happens by itself. The page “Roles” and `leitwarte roles operations` show how far it is. There will be no other message about this change.",
            ),
        }
    }
}

fn reason(trouble: Option<&Problem>, table: &RoleTable, language: Language) -> String {
    let endless = language.pick(
        "Ein Schritt folgt auf den anderen, ohne dass Entra ID das Ergebnis zeigt. Ändert dort noch jemand diese Rollen?",
        "Step follows step, and Entra ID does not show what came of them. Does somebody else change these roles there?",
    );
    trouble.map_or_else(|| endless.to_owned(), |problem| problem.text(table, language))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::message::Message;
    use crate::roles::operation::{ENDLESS_AFTER, Kind, Move, STANDS_STILL_AFTER};

    const BEGIN: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn operation(phase: Phase) -> Operation {
        let gives = Move::new(1, "Alex Muster", Uuid::from_u128(1), Some("board_finance"), "member");
        Operation {
            number: 3,
            version: 7,
            kind: Kind::Change,
            asked_by: "Alex Muster".to_owned(),
            accepted_at: BEGIN,
            phase,
            progress_at: BEGIN,
            ended_at: None,
            moves: vec![gives],
            problem: None,
            trouble: Some(Problem::Entra { message: "Entra says\nno.".to_owned(), fix: String::new() }),
        }
    }

    fn plain(operation: &Operation, language: Language) -> String {
        let text = Message::RoleChange(RoleChange::of(operation, &RoleTable::shipped())).text(language);
        format!("{}\n{}", text.subject, text.plain())
    }

    #[test]
    fn the_message_says_what_holds_and_why_and_names_nobody() {
        let text = plain(&operation(Phase::Revoking), Language::De);
        let facts = [
            "Rollenwechsel steht still: Nummer 3\n",
            "nicht mehr zurückgenommen",
            "Vorstand Finanzen → Mitglied",
            "Entra says no.",
        ];
        for fact in facts {
            assert!(text.contains(fact), "{fact} is missing in:\n{text}");
        }
        assert!(!text.contains("Muster"), "{text}");
    }

    #[test]
    fn one_that_is_taken_back_is_not_called_final() {
        let text = plain(&operation(Phase::Undoing), Language::En);
        assert!(text.contains("It was given up and is being taken back"), "{text}");
    }

    #[test]
    fn it_stands_still_after_ten_minutes_in_vain_or_two_hours_of_steps_and_never_before_its_point_of_no_return() {
        let almost = TimeDelta::seconds(1);
        let stuck = operation(Phase::Revoking);
        assert!(
            stuck.stands_still(BEGIN + STANDS_STILL_AFTER)
                && operation(Phase::Undoing).stands_still(BEGIN + STANDS_STILL_AFTER)
        );
        assert!(!stuck.stands_still(BEGIN + STANDS_STILL_AFTER - almost));
        let busy = Operation { trouble: None, ..stuck };
        assert!(!busy.stands_still(BEGIN + ENDLESS_AFTER - almost) && busy.stands_still(BEGIN + ENDLESS_AFTER));
        assert!(plain(&busy, Language::En).contains("Does somebody else change these roles there?"));
        for phase in [Phase::Reading, Phase::Granting, Phase::Done, Phase::Aborted] {
            assert!(!operation(phase).stands_still(BEGIN + TimeDelta::days(1)), "{phase:?}");
        }
    }
}
