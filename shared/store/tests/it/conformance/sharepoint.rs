//! What is remembered of the SharePoint lists.

use chrono::TimeDelta;
use leitwarte_core::sharepoint::plan::{Known, Switches};
use uuid::Uuid;

use super::{Database, at, failure, register};

pub async fn one_holder_at_a_time_has_a_lease(Database { store, .. }: &Database) {
    let take = async |holder: &str, minutes| {
        store.take_lease("sync", holder, at(minutes), TimeDelta::minutes(5)).await.unwrap()
    };
    assert!(take("one", 0).await);
    assert!(!take("other", 1).await);
    assert!(take("one", 2).await, "its own it may take again");
    assert!(!take("other", 6).await);
    assert!(take("other", 7).await, "when it is over");
    store.release_lease("sync", "one").await.unwrap();
    assert!(!take("one", 8).await, "only the holder can give it back");
    store.release_lease("sync", "other").await.unwrap();
    assert!(take("one", 8).await);
    assert!(take("other", -60).await, "one from before the clock was set back binds nobody");
}

pub async fn rows_are_remembered_as_they_change(Database { store, .. }: &Database) {
    let sku = Uuid::from_u128;
    let mut before = Known::default();
    assert_eq!(store.known_rows("intranet").await.unwrap(), before);
    let mut after = Known::default();
    after.tenants.insert("contoso".to_owned(), "1".to_owned());
    for number in 1..4 {
        after.licences.insert(("contoso".to_owned(), sku(number)), number.to_string());
    }
    store.remember_rows("intranet", &before, &after).await.unwrap();
    assert_eq!(store.known_rows("intranet").await.unwrap(), after);
    before = after.clone();
    after.licences.remove(&("contoso".to_owned(), sku(1)));
    after.licences.insert(("contoso".to_owned(), sku(2)), "9".to_owned());
    after.tenants.clear();
    store.remember_rows("intranet", &before, &after).await.unwrap();
    assert_eq!(store.known_rows("intranet").await.unwrap(), after);
    assert_eq!(store.known_rows("elsewhere").await.unwrap(), Known::default());
}

pub async fn switches_are_taken_over_and_readers_notice(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam"]).await;
    let off = [Switches { key: "contoso".to_owned(), enabled: false, monitoring: false }];
    let before = store.revision().await.unwrap().number;
    assert_eq!(store.set_switches(&off).await.unwrap(), 1);
    assert_eq!(store.revision().await.unwrap().number, before + 1);
    assert_eq!(store.set_switches(&off).await.unwrap(), 0);
    assert_eq!(store.revision().await.unwrap().number, before + 1, "nothing new");
    let tenants = store.tenants().await.unwrap();
    assert_eq!((tenants[0].enabled, tenants[0].profile_enabled, tenants[0].monitoring), (false, true, false));
    assert_eq!((tenants[1].enabled, tenants[1].monitoring), (true, true));
}

pub async fn how_a_sync_went_is_told_with_its_last_success(Database { store, .. }: &Database) {
    let record = async |minutes, outcome: Option<&str>| {
        let outcome = outcome.map(failure);
        store.record_sync("intranet", at(minutes), 2, outcome.as_ref()).await.unwrap()
    };
    assert_eq!(record(0, None).await, None);
    assert_eq!(record(5, Some("Refused.")).await, None);
    assert_eq!(record(10, Some("Still refused.")).await, Some(failure("Refused.")), "how the one before went");
    let sync = &store.syncs().await.unwrap()[0];
    assert_eq!((sync.last_success_at, sync.failing_since), (Some(at(0)), Some(at(5))));
    assert_eq!((sync.failure.clone(), sync.doubled_rows), (Some(failure("Still refused.")), 2));
    assert_eq!(record(15, None).await, Some(failure("Still refused.")));
    let sync = &store.syncs().await.unwrap()[0];
    assert_eq!((sync.last_success_at, sync.failing_since, sync.failure.clone()), (Some(at(15)), None, None));
}
