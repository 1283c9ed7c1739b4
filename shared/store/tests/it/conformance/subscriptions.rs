//! What tenants have bought.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_core::rules::{Definition, Scope};
use leitwarte_core::stock::{CapabilityStatus, StockState};
use leitwarte_core::subscription::{Known, Subscription, Then};
use leitwarte_core::threshold::Limit;
use leitwarte_store::{Store, SubscriptionsRead};
use uuid::Uuid;

use super::{Database, POLICY, at, claim, failure, record, register, stock};

fn subscription(id: u128, sku: u128, licences: i64, is_trial: bool) -> Subscription {
    Subscription {
        id: Uuid::from_u128(id),
        sku_id: Uuid::from_u128(sku),
        part_number: format!("PRODUCT_{sku}"),
        status: CapabilityStatus::Warning,
        licences,
        is_trial,
        created_at: None,
        next_lifecycle_at: Some(at(10 * 24 * 60)),
    }
}

async fn told(store: &Store, minutes: i64, found: Result<Vec<Subscription>, PollFailure>) {
    let read = SubscriptionsRead { key: "contoso".to_owned(), asked_at: at(minutes), found };
    store.record_subscriptions(&[read]).await.unwrap();
}

pub async fn subscriptions_are_kept_as_they_were_last_read(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let known = async || store.subscriptions("contoso").await.unwrap().unwrap();
    assert_eq!((known().await.reading.known(), known().await.subscriptions), (Known::NotYet, Vec::new()));
    told(store, 0, Ok(vec![subscription(1, 1, 25, false), subscription(2, 2, 5, true)])).await;
    told(store, 5, Ok(vec![subscription(3, 2, 5, true)])).await;
    told(store, 3, Ok(Vec::new())).await;
    let found = known().await;
    assert_eq!(found.subscriptions, [subscription(3, 2, 5, true)], "what was asked earlier does not count");
    assert_eq!((found.reading.asked_at, found.reading.read_at), (Some(at(5)), Some(at(5))));
    assert!(store.subscriptions("nobody").await.unwrap().is_none());
}

pub async fn a_failed_reading_keeps_what_was_read_and_says_why(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    told(store, 0, Ok(vec![subscription(1, 1, 25, false)])).await;
    let refused = PollFailure { kind: FailureKind::Permission, ..failure("No.") };
    told(store, 5, Err(refused.clone())).await;
    let found = store.subscriptions("contoso").await.unwrap().unwrap();
    assert_eq!((found.subscriptions.len(), found.reading.known()), (1, Known::NotPermitted));
    assert_eq!((found.reading.asked_at, found.reading.read_at), (Some(at(5)), Some(at(0))));
    assert_eq!(
        claim(store, "contoso", 6).await.subscriptions.failure,
        Some(refused),
        "a poll knows when it asked last"
    );
    assert_eq!(store.snapshot("contoso").await.unwrap().unwrap().failure, None, "the tenant itself is well");
    told(store, 10, Ok(Vec::new())).await;
    let found = store.subscriptions("contoso").await.unwrap().unwrap();
    assert_eq!((found.subscriptions.len(), found.reading.known()), (0, Known::Known));
}

pub async fn a_trial_is_shown_as_one_and_opens_no_incident(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    told(store, 0, Ok(vec![subscription(1, 1, 25, true), subscription(2, 2, 25, false)])).await;
    record(store, "contoso", 1, Ok(vec![stock(1, 10, 11), stock(2, 10, 11)])).await;
    let open: Vec<_> = store.incidents(0).await.unwrap().into_iter().map(|one| one.incident.sku_id).collect();
    assert_eq!(open, [Uuid::from_u128(2)]);
    let tenant = store.snapshot("contoso").await.unwrap().unwrap();
    assert_eq!(tenant.yardstick.trials, BTreeSet::from([Uuid::from_u128(1)]));
    let states: Vec<_> = tenant.rows(&POLICY, at(2)).iter().map(|row| row.state).collect();
    assert_eq!(states, [StockState::Short, StockState::Unmetered]);
    assert_eq!(store.snapshots().await.unwrap()[0].yardstick, tenant.yardstick);
}

pub async fn a_trial_that_nobody_could_confirm_for_a_week_is_told_of(Database { store, .. }: &Database) {
    const DAY: i64 = 24 * 60;
    register(store, &["contoso"]).await;
    told(store, 0, Ok(vec![subscription(1, 1, 25, true)])).await;
    let refused = || Err(PollFailure { kind: FailureKind::Permission, ..failure("No.") });
    for (day, open) in [(7, 0), (8, 1)] {
        told(store, day * DAY, refused()).await;
        record(store, "contoso", day * DAY + 1, Ok(vec![stock(1, 10, 11)])).await;
        assert_eq!(store.incidents(0).await.unwrap().len(), open, "after {day} days");
        let tenant = store.snapshot("contoso").await.unwrap().unwrap();
        assert_eq!(tenant.yardstick.trials.is_empty(), open == 1, "what is told is what is shown");
    }
    told(store, 9 * DAY, Ok(vec![subscription(1, 1, 25, true)])).await;
    record(store, "contoso", 9 * DAY + 1, Ok(vec![stock(1, 10, 11)])).await;
    assert_eq!(store.incidents(0).await.unwrap().len(), 0, "it is one after all");
}

pub async fn readers_judge_by_the_rules_that_were_set(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 100, 50)])).await;
    record(store, "fabrikam", 0, Ok(vec![stock(1, 100, 50)])).await;
    let scope = Scope { tenant: Some("contoso".to_owned()), sku: None };
    let rule = Definition { short_at: Some(Limit::Percent(60)), ..Definition::default() };
    let before = store.revision().await.unwrap().number;
    store.set_rule(&scope, &rule, None, super::by("ada"), at(1)).await.unwrap();
    assert!(store.revision().await.unwrap().number > before, "readers notice");
    let mut shown = Vec::new();
    for tenant in store.snapshots().await.unwrap() {
        assert_eq!(store.snapshot(&tenant.key).await.unwrap().unwrap(), tenant);
        shown.extend(tenant.rows(&POLICY, at(1)).into_iter().map(|row| (row.state, row.rule)));
    }
    assert_eq!(shown, [(StockState::Short, Some(rule)), (StockState::Fine, None)]);
}

pub async fn a_forecast_says_what_ends_unless_renewed(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 0, 0), stock(2, 10, 3)])).await;
    told(store, 1, Ok(vec![subscription(1, 2, 9, false)])).await;
    let outlook = store.outlook("contoso", &POLICY, at(2)).await.unwrap().unwrap();
    let product = outlook.products.iter().find(|product| product.stock.sku_id == Uuid::from_u128(2)).unwrap();
    let renewal = product.renewals[0];
    assert_eq!((renewal.ending.on, renewal.ending.licences), ((at(0) + TimeDelta::days(10)).date_naive(), 9));
    assert_eq!((renewal.ending.then, renewal.free_units_then), (Then::Unusable, -1), "8 are free, 9 end");
    assert!(product.needs_somebody(outlook.today));
    let json = outlook.to_json();
    assert_eq!(json["subscriptions"]["known"], "known");
    let words = json["products"].as_array().unwrap().iter().map(|one| one["words"].as_str().unwrap());
    assert!(words.into_iter().any(|words| words.contains("unless renewed; then 1 is missing")), "{json}");
}
