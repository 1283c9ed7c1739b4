//! The comparison of both sides, and object ids that are looked up.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use chrono::TimeDelta;
use leitwarte_core::auth_profile::Role;
use leitwarte_core::message::words::Language;
use leitwarte_core::roles::standing::Side;
use leitwarte_graph_simulator::{FaultKind, Operation};
use leitwarte_store::{Actor, Decided};
use role_sync::Event;
use serde_json::json;

use crate::rig::{GROUP, HOME, INTRANET, Rig, account};

const ADMIN: Actor<'static> = Actor { person: None, who: "an administrator" };

/// Findings as text, with the person's number.
async fn findings(rig: &Rig) -> Vec<String> {
    let findings = rig.store.role_findings(HOME).await.unwrap();
    let shown = |one: &leitwarte_store::RoleFinding| {
        let who = one.person.map_or_else(|| "-".to_owned(), |person| person.to_string());
        format!("{who}: {}", one.drift.text(&rig.table, Language::En))
    };
    let mut findings: Vec<String> = findings.iter().map(shown).collect();
    findings.sort();
    findings
}

#[tokio::test]
async fn every_kind_of_difference_is_reported_and_the_lower_role_applied() {
    let rig = Rig::new().await;
    rig.sign_in(5, &["ressortleiter"]).await;
    rig.simulator.set_roles(GROUP, INTRANET, &["ressortleiter"]).unwrap();
    rig.simulator.set_roles(account(1), INTRANET, &["vorstand_finanzen", "mitglied", "Kassier"]).unwrap();
    rig.simulator.set_roles(account(2), INTRANET, &["vorstand_extern"]).unwrap();
    rig.simulator.set_roles(account(3), INTRANET, &[]).unwrap();
    assert!(rig.simulator.delete_user(account(4)));
    let report = rig.run(Event::Reconcile).await.unwrap();
    assert_eq!(report.compared.unwrap().people, 5);
    assert_eq!(
        findings(&rig).await,
        [
            "-: Nobody holds the office Board, internal.",
            "1: App roles that roles.json does not know: Kassier.",
            "1: Here Board, finance, in Entra ID several roles: Member, Board, finance.",
            "2: Here Head of department, in Entra ID Board, external.",
            "3: Here Member, in Entra ID no role.",
            "4: The account is not in Entra ID any more.",
            "5: Head of department comes through a group; assign the role directly in Entra ID.",
        ]
    );
    assert_eq!(
        rig.state(1..=4).await,
        "Kassier+mitglied+vorstand_finanzen/board_finance<member, vorstand_extern/head<head, /member<none, \
         /board_internal<none"
    );
}

#[tokio::test]
async fn who_has_no_account_any_more_is_signed_out_with_an_internal_role_or_without() {
    let rig = Rig::without_sign_ins().await;
    let before = leitwarte_runtime::clock::now();
    let head = rig.sign_in_with(2, &["ressortleiter"], BTreeSet::new(), before).await;
    let admin = rig.sign_in_with(6, &[], BTreeSet::from([Role::Admin]), before).await;
    let other = rig.sign_in_with(3, &["mitglied"], BTreeSet::new(), before).await;
    assert!(rig.simulator.delete_user(account(2)) && rig.simulator.delete_user(account(6)));
    rig.run(Event::Reconcile).await.unwrap();
    for (session, there) in [(head, false), (admin, false), (other, true)] {
        assert_eq!(rig.store.session(&session).await.unwrap().is_some(), there, "{session}");
    }
    let log = rig.store.audit_log(None, Some("person 2"), 5).await.unwrap();
    assert!(log.iter().any(|entry| entry.action == "sessions-ended" && entry.who == "role-sync"), "{log:?}");
}

#[tokio::test]
async fn a_session_with_a_right_that_entra_does_not_give_any_more_ends() {
    let rig = Rig::without_sign_ins().await;
    let profile = json!({
        "tenant_id": HOME, "client_id": INTRANET, "client_secret": "x", "role_mapping": { "Kassier": "Licences.Manage" },
    });
    std::fs::create_dir_all(rig.profiles.join("auth")).unwrap();
    let file = rig.profiles.join("auth/auth-contoso-profile.json");
    std::fs::write(&file, profile.to_string()).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let now = leitwarte_runtime::clock::now();
    let early = now - TimeDelta::minutes(10);
    rig.simulator.set_roles(account(1), INTRANET, &["Licences.Read"]).unwrap();
    rig.simulator.set_roles(account(2), INTRANET, &["Kassier"]).unwrap();
    let taken = rig.sign_in_with(1, &[], BTreeSet::from([Role::Admin]), early).await;
    let by_another_name = rig.sign_in_with(2, &[], BTreeSet::from([Role::Manage]), early).await;
    let without = rig.sign_in_with(3, &["mitglied"], BTreeSet::new(), early).await;
    // The list may not show yet what this token says.
    let new = rig.sign_in_with(4, &[], BTreeSet::from([Role::Manage]), now).await;
    rig.run(Event::Reconcile).await.unwrap();
    for (session, there) in [(taken, false), (by_another_name, true), (without, true), (new, true)] {
        assert_eq!(rig.store.session(&session).await.unwrap().is_some(), there, "{session}");
    }
}

