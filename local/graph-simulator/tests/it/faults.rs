//! Faults on request, one by one, as a client sees them.

use std::time::{Duration, Instant};

use leitwarte_graph_simulator::{Fault, FaultKind, Operation, RetryAfter, Settings};
use serde_json::{Value, json};

use crate::rig::{CLIENT, CONTOSO, FABRIKAM, Rig};

async fn rig(fault: FaultKind, operation: Operation) -> Rig {
    let rig = Rig::start(Settings::default()).await;
    rig.simulator.inject(Fault::once("contoso", operation, fault)).expect("possible");
    rig
}

#[tokio::test]
async fn a_status_comes_with_retry_after_for_the_ordered_number_of_times() {
    let rig = Rig::start(Settings::default()).await;
    let order = json!({
        "tenant": "contoso", "operation": "skus", "kind": "status", "status": 503, "retry_after": 7, "times": 2,
    });
    let url = format!("{}/simulator/faults", rig.simulator.base_url());
    assert_eq!(rig.http.post(url).json(&order).send().await.expect("an answer").status(), 204);
    for _ in 0..2 {
        let response = rig.skus().await.expect("an answer");
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (503, &"7".parse().expect("text"))
        );
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body["error"]["code"], "ServiceUnavailable");
    }
    assert_eq!(rig.skus().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn retry_after_may_be_a_date() {
    let date = RetryAfter::Text("Fri, 31 Dec 2027 23:59:59 GMT".to_owned());
    let rig = rig(FaultKind::Status { status: 429, retry_after: Some(date) }, Operation::Skus).await;
    let response = rig.skus().await.expect("an answer");
    assert_eq!(response.headers()["retry-after"], "Fri, 31 Dec 2027 23:59:59 GMT");
}

#[tokio::test]
async fn entra_fails_in_its_own_shape() {
    for (fault, status, code) in [
        (FaultKind::Status { status: 429, retry_after: None }, 429, 90_055),
        (FaultKind::Status { status: 503, retry_after: None }, 503, 90_033),
        (FaultKind::Aadsts { code: 53_003 }, 400, 53_003),
        (FaultKind::Aadsts { code: 7_000_214 }, 401, 7_000_214),
        (FaultKind::Unauthorized, 401, 700_027),
    ] {
        let rig = rig(fault.clone(), Operation::Token).await;
        let assertion = rig.assertion(|_, _| {});
        let response = rig.post_token(CONTOSO, CLIENT, &assertion).await;
        assert_eq!(response.status(), status, "{fault:?}");
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body["error_codes"], json!([code]), "{fault:?}");
        assert!(rig.sign_in(&assertion).await.is_ok(), "the assertion was not used up");
    }
}

#[tokio::test]
async fn another_tenant_is_not_touched() {
    let rig = rig(FaultKind::Html, Operation::Skus).await;
    let token = rig.token(FABRIKAM, CLIENT).await;
    assert_eq!(rig.get("/v1.0/subscribedSkus", &token).await.headers()["request-id"].len(), 36);
    let html = rig.skus().await.expect("an answer");
    assert_eq!(html.headers()["content-type"], "text/html; charset=utf-8");
}

#[tokio::test]
async fn a_truncated_answer_breaks_off_in_the_body() {
    let rig = rig(FaultKind::Truncate, Operation::Skus).await;
    let response = rig.skus().await.expect("the head arrives");
    assert_eq!(response.status(), 200);
    let promised = response.content_length().expect("a length");
    assert!(promised > 100);
    assert!(response.bytes().await.is_err(), "the body does not arrive whole");
}

#[tokio::test]
async fn cut_json_arrives_whole_and_cannot_be_read() {
    let rig = rig(FaultKind::CutJson, Operation::Skus).await;
    let body = rig.skus().await.expect("an answer").bytes().await.expect("a whole body");
    assert!(body.starts_with(b"{") && serde_json::from_slice::<Value>(&body).is_err());
}

#[tokio::test]
async fn a_dropped_connection_brings_no_answer() {
    let rig = rig(FaultKind::DropConnection, Operation::Skus).await;
    assert!(rig.skus().await.is_err());
    assert_eq!(rig.skus().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_hanging_request_does_not_answer_and_does_not_keep_the_simulator_from_stopping() {
    let rig = rig(FaultKind::Hang, Operation::Skus).await;
    let token = rig.token(CONTOSO, CLIENT).await;
    let url = format!("{}/v1.0/subscribedSkus", rig.simulator.base_url());
    let impatient = rig.http.get(&url).bearer_auth(&token).timeout(Duration::from_millis(300)).send().await;
    assert!(impatient.expect_err("no answer").is_timeout());

    rig.simulator.inject(Fault::once("contoso", Operation::Skus, FaultKind::Hang)).expect("possible");
    let hanging = tokio::spawn(rig.http.get(&url).bearer_auth(&token).send());
    let begun = Instant::now();
    while rig.simulator.requests().requests("contoso", Operation::Skus) < 2 {
        assert!(begun.elapsed() < Duration::from_secs(10), "the second request never came");
        tokio::task::yield_now().await;
    }
    let begun = Instant::now();
    rig.simulator.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert!(hanging.await.expect("no panic").is_err());
}

#[tokio::test]
async fn an_empty_list_is_a_200() {
    let rig = rig(FaultKind::Empty, Operation::Skus).await;
    let page: Value = rig.skus().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(page, json!({ "value": [] }));
}

#[tokio::test]
async fn a_foreign_next_link_leads_to_another_host() {
    let rig = rig(FaultKind::ForeignNextLink, Operation::Skus).await;
    let page: Value = rig.skus().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(page["value"].as_array().map(Vec::len), Some(5));
    assert!(page["@odata.nextLink"].as_str().is_some_and(|link| link.starts_with("https://graph.invalid/")));
}

#[tokio::test]
async fn the_second_page_can_fail() {
    let rig = Rig::start(Settings { page_size: Some(3), ..Settings::default() }).await;
    let fault = Fault::once("contoso", Operation::Skus, FaultKind::Unauthorized).after(1);
    rig.simulator.inject(fault).expect("possible");
    let page: Value = rig.skus().await.expect("an answer").json().await.expect("JSON");
    let next = page["@odata.nextLink"].as_str().expect("a second page");
    let token = rig.token(CONTOSO, CLIENT).await;
    assert_eq!(rig.http.get(next).bearer_auth(token).send().await.expect("an answer").status(), 401);
}

#[tokio::test]
async fn latency_holds_answers_back() {
    let rig = rig(FaultKind::Latency { latency_ms: 120 }, Operation::Skus).await;
    rig.simulator.set_settings(Settings { latency_ms: 50, ..Settings::default() }).expect("possible");
    let token = rig.token(CONTOSO, CLIENT).await;
    let begun = Instant::now();
    assert_eq!(rig.get("/v1.0/subscribedSkus", &token).await.status(), 200);
    assert!(begun.elapsed() >= Duration::from_millis(170));
}

#[tokio::test]
async fn reset_forgets_faults() {
    let rig = rig(FaultKind::Html, Operation::Skus).await;
    rig.simulator.reset();
    assert_eq!(rig.skus().await.expect("an answer").headers()["request-id"].len(), 36);
}
