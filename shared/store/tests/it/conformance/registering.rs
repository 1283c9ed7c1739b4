//! Profiles become tenants.

use leitwarte_core::profile::FoundProfile;
use serde_json::json;

use super::{Database, LEASE, POLICY, at, claim, profile, profile_with, record, register, stock, tenant_id};

pub async fn a_new_profile_is_a_tenant_without_numbers(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let snapshot = store.snapshot("contoso").await.unwrap().unwrap();
    assert_eq!((snapshot.polled_at, snapshot.failure, snapshot.stock), (None, None, vec![]));
    assert!(snapshot.enabled && snapshot.count_warning_units);
}

pub async fn a15_a_changed_name_renames_the_tenant_and_makes_no_second_one(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    let renamed = profile_with("contoso", &json!({ "tenant_name": "Contoso AG", "display_name": "C" }));
    store.register_profiles(vec![renamed], at(1)).await.unwrap();
    let snapshots = store.snapshots().await.unwrap();
    assert_eq!(snapshots.len(), 1);
    assert_eq!((snapshots[0].key.as_str(), snapshots[0].tenant_name.as_str()), ("contoso", "Contoso AG"));
    assert_eq!(snapshots[0].stock, [stock(1, 10, 3)]);
    assert_eq!(store.tenants().await.unwrap()[0].display_name.as_deref(), Some("C"));
}

pub async fn a_tenant_whose_profile_is_gone_is_not_shown_and_returns_with_it(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    register(store, &["fabrikam"]).await;
    assert_eq!(store.snapshot("contoso").await.unwrap(), None);
    assert_eq!(store.snapshots().await.unwrap().len(), 1);
    assert_eq!(store.tenants().await.unwrap().len(), 1);
    register(store, &["contoso", "fabrikam"]).await;
    assert_eq!(store.snapshot("contoso").await.unwrap().unwrap().stock, [stock(1, 10, 3)]);
}

pub async fn a_broken_profile_keeps_the_name_and_the_numbers(Database { store, .. }: &Database) {
    let renamed = profile_with("contoso", &json!({ "tenant_name": "Contoso AG" }));
    store.register_profiles(vec![renamed], at(0)).await.unwrap();
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    store.register_profiles(vec![FoundProfile::read("contoso", "{")], at(1)).await.unwrap();
    let snapshot = store.snapshot("contoso").await.unwrap().unwrap();
    assert_eq!((snapshot.tenant_name.as_str(), snapshot.stock.len()), ("Contoso AG", 1));
}

pub async fn a_broken_profile_of_a_new_tenant_is_a_tenant_too(Database { store, .. }: &Database) {
    store.register_profiles(vec![FoundProfile::read("contoso", "{")], at(0)).await.unwrap();
    let tenants = store.tenants().await.unwrap();
    assert_eq!((tenants[0].tenant_name.as_str(), tenants[0].tenant_id), ("contoso", None));
    assert_eq!(store.claim_due(&["contoso".to_owned()], &POLICY, at(0), LEASE).await.unwrap().len(), 1);
}

pub async fn a_changed_profile_is_polled_at_the_next_tick(Database { store, .. }: &Database) {
    let keys = ["contoso".to_owned()];
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    register(store, &["contoso"]).await;
    assert_eq!(store.claim_due(&keys, &POLICY, at(1), LEASE).await.unwrap(), [], "nothing has changed");
    let corrected = profile_with("contoso", &json!({ "client_id": tenant_id("another app") }));
    store.register_profiles(vec![corrected], at(1)).await.unwrap();
    assert_eq!(store.claim_due(&keys, &POLICY, at(1), LEASE).await.unwrap().len(), 1);
}

pub async fn another_customers_id_under_a_known_name_is_refused(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    let other = profile_with("contoso", &json!({ "tenant_id": tenant_id("fabrikam") }));
    let found = store.register_profiles(vec![other], at(1)).await.unwrap();
    let failure = found[0].profile.as_ref().unwrap_err();
    assert!(failure.message.contains(&tenant_id("contoso").to_string()), "{}", failure.message);
    assert_eq!(store.tenants().await.unwrap()[0].tenant_id, Some(tenant_id("contoso")));
}

pub async fn a_mistyped_id_that_never_worked_may_be_corrected(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Err(super::failure("No such tenant."))).await;
    let corrected = profile_with("contoso", &json!({ "tenant_id": tenant_id("corrected") }));
    let found = store.register_profiles(vec![corrected], at(1)).await.unwrap();
    assert!(found[0].profile.is_ok());
    assert_eq!(store.tenants().await.unwrap()[0].tenant_id, Some(tenant_id("corrected")));
}

pub async fn a_copied_profile_is_refused_and_the_original_goes_on(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let copy = profile_with("a-copy", &json!({ "tenant_id": tenant_id("contoso") }));
    for _ in 0..2 {
        let found = store.register_profiles(vec![copy.clone(), profile("contoso")], at(1)).await.unwrap();
        assert!(found[0].profile.is_err() && found[1].profile.is_ok(), "{found:?}");
    }
    assert!(claim(store, "contoso", 1).await.fence > 0);
}

/// A profile of its own customer under a given name.
fn named(key: &str, name: &str) -> FoundProfile {
    profile_with(key, &json!({ "tenant_name": name }))
}

pub async fn two_tenants_of_one_name_are_refused_and_the_first_seen_goes_on(Database { store, .. }: &Database) {
    store.register_profiles(vec![named("contoso", "Contoso AG")], at(0)).await.unwrap();
    for _ in 0..2 {
        let both = vec![named("a", " contoso ag "), named("contoso", "Contoso AG")];
        let found = store.register_profiles(both, at(1)).await.unwrap();
        let failure = found[0].profile.as_ref().unwrap_err();
        assert!(failure.message.starts_with("config-a-profile.json: `tenant_name`"), "{failure:?}");
        assert!(failure.message.contains("config-contoso-profile.json"), "{failure:?}");
        assert!(found[1].profile.is_ok(), "{found:?}");
    }
    let names: Vec<_> = store.tenants().await.unwrap().into_iter().map(|tenant| tenant.tenant_name).collect();
    assert_eq!(names, ["a", "Contoso AG"]);
}

pub async fn a_tenant_that_returns_to_find_its_name_taken_does_not_show_it(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    let other = named("other", "Contoso");
    store.register_profiles(vec![other.clone()], at(1)).await.unwrap();
    let found = store.register_profiles(vec![profile("contoso"), other], at(2)).await.unwrap();
    assert_eq!((found[0].profile.is_err(), found[1].profile.is_ok()), (true, true), "{found:?}");
    let names: Vec<_> = store.snapshots().await.unwrap().into_iter().map(|tenant| tenant.tenant_name).collect();
    assert_eq!(names, ["config-contoso-profile.json", "Contoso"]);
}

pub async fn a_name_is_free_when_its_tenant_is_gone_or_has_another(Database { store, .. }: &Database) {
    let all = async |found| {
        let found = store.register_profiles(found, at(1)).await.unwrap();
        assert!(found.iter().all(|entry| entry.profile.is_ok()), "{found:?}");
    };
    all(vec![named("a", "one"), named("b", "two")]).await;
    all(vec![named("a", "two"), named("b", "one")]).await;
    all(vec![named("c", "one")]).await;
}

pub async fn nothing_new_changes_no_revision(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let before = store.revision().await.unwrap();
    register(store, &["contoso"]).await;
    assert_eq!(store.revision().await.unwrap(), before);
    register(store, &[]).await;
    assert!(store.revision().await.unwrap().number > before.number);
}
