//! What changed and how the numbers went, as the API shows it.

use crate::support::{E3, World, now, profile, record, stock};
use leitwarte_core::TimeDelta;
use serde_json::{Value, json};

/// A tenant that bought ten licences three days ago and gave two out yesterday.
async fn world() -> World {
    let world = World::with_tenants().await;
    let store = world.writer().await;
    store.register_profiles(vec![profile("adventure", "Adventure Works")], now() - TimeDelta::days(30)).await.unwrap();
    for (days, enabled, consumed) in [(20, 50, 40), (3, 60, 40), (1, 60, 42), (0, 60, 42)] {
        let at = now() - TimeDelta::days(days) - TimeDelta::minutes(1);
        record(&store, at, vec![("adventure", Ok(vec![stock(E3, "SPE_E3", enabled, consumed)]))]).await;
    }
    world
}

async fn body(world: &World, address: &str) -> Value {
    let reply = world.get(address).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), "private, no-cache");
    reply.json()
}

#[tokio::test]
async fn who_ate_it_is_listed_with_the_newest_first_and_in_words() {
    let world = world().await;
    let body = body(&world, "/api/v1/licenses/changes/Adventure%20Works?days=30").await;
    let changes = body["changes"].as_array().unwrap();
    let words: Vec<_> = changes.iter().map(|change| change["words"].as_str().unwrap()).collect();
    assert_eq!(words, ["2 assigned", "10 bought", "new, 50 bought, 40 assigned"]);
    assert_eq!(changes[0]["words_de"], "2 zugewiesen");
    assert_eq!((&changes[0]["free_before"], &changes[0]["free_after"]), (&json!(20), &json!(18)));
    assert_eq!(changes[0]["what"], json!([{ "what": "assigned", "licences": 2 }]));
    assert_eq!((&body["tenant_key"], &body["more"]), (&json!("adventure"), &json!(false)));
}

#[tokio::test]
async fn a_list_that_was_cut_says_so() {
    let world = world().await;
    let cut = body(&world, "/api/v1/licenses/changes/adventure?limit=2").await;
    assert_eq!((cut["changes"].as_array().unwrap().len(), &cut["more"]), (2, &json!(true)));
    let few = body(&world, "/api/v1/licenses/changes/adventure?days=2").await;
    assert_eq!((few["changes"].as_array().unwrap().len(), &few["more"]), (1, &json!(false)));
}

#[tokio::test]
async fn the_numbers_of_a_product_are_drawn_as_steps() {
    let world = world().await;
    let body = body(&world, "/api/v1/licenses/history/adventure?days=10").await;
    let points = body["products"][0]["points"].as_array().unwrap();
    let free: Vec<_> = points.iter().map(|point| point["free_units"].as_i64().unwrap()).collect();
    assert_eq!(free, [10, 20, 18], "what held before the time asked for comes first");
    assert_eq!(points[0]["at"], body["since"]);
    assert_eq!(body["products"][0]["product_name"], "Microsoft 365 E3");
    let unchanged = self::body(&World::with_tenants().await, "/api/v1/licenses/history/fabrikam").await;
    assert_eq!(unchanged["products"][0]["points"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn days_and_limits_have_bounds() {
    let world = world().await;
    for wrong in ["history/contoso?days=401", "changes/contoso?days=0", "changes/contoso?limit=5001"] {
        let reply = world.get(&format!("/api/v1/licenses/{wrong}")).await;
        assert_eq!((reply.status, reply.problem().as_str()), (400, "bad-parameter"), "{wrong}");
    }
    let reply = world.get("/api/v1/licenses/history/contoso?sku=x").await;
    assert_eq!((reply.status, reply.problem().as_str()), (400, "unknown-parameter"));
}
