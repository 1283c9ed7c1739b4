//! What starts the function and what it answers.

use leitwarte_core::roles::operation::Operation;
use leitwarte_core::roles::wish::Wish;
use serde::{Deserialize, Serialize};

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub enum Event {
    /// The schedule: what is under way, and the comparison when it is time.
    Tick,
    /// `{"action": "operation", "number": 3}`: one that was accepted just now.
    Operation(i64),
    /// `{"action": "change-role", "person": 3, "to": "member"}` or `{"action": "hand-over", … "successor": 4}`: accept it
    /// as if the person had asked, and carry it out.
    Wish {
        /// Number of the person.
        person: i64,
        /// What for.
        wish: Wish,
    },
    /// `{"action": "reconcile"}`: compare everybody now.
    Reconcile,
    /// `{"action": "backfill-object-ids"}`: look object ids up that are missing.
    BackfillObjectIds,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    action: Action,
    #[serde(default)]
    number: i64,
    #[serde(default)]
    person: i64,
    #[serde(default)]
    to: String,
    #[serde(default)]
    successor: i64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    #[default]
    Tick,
    Operation,
    ChangeRole,
    HandOver,
    Reconcile,
    BackfillObjectIds,
}

impl From<Wire> for Event {
    fn from(wire: Wire) -> Self {
        let Wire { action, number, person, to, successor } = wire;
        match action {
            Action::Tick => Self::Tick,
            Action::Operation => Self::Operation(number),
            Action::ChangeRole => Self::Wish { person, wish: Wish::Change { to } },
            Action::HandOver => Self::Wish { person, wish: Wish::HandOver { to, successor } },
            Action::Reconcile => Self::Reconcile,
            Action::BackfillObjectIds => Self::BackfillObjectIds,
        }
    }
}

/// How it went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Operations that were worked on.
    pub operations: Vec<OperationReport>,
    /// The comparison, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<ComparisonReport>,
    /// Object ids that were found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_ids: Option<ObjectIdReport>,
    /// Somebody else is working on roles right now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub busy: bool,
    /// There is no `roles/role-sync-profile.json`: roles are not kept in step with Entra.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperationReport {
    /// Its number.
    pub number: i64,
    /// How far it is.
    pub phase: &'static str,
    /// Why it was given up or does not get further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// The comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparisonReport {
    /// People who were compared.
    pub people: usize,
    /// Differences.
    pub findings: usize,
    /// Why it was not possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Object ids that were looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ObjectIdReport {
    /// Found and stored.
    pub found: usize,
    /// Names by which people sign in, for whom there is no account.
    pub missing: Vec<String>,
}

impl OperationReport {
    /// With the problem as `words` says it.
    pub(crate) fn of(operation: &Operation, words: impl Fn(&leitwarte_core::roles::words::Problem) -> String) -> Self {
        let problem = operation.problem.as_ref().or(operation.trouble.as_ref()).map(words);
        Self { number: operation.number, phase: operation.phase.as_str(), problem }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(event: Value) -> Event {
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn what_names_no_action_is_a_tick_of_the_schedule() {
        assert_eq!(event(json!({})), Event::Tick);
        assert_eq!(event(json!({ "detail-type": "Scheduled Event", "source": "aws.scheduler" })), Event::Tick);
    }

    #[test]
    fn actions_are_named() {
        assert_eq!(event(json!({ "action": "operation", "number": 3 })), Event::Operation(3));
        let wish = Wish::HandOver { to: "member".to_owned(), successor: 4 };
        let hand_over = json!({ "action": "hand-over", "person": 3, "to": "member", "successor": 4 });
        assert_eq!(event(hand_over), Event::Wish { person: 3, wish });
        assert_eq!(event(json!({ "action": "reconcile" })), Event::Reconcile);
        assert!(serde_json::from_value::<Event>(json!({ "action": "promote" })).is_err());
    }
}
