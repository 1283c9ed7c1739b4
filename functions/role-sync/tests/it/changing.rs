//! Changes that come about, and what they leave behind in Entra and here.

use leitwarte_core::roles::operation::Phase;
use leitwarte_core::roles::wish::Wish;
use leitwarte_graph_simulator::{FaultKind, Operation, RetryAfter, Settings};
use leitwarte_store::Asked;
use role_sync::Event;

use crate::rig::{INTRANET, Rig, account};

#[tokio::test]
async fn test_1_of_the_source_a_demotion_with_successor_and_the_next_sign_in_does_not_undo_it() {
    let rig = Rig::new().await;
    let number = rig.hand_over().await;
    assert_eq!(rig.state(1..=2).await, "vorstand_finanzen/board_finance<member, ressortleiter/head<head");
    rig.run(Event::Operation(number)).await.unwrap();
    assert_eq!(rig.state(1..=2).await, "mitglied/member, vorstand_finanzen/board_finance");
    rig.sign_in(1, &["mitglied"]).await;
    rig.sign_in(2, &["ressortleiter"]).await;
    assert_eq!(rig.state(1..=2).await, "mitglied/member, vorstand_finanzen/board_finance");
}

#[tokio::test]
async fn test_2_of_the_source_from_one_office_of_the_board_to_another_without_successor() {
    let rig = Rig::new().await;
    let asked = rig.ask(1, Wish::Change { to: "board_internal".to_owned() }).await;
    let Asked::Accepted(number) = asked else { panic!("{asked:?}") };
    rig.run(Event::Operation(number)).await.unwrap();
    assert_eq!(rig.state(1..=1).await, "vorstand_intern/board_internal");
    assert_eq!(rig.state(4..=4).await, "vorstand_finanzen/board_finance");
}

#[tokio::test]
async fn other_app_roles_are_left_alone() {
    let rig = Rig::new().await;
    rig.simulator.set_roles(account(1), INTRANET, &["vorstand_finanzen", "Licences.Read", "Kassier"]).unwrap();
    let number = rig.hand_over().await;
    rig.run(Event::Operation(number)).await.unwrap();
    assert_eq!(rig.simulator.roles_of(account(1), INTRANET), ["Kassier", "Licences.Read", "mitglied"]);
}

#[tokio::test]
async fn d8_every_page_is_read_before_anything_is_decided() {
    let rig = Rig::new().await;
    let many = ["Kassier", "Licences.Read", "anwaerter", "alumni", "vorstand_finanzen"];
    rig.simulator.set_roles(account(1), INTRANET, &many).unwrap();
    let number = rig.hand_over().await;
    rig.run(Event::Operation(number)).await.unwrap();
    assert_eq!(rig.simulator.roles_of(account(1), INTRANET), ["Kassier", "Licences.Read", "mitglied"]);
}

#[tokio::test]
async fn throttling_lost_answers_and_stale_lists_only_make_it_slower() {
    let rig = Rig::new().await;
    rig.simulator.set_settings(Settings { directory_stale_answers: 1, ..rig.simulator.settings() }).unwrap();
    let throttled = FaultKind::Status { status: 429, retry_after: Some(RetryAfter::Seconds(1)) };
    rig.fault(Operation::GrantRole, throttled, 1);
    rig.fault(Operation::RevokeRole, FaultKind::LostAnswer, 1);
    rig.fault(Operation::ServicePrincipals, FaultKind::Status { status: 503, retry_after: None }, 2);
    let number = rig.hand_over().await;
    rig.run(Event::Operation(number)).await.unwrap();
    assert_eq!(rig.operation(number).await.phase, Phase::Done);
    assert_eq!(rig.state(1..=2).await, "mitglied/member, vorstand_finanzen/board_finance");
}

#[tokio::test]
async fn a_grant_whose_answer_was_lost_is_made_once() {
    let rig = Rig::new().await;
    rig.fault(Operation::GrantRole, FaultKind::LostAnswer, 1);
    let asked = rig.ask(2, Wish::Change { to: "member".to_owned() }).await;
    let Asked::Accepted(number) = asked else { panic!("{asked:?}") };
    rig.run(Event::Operation(number)).await.unwrap();
    assert_eq!(rig.state(2..=2).await, "mitglied/member");
    assert_eq!(rig.simulator.requests().requests("contoso", Operation::GrantRole), 1);
}

#[tokio::test]
async fn a_change_can_be_made_by_hand() {
    let rig = Rig::new().await;
    let wish = Wish::Change { to: "alumni".to_owned() };
    let report = rig.run(Event::Wish { person: 3, wish }).await.unwrap();
    assert_eq!((report.operations.len(), report.operations[0].phase), (1, "done"));
    assert_eq!(rig.state(3..=3).await, "alumni/alumni");
}
