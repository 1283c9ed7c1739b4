//! What Graph's `subscribedSkus` answers.

use leitwarte_graph_simulator::{Operation, Settings, Throttle};
use serde_json::{Value, json};

use crate::rig::{CLIENT, CONTOSO, FABRIKAM, POWERLESS, Rig, graph_error, product};

const SKUS: &str = "/v1.0/subscribedSkus";

async fn rig() -> Rig {
    Rig::start(Settings::default()).await
}

#[tokio::test]
async fn a_tenants_licences_are_read_in_graphs_form() {
    let rig = rig().await;
    let response = rig.skus().await.expect("an answer");
    let content_type = response.headers()["content-type"].to_str().expect("text").to_owned();
    assert!(content_type.starts_with("application/json;odata.metadata=minimal"), "{content_type}");
    assert!(response.headers().contains_key("request-id"));
    let page: Value = response.json().await.expect("JSON");
    let context = format!("{}/v1.0/$metadata#subscribedSkus", rig.simulator.base_url());
    assert_eq!(page["@odata.context"], json!(context));
    assert!(page.get("@odata.nextLink").is_none());
    let first = &page["value"][0];
    assert_eq!(first["skuPartNumber"], "PRODUCT_1");
    assert_eq!(first["id"], json!(format!("{CONTOSO}_{}", product(1, 0, 0).sku_id)));
    assert_eq!((&first["consumedUnits"], &first["prepaidUnits"]["enabled"]), (&json!(7), &json!(10)));
    assert_eq!(page["value"].as_array().map(Vec::len), Some(5));
}

