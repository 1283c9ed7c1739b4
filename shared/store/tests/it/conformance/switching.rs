//! The switches people set.

use leitwarte_core::sharepoint::plan::Switches;
use leitwarte_store::{SwitchWish, Switched};
use serde_json::json;

use super::{Database, at, by, register};

const OFF: SwitchWish = SwitchWish { enabled: None, monitoring: Some(false) };

pub async fn a_switch_is_set_with_its_author_and_stands_in_the_audit_log(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam"]).await;
    let before = store.revision().await.unwrap().number;
    let done = store.switch_tenant("contoso", Some(1), OFF, by("ada"), at(3)).await.unwrap();
    let Switched::Done(after) = done else { panic!("{done:?}") };
    assert_eq!((after.enabled, after.monitoring, after.version), (true, false, 2));
    assert_eq!((after.switched_at, after.switched_by.as_str()), (Some(at(3)), "ada"));
    assert_eq!(store.switches_of("contoso").await.unwrap(), Some(after), "the answer is what is stored");
    assert!(store.switches_of("fabrikam").await.unwrap().unwrap().monitoring);
    assert_eq!(store.revision().await.unwrap().number, before + 1);
    let log = store.audit_log(None, Some("contoso"), 10).await.unwrap();
    assert_eq!((log.len(), log[0].action.as_str(), log[0].at), (1, "tenant-switched", at(3)));
    assert_eq!(log[0].detail["after"], json!({ "enabled": true, "monitoring": false }));
}

pub async fn nobody_overwrites_a_switch_they_have_not_seen(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    store.switch_tenant("contoso", Some(1), OFF, by("ada"), at(1)).await.unwrap();
    let wish = SwitchWish { enabled: Some(false), monitoring: None };
    let late = store.switch_tenant("contoso", Some(1), wish, by("bob"), at(2)).await.unwrap();
    let Switched::Changed(now) = late else { panic!("{late:?}") };
    assert_eq!((now.enabled, now.version, now.switched_by.as_str()), (true, 2, "ada"));
    assert_eq!(store.audit_log(None, None, 10).await.unwrap().len(), 1, "what was not done is not told");
    assert_eq!(store.switch_tenant("nobody", None, wish, by("bob"), at(2)).await.unwrap(), Switched::Unknown);
}

pub async fn what_the_tenantliste_says_is_a_new_version_of_nobody(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    store.switch_tenant("contoso", None, OFF, by("ada"), at(1)).await.unwrap();
    let list = [Switches { key: "contoso".to_owned(), enabled: true, monitoring: true }];
    store.set_switches(&list).await.unwrap();
    let now = store.switches_of("contoso").await.unwrap().unwrap();
    assert_eq!((now.monitoring, now.version, now.switched_at, now.switched_by.as_str()), (true, 3, None, ""));
}

pub async fn a_switch_that_is_set_already_changes_nothing(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let wish = SwitchWish { enabled: Some(true), monitoring: Some(true) };
    let done = store.switch_tenant("contoso", Some(1), wish, by("ada"), at(1)).await.unwrap();
    assert!(matches!(done, Switched::Done(same) if same.version == 1));
    assert!(store.audit_log(None, None, 10).await.unwrap().is_empty());
}
