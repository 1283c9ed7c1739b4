//! Every change is kept, and nothing else.

use chrono::{DateTime, TimeDelta};
use leitwarte_core::change::StockChange;
use leitwarte_core::series::{LONGEST, Series};
use leitwarte_store::{HistoryEntry, PastPoll, Recorded, Store};
use uuid::Uuid;

use super::{Database, POLICY, at, record, register, stock};

async fn history(store: &Store) -> Vec<HistoryEntry> {
    store.history("contoso", None, DateTime::UNIX_EPOCH).await.unwrap()
}

pub async fn an_unchanged_poll_leaves_no_history(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3), stock(2, 5, 5)])).await;
    let before = history(store).await;
    let again = record(store, "contoso", 5, Ok(vec![stock(2, 5, 5), stock(1, 10, 3)])).await;
    assert_eq!(again, Recorded::Stored { changes: 0, opened: 0, closed: 0 });
    assert_eq!(history(store).await, before);
}

pub async fn a_change_is_kept_with_the_numbers_before_and_after(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    record(store, "contoso", 5, Ok(vec![stock(1, 12, 13)])).await;
    let history = history(store).await;
    let sku_id = Uuid::from_u128(1);
    let told: Vec<_> = history.into_iter().map(|entry| (entry.at, entry.poll, entry.change)).collect();
    let appeared = StockChange { sku_id, before: None, after: Some(stock(1, 10, 3)) };
    let moved = StockChange { sku_id, before: Some(stock(1, 10, 3)), after: Some(stock(1, 12, 13)) };
    assert_eq!(told, [(at(0), 1, appeared), (at(5), 2, moved)]);
}

pub async fn a_product_that_disappears_ends_in_the_history_and_leaves_the_stock(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3), stock(2, 5, 5)])).await;
    record(store, "contoso", 5, Ok(vec![stock(1, 10, 3)])).await;
    let last = history(store).await.pop().unwrap();
    assert_eq!((last.change.before, last.change.after), (Some(stock(2, 5, 5)), None));
    assert_eq!(store.snapshot("contoso").await.unwrap().unwrap().stock, [stock(1, 10, 3)]);
}

pub async fn history_is_cut_by_time_and_by_product(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam"]).await;
    record(store, "fabrikam", 0, Ok(vec![stock(1, 7, 7)])).await;
    for minutes in [0, 5, 10] {
        record(store, "contoso", minutes, Ok(vec![stock(1, minutes, 0), stock(2, 100 + minutes, 0)])).await;
    }
    assert_eq!(history(store).await.len(), 6);
    assert_eq!(store.history("contoso", None, at(5)).await.unwrap().len(), 4);
    let one = store.history("contoso", Some(Uuid::from_u128(2)), at(5)).await.unwrap();
    let enabled: Vec<_> = one.iter().map(|entry| entry.change.after.as_ref().unwrap().enabled).collect();
    assert_eq!(enabled, [105, 110]);
    assert_eq!(store.history("nobody", None, at(0)).await.unwrap(), []);
}

pub async fn a_removed_tenants_history_stays(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    register(store, &[]).await;
    assert_eq!(history(store).await.len(), 1);
}

pub async fn the_history_of_a_tenant_is_drawn_as_steps_of_each_product(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3), stock(2, 5, 5)])).await;
    record(store, "contoso", 120, Ok(vec![stock(1, 10, 4), stock(2, 5, 5)])).await;
    let drawn = store.stock_history("contoso", at(60), at(130)).await.unwrap().unwrap();
    assert_eq!((drawn.since, drawn.until), (at(60), at(120)), "of the time after the last poll nobody knows");
    let points = |series: &Series| {
        series.points.iter().map(|point| (point.at, point.numbers.map(|one| one.free))).collect::<Vec<_>>()
    };
    let shown: Vec<_> = drawn.products.iter().map(points).collect();
    assert_eq!(shown, [vec![(at(60), Some(8)), (at(120), Some(7))], vec![(at(60), Some(1))]]);
    let longest = store.stock_history("contoso", at(-1_000_000), at(130)).await.unwrap().unwrap();
    assert_eq!(longest.since, at(130) - LONGEST);
    assert_eq!(store.stock_history("nobody", at(60), at(130)).await.unwrap(), None);
}

fn past(days: i64) -> Vec<PastPoll> {
    let day = |day: i64| PastPoll { at: at(0) - TimeDelta::days(days - day), stock: vec![stock(1, 100, day / 2)] };
    (0..days).map(day).collect()
}

pub async fn a_demo_tenant_gets_a_past_once(Database { store, .. }: &Database) {
    assert!(!store.seed_history("contoso", &past(90)).await.unwrap(), "it has to be registered first");
    register(store, &["contoso"]).await;
    assert!(!store.seed_history("contoso", &[]).await.unwrap());
    assert!(store.seed_history("contoso", &past(90)).await.unwrap());
    assert_eq!(history(store).await.len(), 45);
    assert!(!store.seed_history("contoso", &past(90)).await.unwrap());
    assert_eq!(history(store).await.len(), 45);
    let snapshot = store.snapshot("contoso").await.unwrap().unwrap();
    assert_eq!(snapshot.stock, [stock(1, 100, 44)]);
    assert_eq!(snapshot.polled_at, Some(at(0) - TimeDelta::days(1)));
}

pub async fn the_past_of_a_demo_tenant_goes_on_with_its_first_poll(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    store.seed_history("contoso", &past(90)).await.unwrap();
    let due = store.claim_due(&["contoso".to_owned()], &POLICY, at(0), TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(due.len(), 1, "a tenant with a past is due at once");
    let first = super::result(&due[0], 0, Ok(vec![stock(1, 100, 50)]));
    store.record_polls(&[first]).await.unwrap();
    let last = history(store).await.pop().unwrap();
    assert_eq!(last.change.before, Some(stock(1, 100, 44)));
}
