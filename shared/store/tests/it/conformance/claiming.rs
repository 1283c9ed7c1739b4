//! One poll per tenant at a time.

use std::collections::HashSet;

use chrono::TimeDelta;
use leitwarte_store::{ClaimOne, Recorded};
use serde_json::json;

use super::{Database, LEASE, POLICY, at, claim, failure, profile_with, record, register, result, stock};

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

pub async fn what_is_claimed_is_not_claimed_again_while_the_lease_lasts(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam"]).await;
    let all = keys(&["contoso", "fabrikam"]);
    assert_eq!(store.claim_due(&all, &POLICY, at(0), LEASE).await.unwrap().len(), 2);
    assert_eq!(store.claim_due(&all, &POLICY, at(0), LEASE).await.unwrap(), []);
}

pub async fn of_two_programs_that_claim_at_once_one_wins_each_tenant(database: &Database) {
    let names: Vec<String> = (0..40).map(|number| format!("tenant-{number:02}")).collect();
    let found = names.iter().map(|key| super::profile(key)).collect();
    database.store.register_profiles(found, at(0)).await.unwrap();
    let programs = [database.other_program().await, database.other_program().await];
    let mut tasks = tokio::task::JoinSet::new();
    for store in programs {
        for chunk in names.chunks(10).map(<[String]>::to_vec) {
            let store = store.clone();
            tasks.spawn(async move { store.claim_due(&chunk, &POLICY, at(0), LEASE).await.unwrap() });
        }
    }
    let claims: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    let distinct: HashSet<&str> = claims.iter().map(|claim| claim.key.as_str()).collect();
    assert_eq!((claims.len(), distinct.len()), (40, 40));
}

pub async fn the_lease_of_a_worker_that_died_runs_out(database: &Database) {
    let store = &database.store;
    register(store, &["contoso"]).await;
    let dead = claim(store, "contoso", 0).await;
    let other = database.other_program().await;
    assert_eq!(other.claim_due(&keys(&["contoso"]), &POLICY, at(0), LEASE).await.unwrap(), []);
    let after = at(0) + LEASE;
    let claims = other.claim_due(&keys(&["contoso"]), &POLICY, after, LEASE).await.unwrap();
    assert_eq!(claims[0].fence, dead.fence + 1);
}

pub async fn a_poll_without_a_result_is_made_up_for_when_its_lease_is_over(Database { store, .. }: &Database) {
    let contoso = keys(&["contoso"]);
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    let corrected = profile_with("contoso", &json!({ "client_id": super::tenant_id("another app") }));
    store.register_profiles(vec![corrected], at(1)).await.unwrap();
    assert_eq!(store.claim_due(&contoso, &POLICY, at(1), LEASE).await.unwrap().len(), 1, "and its holder dies");
    let again = store.claim_due(&contoso, &POLICY, at(1) + LEASE, LEASE).await.unwrap();
    assert_eq!(again.len(), 1, "its interval is not over, but nobody knows how the poll went");
    store.record_polls(&[result(&again[0], 2, Ok(vec![stock(1, 10, 3)]))]).await.unwrap();
    assert_eq!(store.claim_due(&contoso, &POLICY, at(3) + LEASE, LEASE).await.unwrap(), []);
}

pub async fn a_profile_that_changes_during_its_poll_is_polled_again(Database { store, .. }: &Database) {
    let contoso = keys(&["contoso"]);
    register(store, &["contoso"]).await;
    let before = claim(store, "contoso", 0).await;
    let corrected = profile_with("contoso", &json!({ "client_id": super::tenant_id("another app") }));
    store.register_profiles(vec![corrected], at(0)).await.unwrap();
    store.record_polls(&[result(&before, 0, Err(failure("Refused.")))]).await.unwrap();
    assert_eq!(store.claim_due(&contoso, &POLICY, at(1), LEASE).await.unwrap().len(), 1);
}

pub async fn a_lease_from_before_the_clock_was_set_back_binds_nobody(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    claim(store, "contoso", 600).await;
    assert!(matches!(store.claim_one("contoso", at(0), LEASE).await.unwrap(), ClaimOne::Claimed(_)));
}

pub async fn a_tenant_is_claimed_again_when_its_interval_is_over(Database { store, .. }: &Database) {
    let contoso = keys(&["contoso"]);
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3)])).await;
    assert_eq!(store.claim_due(&contoso, &POLICY, at(4), LEASE).await.unwrap(), []);
    assert_eq!(store.claim_due(&contoso, &POLICY, at(5), LEASE).await.unwrap().len(), 1);
}

pub async fn only_the_given_tenants_are_claimed(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam"]).await;
    let claims = store.claim_due(&keys(&["fabrikam", "nobody"]), &POLICY, at(0), LEASE).await.unwrap();
    assert_eq!(claims.iter().map(|claim| claim.key.as_str()).collect::<Vec<_>>(), ["fabrikam"]);
}

pub async fn a_tenant_that_is_switched_off_is_not_claimed(Database { store, .. }: &Database) {
    let off = profile_with("contoso", &json!({ "enabled": false }));
    store.register_profiles(vec![off], at(0)).await.unwrap();
    assert_eq!(store.claim_due(&keys(&["contoso"]), &POLICY, at(0), LEASE).await.unwrap(), []);
    assert_eq!(store.claim_one("contoso", at(0), LEASE).await.unwrap(), ClaimOne::Disabled);
    assert!(!store.snapshot("contoso").await.unwrap().unwrap().enabled);
}

pub async fn a_tenant_that_is_not_known_says_so(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    register(store, &[]).await;
    assert_eq!(store.claim_one("contoso", at(0), LEASE).await.unwrap(), ClaimOne::Unknown);
    assert_eq!(store.claim_one("nobody", at(0), LEASE).await.unwrap(), ClaimOne::Unknown);
}

pub async fn a_tenant_being_polled_says_until_when(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    claim(store, "contoso", 0).await;
    let busy = store.claim_one("contoso", at(0), TimeDelta::minutes(9)).await.unwrap();
    assert_eq!(busy, ClaimOne::Busy { until: at(0) + LEASE });
}

pub async fn a_claim_tells_how_the_poll_before_failed(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    for minutes in [0, 5] {
        assert_eq!(
            record(store, "contoso", minutes, Err(failure("Refused."))).await,
            Recorded::Stored { changes: 0, opened: 0, closed: 0 }
        );
    }
    let third = claim(store, "contoso", 10).await;
    assert_eq!((third.consecutive_failures, third.previous_failure.clone()), (2, Some(failure("Refused."))));
    store.record_polls(&[result(&third, 10, Ok(vec![stock(1, 10, 3)]))]).await.unwrap();
    let fourth = claim(store, "contoso", 15).await;
    assert_eq!((fourth.consecutive_failures, fourth.previous_failure), (0, None));
}
