//! What Graph's `directory/subscriptions` answers.

use chrono::TimeDelta;
use leitwarte_core::stock::CapabilityStatus;
use leitwarte_core::subscription::Subscription;
use leitwarte_graph_simulator::{Operation, Settings};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::rig::{CLIENT, CONTOSO, POWERLESS, READER, Rig, graph_error, product};

const SUBSCRIPTIONS: &str = "/v1.0/directory/subscriptions";

async fn rig() -> Rig {
    Rig::start(Settings::default()).await
}

async fn listed(rig: &Rig, query: &str) -> Vec<Value> {
    let token = rig.token(CONTOSO, READER).await;
    let page: Value = rig.get(&format!("{SUBSCRIPTIONS}{query}"), &token).await.json().await.expect("JSON");
    page["value"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn every_product_has_a_subscription_in_graphs_form() {
    let rig = rig().await;
    let found = listed(&rig, "").await;
    assert_eq!(found.len(), 5);
    let names: Vec<_> = found[0].as_object().expect("a subscription").keys().map(String::as_str).collect();
    assert_eq!(names.len(), 13);
    assert_eq!((&found[0]["status"], &found[0]["totalLicenses"]), (&json!("Enabled"), &json!(10)));
    assert_eq!(found[0]["skuId"], json!(product(1, 0, 0).sku_id));
    assert_eq!(found[0]["isTrial"], false);
    let next = found[0]["nextLifecycleDateTime"].as_str().expect("a time");
    let next: chrono::DateTime<chrono::Utc> = next.parse().expect("ISO 8601");
    assert!(next > rig.now() && next < rig.now() + TimeDelta::days(367), "{next}");
}

#[tokio::test]
async fn the_permission_to_read_licences_is_not_enough() {
    let rig = rig().await;
    for client in [CLIENT, POWERLESS] {
        let refused = rig.get(SUBSCRIPTIONS, &rig.token(CONTOSO, client).await).await;
        assert_eq!(graph_error(refused).await, (403, "Authorization_RequestDenied".to_owned()));
    }
    assert_eq!(rig.simulator.requests().requests("contoso", Operation::Subscriptions), 2);
}

#[tokio::test]
async fn select_and_pages_are_as_everywhere_in_the_directory() {
    let rig = Rig::start(Settings { page_size: Some(2), ..Settings::default() }).await;
    let token = rig.token(CONTOSO, READER).await;
    let first: Value = rig.get(&format!("{SUBSCRIPTIONS}?$select=id,skuId"), &token).await.json().await.expect("JSON");
    assert_eq!(first["value"][0].as_object().expect("a subscription").len(), 2);
    let next = first["@odata.nextLink"].as_str().expect("a next page");
    assert!(next.starts_with(&format!("{}{SUBSCRIPTIONS}?$select=id,skuId&$skiptoken=", rig.simulator.base_url())));
    let unknown = rig.get(&format!("{SUBSCRIPTIONS}?$select=price"), &token).await;
    assert_eq!(graph_error(unknown).await, (400, "BadRequest".to_owned()));
}

#[tokio::test]
async fn subscriptions_can_be_set_and_reset() {
    let rig = rig().await;
    let trial = Subscription {
        id: Uuid::from_u128(7),
        sku_id: product(1, 0, 0).sku_id,
        part_number: "PRODUCT_1".to_owned(),
        status: CapabilityStatus::Warning,
        licences: 25,
        is_trial: true,
        created_at: None,
        next_lifecycle_at: Some(rig.now()),
    };
    let url = format!("{}/simulator/tenants/contoso/subscriptions", rig.simulator.base_url());
    assert_eq!(rig.http.put(url).json(&[&trial]).send().await.expect("an answer").status(), 204);
    let found = listed(&rig, "").await;
    assert_eq!((found.len(), &found[0]["isTrial"], &found[0]["status"]), (1, &json!(true), &json!("Warning")));
    assert_eq!(found[0]["createdDateTime"], Value::Null);
    rig.simulator.reset();
    assert_eq!(listed(&rig, "").await.len(), 5);
}
