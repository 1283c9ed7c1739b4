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
        keeping: Keeping::On,
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

fn html(view: &RolesView) -> String {
    RolesPage::new(&Frame::sample(Language::English), view, now()).render().unwrap()
}

#[test]
fn both_sides_agree_only_where_somebody_compared_them_and_could() {
    let t = RolesTexts::of(Language::English);
    let mut view = view();
    view.findings.clear();
    let mut agrees = |keeping, compared: Option<(i64, Option<Problem>)>| {
        view.keeping = keeping;
        let last = |(minutes, problem)| LastReconciliation { at: now() - TimeDelta::minutes(minutes), problem };
        view.compared = compared.map(last);
        let html = html(&view);
        assert_ne!(html.contains(t.none_different), html.contains(t.not_known));
        html.contains(t.none_different)
    };
    assert!(agrees(Keeping::On, Some((15, None))));
    assert!(!agrees(Keeping::On, Some((15, Some(Problem::TookTooLong)))), "it failed");
    assert!(!agrees(Keeping::On, None), "it was never done");
    assert!(!agrees(Keeping::On, Some((61, None))), "it is not done any more");
    assert!(!agrees(Keeping::NoProfile, Some((15, None))), "it is switched off");
}

#[test]
fn that_the_lower_role_counts_stands_only_where_somebody_can_decide() {
    let t = RolesTexts::of(Language::English);
    let mut view = view();
    assert!(html(&view).contains(t.lower_counts));
    view.findings.remove(0);
    assert!(!html(&view).contains(t.lower_counts), "an office without anybody is no decision");
}

#[test]
fn a_profile_that_is_there_is_not_called_missing() {
    let t = RolesTexts::of(Language::English);
    let mut view = view();
    let off = [
        (Keeping::On, None),
        (Keeping::NoProfile, Some(t.off)),
        (Keeping::OfAnotherTenant, Some(t.off_other)),
        (Keeping::BrokenProfile, Some(t.off_broken)),
    ];
    for (keeping, words) in off {
        view.keeping = keeping;
        let page = html(&view);
        for other in [t.off, t.off_other, t.off_broken] {
            assert_eq!(page.contains(other), words == Some(other), "{keeping:?}: {other}");
        }
    }
}

#[test]
fn the_time_of_a_step_is_said_in_the_readers_time_zone() {
    let stamp = now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    assert!(html(&view()).contains(&format!("timeline-when\"><time datetime=\"{stamp}\" data-local>")));
}