#[tokio::test]
async fn a_token_reads_its_own_tenant_only() {
    let rig = rig().await;
    let page: Value = rig.get(SKUS, &rig.token(FABRIKAM, CLIENT).await).await.json().await.expect("JSON");
    assert_eq!(page["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(page["value"][0]["accountId"], json!(FABRIKAM));
}

#[tokio::test]
async fn some_products_lack_what_the_schema_lets_them_lack() {
    let rig = rig().await;
    let page: Value = rig.skus().await.expect("an answer").json().await.expect("JSON");
    let products = page["value"].as_array().expect("a list");
    assert!(products.iter().any(|sku| sku["prepaidUnits"].get("lockedOut").is_none()));
    assert!(products.iter().any(|sku| sku["prepaidUnits"]["lockedOut"] == json!(0)));
    assert!(products.iter().any(|sku| sku["accountName"].is_null()));
}

#[tokio::test]
async fn select_is_honoured_and_nothing_else_is() {
    let rig = rig().await;
    let token = rig.token(CONTOSO, CLIENT).await;
    let page: Value = rig.get(&format!("{SKUS}?$select=skuId,consumedUnits"), &token).await.json().await.expect("JSON");
    assert_eq!(page["value"][1].as_object().expect("a product").len(), 2);
    for (query, code) in [
        ("$select=price", "BadRequest"),
        ("$top=5", "Request_UnsupportedQuery"),
        ("$filter=consumedUnits%20gt%205", "Request_UnsupportedQuery"),
        ("colour=red", "Request_BadRequest"),
        ("$skiptoken=made-up", "Directory_ExpiredPageToken"),
    ] {
        let answer = graph_error(rig.get(&format!("{SKUS}?{query}"), &token).await).await;
        assert_eq!(answer, (400, code.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn pages_lead_to_each_other_until_all_is_read() {
    let rig = Rig::start(Settings { page_size: Some(2), ..Settings::default() }).await;
    let token = rig.token(CONTOSO, CLIENT).await;
    let mut url = format!("{}{SKUS}?$select=skuPartNumber", rig.simulator.base_url());
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let page: Value =
            rig.http.get(&url).bearer_auth(&token).send().await.expect("a page").json().await.expect("JSON");
        pages += 1;
        let products = page["value"].as_array().expect("a list");
        assert!(products.iter().all(|sku| sku.as_object().is_some_and(|sku| sku.len() == 1)), "$select stays");
        seen.extend(products.iter().map(|sku| sku["skuPartNumber"].as_str().expect("text").to_owned()));
        let Some(next) = page["@odata.nextLink"].as_str() else { break };
        assert!(next.starts_with(rig.simulator.base_url()));
        next.clone_into(&mut url);
    }
    assert_eq!(pages, 3);
    assert_eq!(seen, ["PRODUCT_1", "PRODUCT_2", "PRODUCT_3", "PRODUCT_4", "PRODUCT_5"]);
}

#[tokio::test]
async fn without_a_good_token_there_is_a_401() {
    let rig = rig().await;
    let bare = rig.http.get(format!("{}{SKUS}", rig.simulator.base_url())).send().await.expect("an answer");
    assert!(bare.headers().contains_key("www-authenticate"));
    assert_eq!(graph_error(bare).await, (401, "InvalidAuthenticationToken".to_owned()));
    let made_up = rig.get(SKUS, "made-up").await;
    assert_eq!(graph_error(made_up).await, (401, "InvalidAuthenticationToken".to_owned()));
}

#[tokio::test]
async fn a_token_for_another_address_is_refused() {
    let rig = rig().await;
    let token = rig.token(CONTOSO, CLIENT).await;
    let url = format!("{}{SKUS}", rig.simulator.base_url());
    let response =
        rig.http.get(url).header("host", "graph.example").bearer_auth(token).send().await.expect("an answer");
    assert_eq!(graph_error(response).await.0, 401);
}

#[tokio::test]
async fn without_the_permission_there_is_a_403() {
    let rig = rig().await;
    let response = rig.get(SKUS, &rig.token(CONTOSO, POWERLESS).await).await;
    assert_eq!(graph_error(response).await, (403, "Authorization_RequestDenied".to_owned()));
}

#[tokio::test]
async fn an_unknown_resource_is_refused_in_graphs_form() {
    let rig = rig().await;
    let response = rig.get("/v1.0/nonsense", "x").await;
    assert_eq!(graph_error(response).await, (400, "BadRequest".to_owned()));
}

#[tokio::test]
async fn the_clients_request_id_comes_back() {
    let rig = rig().await;
    let token = rig.token(CONTOSO, CLIENT).await;
    let url = format!("{}{SKUS}", rig.simulator.base_url());
    let request = rig.http.get(url).bearer_auth(token).header("client-request-id", "abc-1");
    assert_eq!(request.send().await.expect("an answer").headers()["client-request-id"], "abc-1");
}

#[tokio::test]
async fn throttling_is_per_tenant_and_says_how_long_to_wait() {
    let rig = rig().await;
    let (contoso, fabrikam) = (rig.token(CONTOSO, CLIENT).await, rig.token(FABRIKAM, CLIENT).await);
    let throttle = Some(Throttle { capacity: 2, per_second: 0.01 });
    rig.simulator.set_settings(Settings { throttle, ..Settings::default() }).expect("possible");
    for _ in 0..2 {
        assert_eq!(rig.get(SKUS, &contoso).await.status(), 200);
    }
    let refused = rig.get(SKUS, &contoso).await;
    let wait: u64 = refused.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((90..=100).contains(&wait), "{wait}");
    assert_eq!(graph_error(refused).await, (429, "TooManyRequests".to_owned()));
    assert_eq!(rig.get(SKUS, &fabrikam).await.status(), 200, "another tenant is not slowed down");
    rig.simulator.set_settings(Settings::default()).expect("possible");
    assert_eq!(rig.get(SKUS, &contoso).await.status(), 200, "switched off");
}

#[tokio::test]
async fn numbers_can_be_set_and_reset() {
    let rig = rig().await;
    let url = format!("{}/simulator/tenants/contoso/skus", rig.simulator.base_url());
    let stock = vec![product(9, 5, 8)];
    assert_eq!(rig.http.put(url).json(&stock).send().await.expect("an answer").status(), 204);
    let page: Value = rig.skus().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(page["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(page["value"][0]["consumedUnits"], 8);
    let reset = rig.http.post(format!("{}/simulator/reset", rig.simulator.base_url()));
    assert_eq!(reset.send().await.expect("an answer").status(), 204);
    let page: Value = rig.skus().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(page["value"].as_array().map(Vec::len), Some(5));
}

#[tokio::test]
async fn the_request_log_counts_by_tenant_and_operation_and_holds_no_secret() {
    let rig = rig().await;
    let token = rig.token(CONTOSO, CLIENT).await;
    for _ in 0..3 {
        rig.get(SKUS, &token).await;
    }
    rig.get(SKUS, "made-up").await;
    let text = rig.http.get(format!("{}/simulator/requests", rig.simulator.base_url()));
    let text = text.send().await.expect("an answer").text().await.expect("text");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["tenants"]["contoso"]["token"]["requests"], 1);
    assert_eq!(report["tenants"]["contoso"]["skus"]["answers"]["200"], 3);
    assert_eq!(report["tenants"]["(unknown)"]["skus"]["answers"]["401"], 1);
    assert_eq!(report["total"]["skus"]["requests"], 4);
    assert_eq!(report["in_flight"], 0);
    assert!(!text.contains(&token) && !text.contains("made-up"));
    assert_eq!(rig.simulator.requests().requests("contoso", Operation::Skus), 3);
}

#[tokio::test]
async fn wrong_orders_say_what_is_wrong() {
    let rig = rig().await;
    let base = rig.simulator.base_url().to_owned();
    let faults = format!("{base}/simulator/faults");
    let order = |order: Value| rig.http.post(&faults).json(&order).send();
    let unknown = order(json!({"tenant": "nobody", "operation": "skus", "kind": "html"})).await.expect("an answer");
    assert_eq!(unknown.status(), 404);
    let status = order(json!({"tenant": "*", "operation": "skus", "kind": "status", "status": 200}));
    assert_eq!(status.await.expect("an answer").status(), 400);
    let kind = order(json!({"tenant": "*", "operation": "skus", "kind": "fire"})).await.expect("an answer");
    assert_eq!(kind.status(), 400);
    let settings = rig.http.put(format!("{base}/simulator/settings")).json(&json!({"page_size": 0}));
    assert_eq!(settings.send().await.expect("an answer").status(), 400);
}
