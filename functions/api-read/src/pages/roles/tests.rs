use leitwarte_core::roles::operation::{Kind, Move};
use leitwarte_core::roles::standing::Drift;
use leitwarte_core::roles::words::Problem;
use leitwarte_core::{TimeDelta, Uuid};
use serde_json::json;

use super::super::tests::HOSTILE;
use super::*;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn person(number: i64, name: &str, role: &str, under_way: Option<i64>) -> RolePerson {
    RolePerson {
        number,
        object_id: Some(Uuid::from_u128(1)),
        user_name: String::new(),
        name: name.to_owned(),
        role: Some(role.to_owned()),
        ceiling: None,
        changed_at: None,
        under_way,
        version: 7,
    }
}

fn operation(number: i64, phase: Phase) -> Operation {
    Operation {
        number,
        version: 3,
        kind: Kind::HandOver,
        asked_by: HOSTILE.to_owned(),
        accepted_at: now() - TimeDelta::hours(number),
        phase,
        progress_at: now(),
        ended_at: phase.is_over().then(now),
        moves: vec![Move::new(3, HOSTILE, Uuid::from_u128(3), Some("head"), "board_finance")],
        problem: (phase == Phase::Aborted).then_some(Problem::AccountGone { name: HOSTILE.to_owned() }),
        trouble: None,
    }
}

/// Person 1 holds the finance office and looks.
fn view() -> RolesView {
    let step = RoleStep { at: now(), detail: json!({ "step": "committed" }) };
    let finding = |person, drift| RoleFinding { person, drift, since: now() };
    RolesView {
        table: RoleTable::shipped(),
        is_on: true,
        own: Some(1),
        sees_all: true,
        people: vec![
            person(1, HOSTILE, "board_finance", None),
            person(2, HOSTILE, "board_internal", None),
            person(3, HOSTILE, "head", None),
            person(4, "Busy", "member", Some(1)),
        ],
        operations: vec![
            (operation(1, Phase::Revoking), vec![step]),
            (operation(2, Phase::Done), vec![]),
            (operation(3, Phase::Aborted), vec![]),
        ],
        findings: vec![
            finding(Some(3), Drift::Differs { stored: Some("head".to_owned()), entra: "member".to_owned() }),
            finding(None, Drift::Vacant { office: "board_external".to_owned() }),
        ],
        compared: Some(LastReconciliation { at: now(), problem: None }),
    }
}

pub(super) fn sample(language: Language) -> String {
    let (frame, view) = (Frame::sample(language), view());
    RolesPage::new(&frame, &view, now()).render().unwrap()
}

#[test]
fn what_may_be_chosen_is_offered_with_what_it_takes() {
    let (frame, view) = (Frame::sample(Language::English), view());
    let page = RolesPage::new(&frame, &view, now());
    let offered: Vec<_> = page
        .choices
        .iter()
        .map(|choice| (choice.role, choice.exchange.is_some(), choice.successors.iter().map(|(who, _)| *who).collect()))
        .collect();
    let successors = || vec![3_i64];
    assert_eq!(
        offered,
        [
            ("alumni", false, successors()),
            ("member", false, successors()),
            ("head", false, successors()),
            ("board_internal", true, vec![]),
            ("board_external", false, successors()),
        ],
        "whoever is in a change already is no successor"
    );
}

#[test]
fn while_a_change_is_under_way_nothing_is_offered() {
    let frame = Frame::sample(Language::English);
    let mut view = view();
    view.people[0].under_way = Some(1);
    assert!(RolesPage::new(&frame, &view, now()).choices.is_empty());
}

#[test]
fn a_difference_offers_the_sides_that_can_hold() {
    let (frame, view) = (Frame::sample(Language::English), view());
    let page = RolesPage::new(&frame, &view, now());
    let sides: Vec<_> = page.differences.iter().map(|one| (one.entra, one.stored)).collect();
    assert_eq!(sides, [(true, true), (false, false)]);
}
