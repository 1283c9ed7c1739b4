//! Shortages as the API shows them.

use crate::support::World;
use serde_json::json;

const INCIDENTS: &str = "/api/v1/incidents";

#[tokio::test]
async fn open_shortages_are_listed_and_an_unchanged_list_is_not_sent_again() {
    let world = World::with_tenants().await;
    let reply = world.get(INCIDENTS).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    let rows = reply.json();
    let rows = rows.as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(
            (&row["phase"], &row["closed_at"], &row["told"]),
            (&json!("open"), &json!(null), &json!(1)),
            "{row}"
        );
        assert!(row["tenant"].is_string() && row["skuid"].is_string() && row["product_name"].is_string(), "{row}");
    }
    assert!(reply.header("etag").contains(char::is_alphanumeric));
}

#[tokio::test]
async fn an_impossible_number_of_closed_ones_is_refused_by_name() {
    let world = World::with_tenants().await;
    for query in ["closed=-1", "closed=1001", "closed=all"] {
        let reply = world.get(&format!("{INCIDENTS}?{query}")).await;
        assert_eq!((reply.status, reply.problem().as_str()), (400, "bad-parameter"), "{query}");
    }
}
