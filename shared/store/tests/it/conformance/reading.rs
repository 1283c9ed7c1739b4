//! What readers see.

use leitwarte_store::StoreErrorKind;
use serde_json::json;

use super::{Database, at, failure, profile_with, record, register, stock};

pub async fn tenants_come_ordered_by_key_each_with_its_own_stock(Database { store, .. }: &Database) {
    register(store, &["northwind", "contoso", "fabrikam"]).await;
    record(store, "northwind", 0, Ok(vec![stock(1, 1, 1)])).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 2, 2), stock(2, 3, 3)])).await;
    let snapshots = store.snapshots().await.unwrap();
    let told: Vec<_> = snapshots.iter().map(|tenant| (tenant.key.as_str(), tenant.stock.len())).collect();
    assert_eq!(told, [("contoso", 2), ("fabrikam", 0), ("northwind", 1)]);
    assert_eq!(snapshots[2].stock, [stock(1, 1, 1)]);
}

pub async fn a_tenant_is_found_by_key_first_and_by_exact_name_else(Database { store, .. }: &Database) {
    let found = vec![
        profile_with("a", &json!({ "tenant_name": "contoso" })),
        profile_with("b", &json!({ "tenant_name": "Fabrikam AG" })),
        profile_with("contoso", &json!({ "tenant_name": "a" })),
    ];
    store.register_profiles(found, at(0)).await.unwrap();
    for (word, key) in [("contoso", "contoso"), ("a", "a"), ("Fabrikam AG", "b")] {
        assert_eq!(store.snapshot(word).await.unwrap().unwrap().key, key);
    }
    assert_eq!(store.snapshot("fabrikam ag").await.unwrap(), None, "the name has to be exact");
}

pub async fn an_unknown_tenant_is_nothing(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    for word in ["nobody", "", "contoso' OR '1'='1", "%"] {
        assert_eq!(store.snapshot(word).await.unwrap(), None, "{word}");
    }
    assert_eq!(store.recent_polls("nobody", 9).await.unwrap(), []);
}

pub async fn a_tenants_certificate_and_failures_are_told(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Err(failure("Refused."))).await;
    let tenant = store.tenants().await.unwrap().remove(0);
    assert_eq!(tenant.certificate_ends_at, Some(at(10_000)));
    assert_eq!((tenant.failure, tenant.consecutive_failures), (Some(failure("Refused.")), 1));
    assert_eq!((tenant.last_attempt_at, tenant.last_success_at), (Some(at(0)), None));
    assert_eq!((tenant.first_seen_at, tenant.enabled, tenant.monitoring), (at(0), true, true));
}

pub async fn a_reader_sees_what_a_writer_wrote_and_cannot_write(database: &Database) {
    let reader = database.reader().await;
    reader.ready().await.unwrap();
    register(&database.store, &["contoso"]).await;
    assert_eq!(reader.snapshots().await.unwrap().len(), 1);
    let refused = reader.finish_tick(at(0)).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Other);
    assert_eq!(database.store.revision().await.unwrap().last_tick, None);
}