#[tokio::test]
async fn an_administrator_repairs_either_side_with_one_decision() {
    let rig = Rig::new().await;
    rig.simulator.set_roles(account(2), INTRANET, &["mitglied"]).unwrap();
    rig.simulator.set_roles(account(3), INTRANET, &[]).unwrap();
    rig.run(Event::Reconcile).await.unwrap();
    let decide = async |person, side| {
        rig.store
            .decide_drift(&rig.table, (HOME, person), (side, None), ADMIN, leitwarte_runtime::clock::now())
            .await
            .unwrap()
    };
    assert_eq!(decide(2, Side::Entra).await, Decided::Stored);
    let Decided::Accepted(number) = decide(3, Side::Stored).await else { panic!("accepted") };
    rig.run(Event::Operation(number)).await.unwrap();
    assert_eq!(rig.state(2..=3).await, "mitglied/member, mitglied/member");
    assert!(findings(&rig).await.iter().all(|finding| !finding.starts_with(['2', '3'])));
}

#[tokio::test]
async fn a_comparison_that_is_not_possible_changes_nothing_and_says_why() {
    let rig = Rig::new().await;
    rig.simulator.set_roles(account(3), INTRANET, &[]).unwrap();
    rig.fault(Operation::Token, FaultKind::Aadsts { code: 700_016 }, 20);
    let report = rig.run(Event::Tick).await.unwrap();
    assert!(report.compared.unwrap().problem.unwrap().contains("AADSTS700016"));
    assert_eq!(rig.state(3..=3).await, "/member");
    let last = rig.store.last_reconciliation(HOME).await.unwrap().unwrap();
    assert!(last.problem.is_some());
}

#[tokio::test]
async fn the_schedule_compares_at_the_start_and_then_every_quarter_of_an_hour() {
    let rig = Rig::new().await;
    assert!(rig.run(Event::Tick).await.unwrap().compared.is_some());
    assert!(rig.run(Event::Tick).await.unwrap().compared.is_none());
}

#[tokio::test]
async fn a_decision_for_entra_counts_when_the_comparison_after_it_has_seen_the_higher_role() {
    let rig = Rig::new().await;
    rig.simulator.set_roles(account(3), INTRANET, &["ressortleiter"]).unwrap();
    rig.run(Event::Reconcile).await.unwrap();
    let now = leitwarte_runtime::clock::now();
    let decide = || rig.store.decide_drift(&rig.table, (HOME, 3), (Side::Entra, None), ADMIN, now);
    assert_eq!(decide().await.unwrap(), Decided::Stored);
    assert_eq!(rig.state(3..=3).await, "ressortleiter/head<member");
    rig.run(Event::Reconcile).await.unwrap();
    assert_eq!(rig.state(3..=3).await, "ressortleiter/head");
    // The same, but Entra has changed its mind since the comparison.
    rig.simulator.set_roles(account(2), INTRANET, &["vorstand_extern"]).unwrap();
    rig.run(Event::Reconcile).await.unwrap();
    rig.simulator.set_roles(account(2), INTRANET, &["mitglied"]).unwrap();
    rig.store.decide_drift(&rig.table, (HOME, 2), (Side::Entra, None), ADMIN, now).await.unwrap();
    rig.run(Event::Reconcile).await.unwrap();
    assert_eq!(rig.state(2..=2).await, "mitglied/board_external<member");
}

#[tokio::test]
async fn d6_object_ids_are_looked_up_only_when_somebody_asks_for_it() {
    let rig = Rig::without_sign_ins().await;
    for name in ["person2", "person6", "nobody"] {
        let user_name = format!("{name}@contoso.example");
        rig.store.remember_by_name(HOME, (&user_name, name), "head").await.unwrap();
    }
    // Person 2 is known by the name, and does not become that entry by signing in.
    rig.sign_in(2, &["ressortleiter"]).await;
    rig.run(Event::Reconcile).await.unwrap();
    let missing = "The object id is missing; the person has to sign in once.";
    let found = findings(&rig).await;
    assert_eq!(found.iter().filter(|finding| finding.ends_with(missing)).count(), 3, "{found:?}");
    let report = rig.run(Event::BackfillObjectIds).await.unwrap().object_ids.unwrap();
    assert_eq!((report.found, report.missing), (2, vec!["nobody@contoso.example".to_owned()]));
    let people = rig.store.role_people(HOME).await.unwrap();
    let mut known: Vec<_> = people.iter().map(|one| (one.user_name.as_str(), one.object_id)).collect();
    known.sort();
    let expected = [
        ("nobody@contoso.example", None),
        ("person2@contoso.example", Some(account(2))),
        ("person6@contoso.example", Some(account(6))),
    ];
    assert_eq!(known, expected);
}
