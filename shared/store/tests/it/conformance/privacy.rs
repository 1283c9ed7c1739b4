//! What is kept of a tenant can be handed over and erased, all of it.

use leitwarte_core::rules::{Definition, Scope};
use leitwarte_store::Erased;

use super::{Database, at, profile, record, register, stock};

async fn filled(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam"]).await;
    for key in ["contoso", "fabrikam"] {
        record(store, key, 0, Ok(vec![stock(1, 10, 12)])).await;
        let scope = Scope { tenant: Some(key.to_owned()), sku: None };
        store
            .set_rule(&scope, &Definition { reserve: Some(1), ..Definition::default() }, None, super::by("ada"), at(1))
            .await
            .unwrap();
    }
    store.spread_messages(&["mail".to_owned()], at(1)).await.unwrap();
}

pub async fn everything_kept_of_a_tenant_is_handed_over_and_nothing_of_another(database: &Database) {
    filled(database).await;
    let export = database.store.export_tenant("contoso").await.unwrap().unwrap();
    assert_eq!(export["tenant_name"], "contoso");
    for (part, count) in [("stock", 1), ("history", 1), ("polls", 1), ("incidents", 1), ("messages", 1), ("rules", 1)] {
        assert_eq!(export[part].as_array().unwrap().len(), count, "{part}");
    }
    assert!(!export.to_string().contains("fabrikam"), "{export}");
    assert_eq!(database.store.export_tenant("nobody").await.unwrap(), None);
}

pub async fn a_tenant_whose_profile_is_gone_is_handed_over_as_before(database: &Database) {
    filled(database).await;
    let store = &database.store;
    let before = store.export_tenant("contoso").await.unwrap().unwrap();
    assert_eq!(before["incidents"][0]["incident"]["closed_at"], serde_json::Value::Null);
    assert_eq!(before["messages"][0]["deliveries"][0]["channel"], "mail");
    store.register_profiles(vec![profile("fabrikam")], at(2)).await.unwrap();
    let after = store.export_tenant("contoso").await.unwrap();
    assert_eq!(after, Some(before), "who is erased next can be handed over first");
}

pub async fn a_tenant_is_erased_when_its_profile_is_gone_and_leaves_nothing(database: &Database) {
    filled(database).await;
    let store = &database.store;
    assert_eq!(store.erase_tenant("contoso").await.unwrap(), Erased::HasProfile);
    assert_eq!(store.erase_tenant("nobody").await.unwrap(), Erased::Unknown);
    store.register_profiles(vec![profile("fabrikam")], at(2)).await.unwrap();
    let erased = store.erase_tenant("contoso").await.unwrap();
    assert!(matches!(erased, Erased::Done { rows: 9.. }), "{erased:?}");
    assert_eq!(store.erase_tenant("contoso").await.unwrap(), Erased::Unknown);
    let contents = store.database().contents(&leitwarte_store::TABLES).await.unwrap();
    let rows: Vec<(&str, u64)> = contents.iter().map(|table| (table.table.as_str(), table.rows)).collect();
    for table in ["tenants", "stock", "stock_changes", "poll_runs", "incidents", "messages", "deliveries", "rules"] {
        assert!(rows.contains(&(table, 1)), "the other tenant's row stays in {table}, and no other: {rows:?}");
    }
    assert!(store.history("contoso", None, at(0)).await.unwrap().is_empty());
}
