//! What an invocation does.

use std::sync::Arc;

use crate::support::{Answer, Function, in_seconds, minutes_pass, refused, stock};
use leitwarte_core::poll::FailureKind;
use poll_tenant::places::IN_FLIGHT;
use poll_tenant::{Deps, Event, handle};
use serde_json::json;
use tokio::sync::Semaphore;

fn told(report: &poll_tenant::Report) -> (usize, usize, usize, usize) {
    (report.polled, report.changed, report.failed.len(), report.skipped)
}

#[tokio::test]
async fn the_first_tick_polls_every_tenant_and_the_next_none_that_is_not_due() {
    let function = Function::with(&["contoso", "fabrikam"]).await;
    assert_eq!(told(&function.tick().await), (2, 2, 0, 0));
    assert_eq!(function.stock("contoso").await, [stock(1, 10, 3)]);
    assert_eq!(told(&function.tick().await), (0, 0, 0, 0));
    minutes_pass(5);
    assert_eq!(told(&function.tick().await), (2, 0, 0, 0));
}

#[tokio::test]
async fn changed_products_are_counted() {
    let function = Function::with(&["contoso"]).await;
    function.answers("contoso", Answer::Stock(vec![stock(1, 10, 3), stock(2, 5, 5)]));
    assert_eq!(function.tick().await.changed, 2);
    function.answers("contoso", Answer::Stock(vec![stock(1, 10, 4), stock(2, 5, 5)]));
    assert_eq!(function.poll("contoso").await.unwrap().changed, 1);
}

