//! What tenants have bought is asked beside their polls, and never costs a poll.

use crate::support::{Answer, Bought, Function, minutes_pass, refused, stock};
use leitwarte_core::poll::{FailureKind, PollFailure, PollPolicy};
use leitwarte_core::stock::{CapabilityStatus, StockState};
use leitwarte_core::subscription::{Known, Subscription};
use uuid::Uuid;

fn trial(sku: u128) -> Subscription {
    Subscription {
        id: Uuid::from_u128(sku + 100),
        sku_id: Uuid::from_u128(sku),
        part_number: format!("PRODUCT_{sku}"),
        status: CapabilityStatus::Enabled,
        licences: 10,
        is_trial: true,
        created_at: None,
        next_lifecycle_at: None,
    }
}

fn failure(kind: FailureKind) -> Bought {
    Bought::Failure(PollFailure { kind, message: "It went wrong.".to_owned(), fix: "Do something.".to_owned() })
}

async fn known(function: &Function) -> Known {
    function.store.subscriptions("contoso").await.unwrap().unwrap().reading.known()
}

#[tokio::test]
async fn a_tenant_is_asked_after_its_first_poll_and_then_every_six_hours() {
    let function = Function::with(&["contoso"]).await;
    function.has_bought("contoso", Bought::Listed(vec![trial(1)]));
    function.tick().await;
    assert_eq!(function.asked_for_subscriptions(), ["contoso"]);
    let found = function.store.subscriptions("contoso").await.unwrap().unwrap();
    assert_eq!((found.subscriptions, found.reading.known()), (vec![trial(1)], Known::Known));
    for _ in 0..71 {
        minutes_pass(5);
        assert_eq!(function.tick().await.polled, 1);
    }
    assert!(function.asked_for_subscriptions().is_empty());
    minutes_pass(5);
    function.tick().await;
    assert_eq!(function.asked_for_subscriptions(), ["contoso"]);
}

#[tokio::test]
async fn a_missing_permission_is_remembered_and_is_no_failure() {
    let function = Function::with(&["contoso"]).await;
    function.has_bought("contoso", failure(FailureKind::Permission));
    let report = function.tick().await;
    assert_eq!((report.polled, report.failed.len()), (1, 0));
    assert_eq!((function.failure("contoso").await, known(&function).await), (None, Known::NotPermitted));
    minutes_pass(5);
    function.tick().await;
    assert_eq!(function.asked_for_subscriptions(), ["contoso"], "once, and not at every poll");
    // Granted meanwhile: who polls by hand sees it at once.
    function.has_bought("contoso", Bought::Listed(Vec::new()));
    function.poll("contoso").await.unwrap();
    assert_eq!(known(&function).await, Known::Known);
}

#[tokio::test]
async fn whatever_goes_wrong_the_stock_is_stored_and_what_was_known_stays() {
    let function = Function::with(&["contoso"]).await;
    function.has_bought("contoso", Bought::Listed(vec![trial(1)]));
    function.tick().await;
    for (answer, expected) in [(failure(FailureKind::Timeout), Known::Failed), (Bought::Panic, Known::Failed)] {
        function.has_bought("contoso", answer);
        minutes_pass(6 * 60);
        let report = function.tick().await;
        assert_eq!((report.polled, report.failed.len(), report.skipped), (1, 0, 0));
        let found = function.store.subscriptions("contoso").await.unwrap().unwrap();
        assert_eq!((found.reading.known(), found.subscriptions), (expected, vec![trial(1)]));
    }
    assert_eq!(function.failure("contoso").await, None);
}

#[tokio::test]
async fn a_tenant_whose_poll_fails_is_not_asked() {
    let function = Function::with(&["contoso"]).await;
    function.answers("contoso", refused("Entra refused the sign-in."));
    function.tick().await;
    assert!(function.asked_for_subscriptions().is_empty());
}

#[tokio::test]
async fn a_trial_that_runs_out_is_shown_and_not_told() {
    let function = Function::with(&["contoso"]).await;
    function.has_bought("contoso", Bought::Listed(vec![trial(1)]));
    function.tick().await;
    function.answers("contoso", Answer::Stock(vec![stock(1, 10, 10), stock(2, 10, 10)]));
    minutes_pass(5);
    assert_eq!(function.tick().await.opened, 1);
    let open = function.store.incidents(0).await.unwrap();
    assert_eq!(open.iter().map(|one| one.incident.sku_id).collect::<Vec<_>>(), [Uuid::from_u128(2)]);
    let tenant = function.store.snapshot("contoso").await.unwrap().unwrap();
    let rows = tenant.rows(&PollPolicy { interval: leitwarte_core::TimeDelta::days(1) }, tenant.polled_at.unwrap());
    let shown: Vec<_> = rows.iter().map(|row| (row.state, row.trial)).collect();
    assert_eq!(shown, [(StockState::Short, false), (StockState::Unmetered, true)]);
}
