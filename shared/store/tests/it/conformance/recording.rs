//! Polls are recorded whole, or not at all.

use chrono::TimeDelta;
use leitwarte_core::retention::Retention;
use leitwarte_core::stock::LicenceStock;
use leitwarte_store::Recorded;

use super::{Database, at, claim, failure, record, register, result, stock};

pub async fn a_recorded_poll_is_the_tenants_stock(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let recorded = record(store, "contoso", 0, Ok(vec![stock(2, 5, 5), stock(1, 10, 3)])).await;
    assert_eq!(recorded, Recorded::Stored { changes: 2, opened: 0, closed: 0 });
    let snapshot = store.snapshot("contoso").await.unwrap().unwrap();
    assert_eq!(snapshot.polled_at, Some(at(0)), "its age counts from the start of the poll");
    assert_eq!(snapshot.stock, [stock(1, 10, 3), stock(2, 5, 5)]);
}

pub async fn over_assigned_numbers_stay_signed(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 14)])).await;
    let stored = store.snapshot("contoso").await.unwrap().unwrap().stock;
    assert_eq!(stored[0].free(false), -4);
    let history = store.history("contoso", None, at(0)).await.unwrap();
    assert_eq!(history[0].change.after.as_ref().unwrap().free(false), -4);
}

pub async fn the_result_of_a_worker_that_lost_its_lease_is_dropped(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let slow = claim(store, "contoso", 0).await;
    let quick = claim(store, "contoso", 5).await;
    let late = result(&slow, 0, Ok(vec![stock(1, 99, 99)]));
    assert_eq!(store.record_polls(std::slice::from_ref(&late)).await.unwrap(), [Recorded::Superseded]);
    let results = [result(&quick, 5, Ok(vec![stock(1, 10, 3)])), late];
    let recorded = store.record_polls(&results).await.unwrap();
    assert_eq!(recorded, [Recorded::Stored { changes: 1, opened: 0, closed: 0 }, Recorded::Superseded]);
    assert_eq!(store.snapshot("contoso").await.unwrap().unwrap().stock, [stock(1, 10, 3)]);
    assert_eq!(store.recent_polls("contoso", 9).await.unwrap().len(), 1);
}

pub async fn a_result_sent_twice_is_stored_once(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam"]).await;
    let good = result(&claim(store, "contoso", 0).await, 0, Ok(vec![stock(1, 10, 3)]));
    let bad = result(&claim(store, "fabrikam", 0).await, 0, Err(failure("Refused.")));
    for expected in [
        [Recorded::Stored { changes: 1, opened: 0, closed: 0 }, Recorded::Stored { changes: 0, opened: 0, closed: 0 }],
        [Recorded::Superseded; 2],
    ] {
        assert_eq!(store.record_polls(&[good.clone(), bad.clone()]).await.unwrap(), expected);
    }
    assert_eq!(store.tenants().await.unwrap()[1].consecutive_failures, 1);
}

pub async fn a_late_result_counts_if_nobody_else_has_begun(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let slow = claim(store, "contoso", 0).await;
    let recorded = store.record_polls(&[result(&slow, 30, Ok(vec![stock(1, 10, 3)]))]).await.unwrap();
    assert_eq!(recorded, [Recorded::Stored { changes: 1, opened: 0, closed: 0 }]);
}

pub async fn a_failed_poll_keeps_the_last_numbers_and_says_why(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    record(store, "contoso", 5, Err(failure("Refused."))).await;
    let snapshot = store.snapshot("contoso").await.unwrap().unwrap();
    assert_eq!(snapshot.stock, [stock(1, 10, 3)]);
    assert_eq!((snapshot.polled_at, snapshot.failure), (Some(at(0)), Some(failure("Refused."))));
}

pub async fn a_failure_is_over_with_the_next_good_poll(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    for minutes in [0, 5] {
        record(store, "contoso", minutes, Err(failure("Refused."))).await;
    }
    let failing = store.tenants().await.unwrap().remove(0);
    assert_eq!((failing.failing_since, failing.consecutive_failures), (Some(at(0)), 2));
    record(store, "contoso", 10, Ok(vec![stock(1, 10, 3)])).await;
    let good = store.tenants().await.unwrap().remove(0);
    assert_eq!((good.failing_since, good.consecutive_failures, good.failure), (None, 0, None));
    assert_eq!((good.last_attempt_at, good.last_success_at), (Some(at(10)), Some(at(10))));
}

