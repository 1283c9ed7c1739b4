//! SharePoint's resource units.

use leitwarte_graph_simulator::{Settings, Throttle};
use reqwest::Method;
use serde_json::{Value, json};

use super::Lists;

const ITEMS: &str = "/lists/Lizenzstatusliste/items";

async fn lists(capacity: u32) -> Lists {
    // So slow that none comes back while the test runs.
    let units = Throttle { capacity, per_second: 0.01 };
    Lists::start_with(Settings { resource_units: Some(units), ..Settings::default() }).await
}

#[tokio::test]
async fn reading_one_thing_costs_one_unit_reading_several_or_writing_two() {
    let lists = lists(10).await;
    lists.get("").await;
    lists.get("/lists/Lizenzstatusliste").await;
    lists.get(ITEMS).await;
    lists.get("/lists/Lizenzstatusliste/columns").await;
    for _ in 0..2 {
        assert_eq!(lists.post(ITEMS, json!({ "fields": {} })).await.status(), 201);
    }
    let refused = lists.send(Method::GET, &format!("{}{ITEMS}", lists.site), None, None).await;
    assert_eq!(refused.status(), 429);
    let header = |name: &str| refused.headers()[name].to_str().expect("text").to_owned();
    assert_eq!((header("ratelimit-limit"), header("ratelimit-remaining")), ("10".to_owned(), "0".to_owned()));
    assert_eq!(header("retry-after"), header("ratelimit-reset"));
    let body: Value = refused.json().await.expect("JSON");
    assert_eq!(body["error"]["code"], json!("activityLimitReached"));
}

#[tokio::test]
async fn little_left_is_told_before_it_is_used_up() {
    let lists = lists(10).await;
    let read = || async { lists.send(Method::GET, &lists.site, None, None).await };
    for _ in 0..8 {
        assert!(!read().await.headers().contains_key("ratelimit-remaining"));
    }
    assert_eq!(read().await.headers()["ratelimit-remaining"], "1");
}

#[tokio::test]
async fn inside_a_batch_each_request_counts_and_is_refused_by_itself() {
    let lists = lists(5).await;
    let writes: Vec<Value> = (1..=3)
        .map(|id| {
            json!({
                "id": id.to_string(), "method": "POST", "url": format!("{}{ITEMS}", lists.site),
                "headers": { "Content-Type": "application/json" }, "body": { "fields": {} },
            })
        })
        .collect();
    let answers: Value = lists.batch(json!(writes)).await.json().await.expect("JSON");
    let statuses: Vec<&Value> =
        answers["responses"].as_array().expect("answers").iter().map(|answer| &answer["status"]).collect();
    assert_eq!(statuses, [&json!(429), &json!(201), &json!(201)], "in the opposite order");
    assert!(answers["responses"][0]["headers"]["Retry-After"].is_string());
}

#[tokio::test]
async fn licences_cost_no_units() {
    let lists = lists(1).await;
    for _ in 0..3 {
        assert_eq!(lists.rig.get("/v1.0/subscribedSkus", &lists.token).await.status(), 200);
    }
    lists.get("").await;
}
