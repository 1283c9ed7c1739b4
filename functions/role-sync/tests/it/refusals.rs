//! What cannot be done: a clear message, and nothing half done.

use leitwarte_core::message::words::Language;
use leitwarte_core::roles::operation::Phase;
use leitwarte_core::roles::wish::Wish;
use leitwarte_graph_simulator::{FaultKind, Operation};
use leitwarte_store::Asked;
use role_sync::Event;

use crate::rig::{GROUP, INTRANET, Rig, account};

const BEFORE: &str = "vorstand_finanzen/board_finance, ressortleiter/head";

#[tokio::test]
async fn test_4_of_the_source_refused_credentials_change_nothing() {
    let rig = Rig::new().await;
    rig.fault(Operation::Token, FaultKind::Aadsts { code: 700_016 }, 20);
    let number = rig.hand_over().await;
    let error = rig.run(Event::Operation(number)).await.unwrap_err();
    assert_eq!(error.kind(), "RoleChangeAborted");
    assert_eq!(rig.state(1..=2).await, BEFORE);
    let problem = rig.operation(number).await.problem.unwrap();
    let text = problem.text(&rig.table, Language::De);
    assert!(text.starts_with("Fehler bei der Azure-Synchronisierung: ") && text.contains("AADSTS700016"), "{text}");
}

#[tokio::test]
async fn a_missing_permission_changes_nothing() {
    let rig = Rig::new().await;
    rig.fault(Operation::GrantRole, FaultKind::Status { status: 403, retry_after: None }, 20);
    let number = rig.hand_over().await;
    let error = rig.run(Event::Operation(number)).await.unwrap_err();
    assert!(error.to_string().contains("AppRoleAssignment.ReadWrite.All"), "{error}");
    assert_eq!(rig.state(1..=2).await, BEFORE);
}

#[tokio::test]
async fn d2_when_the_second_grant_fails_the_first_is_taken_back() {
    let rig = Rig::new().await;
    let forbidden = FaultKind::Status { status: 403, retry_after: None };
    let second = leitwarte_graph_simulator::Fault::once("contoso", Operation::GrantRole, forbidden).after(1);
    rig.simulator.inject(second).unwrap();
    let number = rig.hand_over().await;
    rig.run(Event::Operation(number)).await.unwrap_err();
    assert_eq!((rig.operation(number).await.phase, rig.state(1..=2).await.as_str()), (Phase::Aborted, BEFORE));
}

#[tokio::test]
async fn a_forbidden_revocation_waits_beyond_the_point_of_no_return_and_comes_about_later() {
    let rig = Rig::new().await;
    rig.fault(Operation::RevokeRole, FaultKind::Status { status: 403, retry_after: None }, 1);
    let number = rig.hand_over().await;
    let report = rig.run(Event::Operation(number)).await.unwrap();
    assert_eq!(report.operations[0].phase, "revoking");
    assert!(report.operations[0].problem.as_ref().unwrap().contains("AppRoleAssignment.ReadWrite.All"));
    assert!(rig.state(1..=1).await.ends_with("board_finance<member"), "the demotion is in effect");
    rig.run(Event::Tick).await.unwrap();
    assert_eq!(rig.state(1..=2).await, "mitglied/member, vorstand_finanzen/board_finance");
}

#[tokio::test]
async fn a_person_deleted_in_entra_ends_it_with_a_clear_message() {
    let rig = Rig::new().await;
    assert!(rig.simulator.delete_user(account(2)));
    let number = rig.hand_over().await;
    let error = rig.run(Event::Operation(number)).await.unwrap_err();
    assert_eq!(error.to_string(), "The account of Person 2 is not in Entra ID any more. Nothing was changed.");
    assert_eq!(rig.state(1..=1).await, "vorstand_finanzen/board_finance");
}

#[tokio::test]
async fn d5_a_role_through_a_group_is_refused_with_what_to_do() {
    let rig = Rig::new().await;
    rig.sign_in(5, &["ressortleiter"]).await;
    rig.simulator.set_roles(GROUP, INTRANET, &["ressortleiter"]).unwrap();
    let asked = rig.ask(5, Wish::Change { to: "member".to_owned() }).await;
    let Asked::Accepted(number) = asked else { panic!("{asked:?}") };
    let error = rig.run(Event::Operation(number)).await.unwrap_err();
    assert!(error.to_string().contains("through a group"), "{error}");
    assert_eq!(rig.state(5..=5).await, "ressortleiter/head");
}

#[tokio::test]
async fn a_role_that_the_application_does_not_have_changes_nothing() {
    let rig = Rig::new().await;
    let table = leitwarte_core::roles::table::SHIPPED.replace("\"mitglied\"", "\"mitglied_neu\"");
    std::fs::write(rig.profiles.join("roles/roles.json"), table).unwrap();
    let number = rig.hand_over().await;
    let error = rig.run(Event::Operation(number)).await.unwrap_err();
    assert!(error.to_string().contains("no app role of the value `mitglied_neu`"), "{error}");
    assert_eq!(rig.state(1..=2).await, BEFORE);
}

#[tokio::test]
async fn a_refused_wish_by_hand_says_why() {
    let rig = Rig::new().await;
    let wish = Wish::Change { to: "board_external".to_owned() };
    let error = rig.run(Event::Wish { person: 2, wish }).await.unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("by themselves")), ("RoleChangeRefused", true));
}

#[tokio::test]
async fn without_a_profile_the_schedule_does_nothing_and_a_person_is_told() {
    let rig = Rig::new().await;
    std::fs::remove_file(rig.profiles.join("roles/role-sync-profile.json")).unwrap();
    assert!(rig.run(Event::Tick).await.unwrap().off);
    assert_eq!(rig.run(Event::Reconcile).await.unwrap_err().kind(), "RolesOff");
}