pub async fn many_polls_are_recorded_together_and_answered_in_order(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam", "northwind"]).await;
    let results = [
        result(&claim(store, "northwind", 0).await, 0, Ok(vec![stock(1, 1, 1), stock(2, 2, 2)])),
        result(&claim(store, "contoso", 0).await, 0, Err(failure("Refused."))),
        result(&claim(store, "fabrikam", 0).await, 0, Ok(vec![stock(3, 3, 3)])),
    ];
    let before = store.revision().await.unwrap().number;
    let recorded = store.record_polls(&results).await.unwrap();
    assert_eq!(recorded, [2, 0, 1].map(|changes| Recorded::Stored { changes, opened: 0, closed: 0 }));
    assert_eq!(store.revision().await.unwrap().number, before + 1);
}

pub async fn every_poll_is_kept_with_its_outcome(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    record(store, "contoso", 5, Err(failure("Refused."))).await;
    record(store, "contoso", 10, Ok(vec![stock(1, 10, 3)])).await;
    let runs = store.recent_polls("contoso", 9).await.unwrap();
    let told: Vec<_> = runs.iter().map(|run| (run.started_at, run.skus, run.changes, run.failure.is_some())).collect();
    assert_eq!(told, [(at(10), 1, 0, false), (at(5), 0, 0, true), (at(0), 1, 1, false)]);
    assert_eq!((runs[0].requests, runs[0].retries), (2, 1));
    assert_eq!(runs[0].finished_at - runs[0].started_at, TimeDelta::seconds(1));
    assert_eq!(store.recent_polls("contoso", 1).await.unwrap(), runs[..1]);
}

pub async fn uneventful_polls_are_forgotten_after_a_day_and_others_after_a_month(database: &Database) {
    const DAY: i64 = 24 * 60;
    let store = &database.store;
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    record(store, "contoso", 5, Err(failure("Refused."))).await;
    record(store, "contoso", 10, Ok(vec![stock(1, 10, 3)])).await;
    let kept = async |minutes| {
        store.forget_older(&Retention::default(), at(minutes)).await.unwrap();
        let runs = store.recent_polls("contoso", 9).await.unwrap();
        runs.iter().map(|run| run.started_at).collect::<Vec<_>>()
    };
    assert_eq!(kept(10 + DAY).await, [at(10), at(5), at(0)]);
    assert_eq!(kept(11 + DAY).await, [at(5), at(0)]);
    assert_eq!(kept(30 * DAY).await, [at(5), at(0)]);
    assert_eq!(kept(1 + 30 * DAY).await, [at(5)]);
    assert!(kept(6 + 30 * DAY).await.is_empty());
    assert_eq!(store.history("contoso", None, at(0)).await.unwrap().len(), 1, "the history stays");
}

pub async fn a_finished_tick_is_remembered(Database { store, .. }: &Database) {
    assert_eq!(store.revision().await.unwrap().last_tick, None);
    for minutes in [1, 2] {
        store.finish_tick(at(minutes)).await.unwrap();
        assert_eq!(store.revision().await.unwrap().last_tick, Some(at(minutes)));
    }
}

pub async fn what_readers_show_raises_the_revision(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let mut last = store.revision().await.unwrap().number;
    for (minutes, outcome) in [(0, Ok(vec![stock(1, 10, 3)])), (5, Ok(vec![stock(1, 10, 3)])), (10, Err(failure("!")))]
    {
        let claimed = claim(store, "contoso", minutes).await;
        assert_eq!(store.revision().await.unwrap().number, last, "a claim is not shown");
        store.record_polls(&[result(&claimed, minutes, outcome)]).await.unwrap();
        let now = store.revision().await.unwrap().number;
        assert!(now > last, "the time of the poll is shown, so even an unchanged one counts");
        last = now;
    }
}

pub async fn hostile_part_numbers_come_back_without_their_control_characters(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let hostile = |part_number: &str| LicenceStock { part_number: part_number.to_owned(), ..stock(1, 10, 3) };
    let first = "A\u{1f}B\u{1e}C'); DROP TABLE stock; --\u{202e}\n<b>ü";
    record(store, "contoso", 0, Ok(vec![hostile(first)])).await;
    let stored = store.snapshot("contoso").await.unwrap().unwrap().stock;
    assert_eq!(stored, [hostile("ABC'); DROP TABLE stock; --\u{202e}<b>ü")]);
    let again = record(store, "contoso", 5, Ok(vec![hostile(first)])).await;
    assert_eq!(again, Recorded::Stored { changes: 0, opened: 0, closed: 0 });
}

pub async fn a_product_listed_twice_is_stored_once(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3), stock(1, 10, 4)])).await;
    assert_eq!(store.snapshot("contoso").await.unwrap().unwrap().stock, [stock(1, 10, 4)]);
}

pub async fn the_largest_numbers_are_kept(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let largest = LicenceStock { warning: i64::MIN, suspended: -1, ..stock(1, i64::MAX, i64::MAX) };
    record(store, "contoso", 0, Ok(vec![largest.clone()])).await;
    assert_eq!(store.snapshot("contoso").await.unwrap().unwrap().stock, [largest]);
}
