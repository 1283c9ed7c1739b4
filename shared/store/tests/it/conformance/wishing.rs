//! Polls people ask for.

use chrono::TimeDelta;
use leitwarte_store::{AllProgress, PollWished, SwitchWish};

use super::{Database, at, by, claim, failure, record, register, result, stock};

pub async fn a_second_click_starts_no_second_poll(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 1)])).await;
    assert_eq!(store.wish_poll("contoso", by("ada"), at(1)).await.unwrap(), PollWished::New { after: 1 });
    assert_eq!(store.wish_poll("contoso", by("bob"), at(2)).await.unwrap(), PollWished::Already { after: 1 });
    let progress = store.poll_progress("contoso", at(2)).await.unwrap().unwrap();
    assert_eq!((progress.poll, progress.running), (1, false), "it has not begun");
    record(store, "contoso", 3, Err(failure("Refused."))).await;
    let progress = store.poll_progress("contoso", at(3)).await.unwrap().unwrap();
    assert_eq!(
        (progress.poll, progress.failure, progress.last_success_at),
        (2, Some(failure("Refused.")), Some(at(0)))
    );
    let again = store.wish_poll("contoso", by("ada"), at(4)).await.unwrap();
    assert_eq!(again, PollWished::New { after: 2 }, "the wish before was fulfilled");
    let log = store.audit_log(None, Some("contoso"), 10).await.unwrap();
    assert_eq!(log.len(), 2, "as many entries as polls that were started");
}

pub async fn a_wish_during_a_poll_is_fulfilled_by_that_poll(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let claim = claim(store, "contoso", 0).await;
    assert_eq!(store.wish_poll("contoso", by("ada"), at(0)).await.unwrap(), PollWished::Already { after: 0 });
    assert!(store.poll_progress("contoso", at(0)).await.unwrap().unwrap().running);
    store.record_polls(&[result(&claim, 0, Ok(vec![]))]).await.unwrap();
    let progress = store.poll_progress("contoso", at(0)).await.unwrap().unwrap();
    assert_eq!((progress.poll, progress.running), (1, false));
}

pub async fn a_wish_that_was_not_heard_can_be_repeated(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let wish = async |minutes| store.wish_poll("contoso", by("ada"), at(minutes)).await.unwrap();
    assert_eq!(wish(0).await, PollWished::New { after: 0 });
    store.withdraw_poll_wish("contoso").await.unwrap();
    assert_eq!(wish(1).await, PollWished::New { after: 0 }, "it could not be started");
    assert_eq!(wish(5).await, PollWished::Already { after: 0 });
    assert_eq!(wish(6).await, PollWished::New { after: 0 }, "five minutes are enough");
    assert_eq!(wish(-60).await, PollWished::New { after: 0 }, "one from before the clock was set back binds nobody");
}

pub async fn a_wish_for_all_is_one_until_all_are_polled(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam", "tailspin"]).await;
    let off = SwitchWish { enabled: Some(false), monitoring: None };
    store.switch_tenant("tailspin", None, off, by("ada"), at(0)).await.unwrap();
    record(store, "contoso", 0, Ok(vec![])).await;
    let first = store.wish_poll_of_all(by("ada"), at(1)).await.unwrap();
    assert_eq!((first.since, first.already), (at(1), false));
    record(store, "contoso", 2, Err(failure("Refused."))).await;
    assert_eq!(store.polls_since(at(1)).await.unwrap(), AllProgress { tenants: 2, done: 1, failed: 1 });
    let second = store.wish_poll_of_all(by("bob"), at(2)).await.unwrap();
    assert_eq!((second.since, second.already), (at(1), true));
    record(store, "fabrikam", 2, Ok(vec![])).await;
    assert_eq!(store.polls_since(at(1)).await.unwrap(), AllProgress { tenants: 2, done: 2, failed: 1 });
    let third = store.wish_poll_of_all(by("bob"), at(2) + TimeDelta::seconds(1)).await.unwrap();
    assert!(!third.already);
}

pub async fn a_tenant_that_is_off_or_unknown_is_not_polled(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let off = SwitchWish { enabled: Some(false), monitoring: None };
    store.switch_tenant("contoso", None, off, by("ada"), at(0)).await.unwrap();
    assert_eq!(store.wish_poll("contoso", by("ada"), at(1)).await.unwrap(), PollWished::Disabled);
    assert_eq!(store.wish_poll("nobody", by("ada"), at(1)).await.unwrap(), PollWished::Unknown);
    assert_eq!(store.poll_progress("nobody", at(1)).await.unwrap(), None);
}
