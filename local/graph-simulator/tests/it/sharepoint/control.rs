//! The person and the flows over HTTP, for programs that are not in the same process.

use reqwest::Method;
use serde_json::{Value, json};

use super::Lists;

/// Status and body of an order.
async fn order(lists: &Lists, method: Method, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/simulator/sites/lizenzen{path}", lists.rig.simulator.base_url());
    let response = lists.rig.http.request(method, url).json(&body).send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("text");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn rows_are_added_changed_read_and_deleted() {
    let lists = Lists::start().await;
    let rows = "/lists/Lizenzstatusliste/rows";
    let added = order(&lists, Method::POST, rows, json!({ "Lizenzname": "L", "Verfügbar": 5 })).await;
    assert_eq!(added, (201, json!({ "id": 1 })));
    assert_eq!(order(&lists, Method::PATCH, &format!("{rows}/1"), json!({ "Frei": 0 })).await.0, 204);
    let (_, read) = order(&lists, Method::GET, rows, Value::Null).await;
    assert_eq!(read[0]["fields"], json!({ "Title": "L", "Verf_x00fc_gbar": 5.0, "Frei": 0.0 }));
    assert_eq!(order(&lists, Method::PATCH, &format!("{rows}/1"), json!({ "x": 0 })).await.0, 400);
    assert_eq!(order(&lists, Method::DELETE, &format!("{rows}/1"), Value::Null).await.0, 204);
    assert_eq!(order(&lists, Method::DELETE, &format!("{rows}/1"), Value::Null).await.0, 404);
    assert_eq!(order(&lists, Method::GET, "/lists/x/rows", Value::Null).await.0, 404);
}

#[tokio::test]
async fn the_flows_run_on_demand_and_their_messages_are_kept() {
    let lists = Lists::start().await;
    lists.fill(1);
    let row = "/lists/Lizenzstatusliste/rows/1";
    assert_eq!(order(&lists, Method::PATCH, row, json!({ "trigger_inform_supporter": true })).await.0, 204);
    let (status, sent) = order(&lists, Method::POST, "/flows", Value::Null).await;
    assert_eq!((status, &sent[0]["notice"], &sent[0]["licence"]), (200, &json!("shortage"), &json!("L1")));
    assert_eq!(order(&lists, Method::POST, "/flows", Value::Null).await, (200, json!([])));
    assert_eq!(order(&lists, Method::GET, "/messages", Value::Null).await, (200, sent));
}