#[test]
fn a_scheduled_event_means_who_is_due_an_empty_one_everybody_and_a_tenant_one() {
    let event = |json| serde_json::from_value::<Event>(json).unwrap();
    assert_eq!(event(json!({ "id": "x", "detail-type": "Scheduled Event" })), Event::Due);
    assert_eq!(event(json!({})), Event::Everybody);
    assert_eq!(event(json!(null)), Event::Everybody);
    assert_eq!(event(json!({ "tenant": "contoso" })), Event::One("contoso".to_owned()));
    assert_eq!(event(json!({ "tenants": ["a", "b"] })), Event::Some(vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn a_slip_of_the_pen_is_refused_by_name_and_not_taken_for_a_poll_of_nobody() {
    for (event, word) in [
        (json!({ "tennant": "contoso" }), "tennant"),
        (json!({ "Tenant": "contoso" }), "Tenant"),
        (json!({ "tenant": 5 }), "no text"),
        (json!({ "tenants": "contoso" }), "no list of texts"),
        (json!({ "tenants": [], "tenant": "contoso" }), "something beside it"),
        (json!(["contoso"]), "no JSON object"),
        (json!("contoso"), "no JSON object"),
    ] {
        let refused = serde_json::from_value::<Event>(event.clone()).unwrap_err().to_string();
        assert!(refused.contains(word) && refused.contains("to poll"), "{event}: {refused}");
    }
}

#[tokio::test]
async fn by_hand_everybody_is_polled_whether_due_or_not() {
    let function = Function::with(&["contoso", "fabrikam"]).await;
    function.answers("contoso", Answer::Stock(vec![stock(1, 10, 3)]));
    function.answers("fabrikam", Answer::Stock(vec![stock(1, 10, 3)]));
    assert_eq!(function.tick().await.polled, 2);
    assert_eq!(function.tick().await.polled, 0, "nobody is due again so soon");
    let again = handle(&function.deps, Event::Everybody, in_seconds(60)).await.unwrap();
    assert_eq!(again.polled, 2);
}

#[tokio::test]
async fn who_asked_for_one_tenant_gets_its_failure_as_an_error() {
    let function = Function::with(&["contoso"]).await;
    function.answers("contoso", refused("Refused."));
    let report = function.poll("contoso").await.unwrap();
    assert!(report.clone().answer(false).is_ok(), "among many it is part of the answer");
    let error = report.answer(true).unwrap_err();
    assert_eq!(error.kind(), "PollFailed");
    assert!(error.to_string().contains("Refused."), "{error}");
}

#[tokio::test]
async fn the_answer_is_json_with_the_documented_fields() {
    let function = Function::with(&["contoso"]).await;
    function.answers("contoso", refused("Refused."));
    let mut answer = serde_json::to_value(function.tick().await).unwrap();
    assert!(answer["duration_ms"].take().is_u64());
    let failed =
        json!({ "tenant": "contoso", "kind": "sign_in", "message": "Refused.", "fix": "Upload the certificate." });
    let expected = json!({ "polled": 1, "changed": 0, "opened": 0, "closed": 0, "failed": [failed], "skipped": 0, "duration_ms": null });
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn one_tenants_failure_keeps_its_last_numbers_and_touches_no_other() {
    let function = Function::with(&["contoso", "fabrikam"]).await;
    function.tick().await;
    minutes_pass(5);
    function.answers("contoso", refused("Refused."));
    function.answers("fabrikam", Answer::Stock(vec![stock(1, 10, 9)]));
    assert_eq!(told(&function.tick().await), (2, 1, 1, 0));
    assert_eq!(function.stock("contoso").await, [stock(1, 10, 3)]);
    assert_eq!(function.failure("contoso").await.unwrap().message, "Refused.");
    assert_eq!(function.stock("fabrikam").await, [stock(1, 10, 9)]);
    assert_eq!(function.failure("fabrikam").await, None);
}

#[tokio::test]
async fn a_broken_profile_fails_its_tenant_alone_and_is_mended_at_the_next_tick() {
    let function = Function::with(&["contoso", "fabrikam"]).await;
    std::fs::write(function.file("contoso"), "{").unwrap();
    let report = function.tick().await;
    assert_eq!(told(&report), (2, 1, 1, 0));
    assert_eq!((report.failed[0].tenant.as_str(), report.failed[0].kind), ("contoso", FailureKind::Profile));
    function.profile("contoso", &json!({}));
    minutes_pass(1);
    assert_eq!(told(&function.tick().await), (1, 1, 0, 0));
    assert_eq!(function.failure("contoso").await, None);
}

#[tokio::test]
async fn a_profile_that_breaks_is_seen_at_the_next_tick_and_its_numbers_stay() {
    let function = Function::with(&["contoso"]).await;
    function.tick().await;
    std::fs::write(function.file("contoso"), "{").unwrap();
    minutes_pass(1);
    assert_eq!(told(&function.tick().await), (1, 0, 1, 0));
    assert_eq!(function.stock("contoso").await, [stock(1, 10, 3)]);
}

#[tokio::test]
async fn adding_a_profile_is_enough_and_taking_it_away_hides_the_tenant() {
    let function = Function::with(&["contoso", "fabrikam"]).await;
    function.tick().await;
    function.profile("northwind", &json!({}));
    assert_eq!(told(&function.tick().await), (1, 1, 0, 0));
    std::fs::remove_file(function.file("northwind")).unwrap();
    function.tick().await;
    assert_eq!(function.store.snapshots().await.unwrap().len(), 2);
}

#[tokio::test]
async fn no_tenant_at_all_is_a_finished_tick() {
    let function = Function::with(&[]).await;
    assert_eq!(function.store.revision().await.unwrap().last_tick, None);
    assert_eq!(told(&function.tick().await), (0, 0, 0, 0));
    assert!(function.store.revision().await.unwrap().last_tick.is_some());
}

#[tokio::test]
async fn a_poll_of_one_tenant_does_not_wait_until_it_is_due() {
    let function = Function::with(&["contoso", "fabrikam"]).await;
    function.tick().await;
    function.asked();
    assert_eq!(told(&function.poll("contoso").await.unwrap()), (1, 0, 0, 0));
    assert_eq!(function.asked(), ["contoso"]);
}

#[tokio::test]
async fn a_poll_of_one_tenant_is_no_finished_tick() {
    let function = Function::with(&["contoso"]).await;
    function.poll("contoso").await.unwrap();
    assert_eq!(function.store.revision().await.unwrap().last_tick, None);
}

#[tokio::test]
async fn a_failing_poll_of_one_tenant_is_told_in_the_answer() {
    let function = Function::with(&["contoso"]).await;
    function.answers("contoso", refused("Refused."));
    assert_eq!(function.poll("contoso").await.unwrap().failed[0].message, "Refused.");
}

#[tokio::test]
async fn who_does_not_wait_gets_failures_in_the_report_and_whoever_cannot_be_polled_is_left_out() {
    let function = Function::with(&["contoso", "northwind"]).await;
    function.answers("northwind", refused("Refused."));
    let keys = ["northwind", "contoso", "nobody"].map(str::to_owned).to_vec();
    let report = handle(&function.deps, Event::Some(keys), in_seconds(60)).await.unwrap();
    assert_eq!((report.polled, report.failed.len()), (2, 1), "and the event is no dead letter");
    assert!(report.answer(false).is_ok());
    assert_eq!(function.store.revision().await.unwrap().last_tick, None, "this was no tick");
}

#[tokio::test]
async fn an_unknown_tenant_is_an_error_that_names_the_known_ones() {
    let function = Function::with(&["contoso", "fabrikam"]).await;
    let error = function.poll("northwind").await.unwrap_err();
    assert_eq!(error.kind(), "UnknownTenant");
    assert_eq!(error.to_string(), "There is no tenant `northwind`. There are: contoso, fabrikam.");
    assert!(function.poll("../contoso").await.is_err());
}

#[tokio::test]
async fn a_tenant_that_is_switched_off_is_not_polled_and_says_so() {
    let function = Function::with(&[]).await;
    function.profile("contoso", &json!({ "enabled": false }));
    assert_eq!(told(&function.tick().await), (0, 0, 0, 0));
    assert_eq!(function.poll("contoso").await.unwrap_err().kind(), "TenantDisabled");
    assert!(function.asked().is_empty());
}

#[tokio::test]
async fn a_tenant_being_polled_is_busy_and_not_polled_twice() {
    let function = Function::with(&["contoso"]).await;
    let permits = Arc::new(Semaphore::new(0));
    function.answers("contoso", Answer::Waits(Arc::clone(&permits)));
    let deps = Arc::clone(&function.deps);
    let under_way = tokio::spawn(async move { handle(&deps, Event::default(), in_seconds(60)).await });
    while function.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(function.poll("contoso").await.unwrap_err().kind(), "TenantBusy");
    assert_eq!(told(&function.tick().await), (0, 0, 0, 0));
    permits.add_permits(1);
    assert_eq!(told(&under_way.await.unwrap().unwrap()), (1, 1, 0, 0));
    assert!(function.asked().is_empty(), "nobody else asked");
}

#[tokio::test]
async fn a_fault_in_one_poll_is_that_tenants_failure() {
    let function = Function::with(&["contoso", "fabrikam"]).await;
    function.answers("contoso", Answer::Panic);
    let report = function.tick().await;
    assert_eq!(told(&report), (2, 1, 1, 0));
    assert_eq!(report.failed[0].kind, FailureKind::Internal);
}

#[tokio::test]
async fn a_poll_that_never_ends_is_ended_and_the_answer_comes_before_the_deadline() {
    let function = Function::with(&["contoso", "fabrikam"]).await;
    function.answers("contoso", Answer::Hangs);
    let deadline = in_seconds(11);
    let report = handle(&function.deps, Event::default(), deadline).await.unwrap();
    assert!(std::time::Instant::now() < deadline);
    assert_eq!(told(&report), (2, 1, 1, 0));
    assert_eq!(report.failed[0].kind, FailureKind::Timeout);
    assert_eq!(function.stock("fabrikam").await, [stock(1, 10, 3)]);
}

#[tokio::test]
async fn tenants_there_was_no_time_for_leave_the_tick_unfinished_and_are_polled_when_their_lease_is_over() {
    let function = Function::with(&[]).await;
    for number in 0..=IN_FLIGHT {
        let key = format!("tenant-{number:03}");
        function.profile(&key, &json!({}));
        function.answers(&key, Answer::Hangs);
    }
    let report = handle(&function.deps, Event::default(), in_seconds(11)).await.unwrap();
    assert!(report.skipped > 0 && report.polled + report.skipped == IN_FLIGHT + 1, "{:?}", told(&report));
    assert_eq!(function.store.revision().await.unwrap().last_tick, None);
    for number in 0..=IN_FLIGHT {
        function.answers(&format!("tenant-{number:03}"), Answer::Stock(vec![stock(1, 10, 3)]));
    }
    minutes_pass(1);
    assert_eq!(told(&function.tick().await), (report.skipped, report.skipped, 0, 0));
    assert!(function.store.revision().await.unwrap().last_tick.is_some());
}

#[tokio::test]
async fn too_little_time_is_an_error_and_makes_nobody_fail() {
    let function = Function::with(&["contoso"]).await;
    let error = handle(&function.deps, Event::default(), in_seconds(4)).await.unwrap_err();
    assert_eq!(error.kind(), "TooLate");
    assert!(function.asked().is_empty());
    assert_eq!(told(&function.tick().await), (1, 1, 0, 0));
}

#[tokio::test]
async fn tenants_known_to_fail_stand_at_the_end_of_the_line() {
    let function = Function::with(&["alpine", "contoso", "fabrikam"]).await;
    function.answers("alpine", refused("Refused."));
    function.tick().await;
    minutes_pass(5);
    function.asked();
    function.tick().await;
    assert_eq!(function.asked(), ["contoso", "fabrikam", "alpine"]);
}

#[tokio::test]
async fn a_folder_of_profiles_that_is_gone_removes_no_tenant() {
    let function = Function::with(&["contoso"]).await;
    function.tick().await;
    std::fs::rename(&function.profiles, function.profiles.with_extension("away")).unwrap();
    let error = handle(&function.deps, Event::default(), in_seconds(60)).await.unwrap_err();
    assert_eq!(error.kind(), "ProfilesUnreadable");
    assert!(error.to_string().contains("PROFILES_DIR"), "{error}");
    assert_eq!(function.store.snapshots().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_database_that_cannot_be_written_fails_the_invocation_with_the_reason() {
    let function = Function::with(&["contoso"]).await;
    let config =
        leitwarte_store::Config { database_url: function.database_url.clone(), read_only: true, max_connections: 1 };
    let reader = leitwarte_store::Store::open(&config).await.unwrap();
    let policy = leitwarte_core::poll::PollPolicy { interval: chrono::TimeDelta::minutes(5) };
    let deps =
        Deps::new(reader, function.script.clone(), function.profiles.clone(), policy, leitwarte_runtime::clock::now);
    let error = handle(&deps, Event::default(), in_seconds(60)).await.unwrap_err();
    assert_eq!(error.kind(), "StoreFailed");
    assert!(error.to_string().contains("readonly"), "{error}");
}

#[tokio::test]
async fn a_result_that_cannot_be_stored_does_not_take_the_others_with_it() {
    use sqlx::{AnyConnection, Connection};
    let function = Function::with(&["contoso", "fabrikam"]).await;
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&function.database_url).await.unwrap();
    sqlx::query(
        "CREATE TRIGGER poison BEFORE INSERT ON poll_runs WHEN NEW.tenant_key = 'contoso' \
         BEGIN SELECT RAISE(ABORT, 'poison'); END",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let error = handle(&function.deps, Event::default(), in_seconds(60)).await.unwrap_err();
    assert!(error.kind() == "StoreFailed" && error.to_string().contains("poison"), "{error}");
    assert!(function.stock("contoso").await.is_empty(), "nothing of it is stored");
    assert_eq!(function.stock("fabrikam").await, [stock(1, 10, 3)]);
    assert_eq!(function.store.revision().await.unwrap().last_tick, None, "the tick is not finished");
}
