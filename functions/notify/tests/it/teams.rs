use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use notify::Report;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::rig::{Rig, sent};

async fn with_workflow(answers: &[u16]) -> (Rig, MockServer) {
    let workflow = MockServer::start().await;
    for status in answers {
        Mock::given(method("POST"))
            .and(path("/workflows/x"))
            .respond_with(ResponseTemplate::new(*status))
            .up_to_n_times(1)
            .mount(&workflow)
            .await;
    }
    let rig = Rig::new(&workflow.address().to_string()).await;
    rig.secret("webhook", &format!("{}/workflows/x?sig=hush", workflow.uri()));
    rig.channels(&json!([{ "type": "teams", "name": "teams", "webhook_file": "webhook" }]));
    (rig, workflow)
}

#[tokio::test]
async fn a_shortage_becomes_a_card() {
    let (rig, workflow) = with_workflow(&[202]).await;
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, sent(1, 1));
    let requests = workflow.received_requests().await.unwrap();
    let body: Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(body["attachments"][0]["contentType"], "application/vnd.microsoft.card.adaptive");
    let card = &body["attachments"][0]["content"];
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    assert_eq!(card["body"][1]["facts"][0], json!({ "title": "Tenant", "value": "Contoso AG" }));
    assert_eq!(card["body"][1]["facts"][4], json!({ "title": "Free", "value": "0" }));
}

#[tokio::test]
async fn a_workflow_that_is_gone_says_what_to_do_and_gets_the_message_later() {
    let (rig, workflow) = with_workflow(&[404, 202]).await;
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, Report { new: 1, later: 1, ..Report::default() });
    let error = rig.deps.store.last_delivery_error("teams").await.unwrap().unwrap();
    assert!(error.contains("make a new one") && !error.contains("hush"), "{error}");
    rig.wait(1);
    assert_eq!(rig.notify().await, sent(0, 1));
    assert_eq!(workflow.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_address_that_is_no_workflow_gets_nothing() {
    let workflow = MockServer::start().await;
    let rig = Rig::new("").await;
    rig.secret("webhook", &format!("{}/workflows/x?sig=hush", workflow.uri()));
    rig.channels(&json!([{ "type": "teams", "name": "teams", "webhook_file": "webhook" }]));
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await.later, 1);
    assert!(workflow.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn each_channel_gets_every_message_and_a_broken_one_holds_up_no_other() {
    let (rig, workflow) = with_workflow(&[202]).await;
    rig.channels(&json!([
        { "type": "teams", "name": "broken", "webhook_file": "nowhere" },
        { "type": "teams", "name": "teams", "webhook_file": "webhook" }
    ]));
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, Report { new: 1, sent: 1, later: 1, ..Report::default() });
    assert_eq!(workflow.received_requests().await.unwrap().len(), 1);
    rig.channels(&json!([{ "type": "teams", "name": "teams", "webhook_file": "webhook" }]));
    rig.wait(1);
    assert_eq!(rig.notify().await, Report { given_up: 1, ..Report::default() }, "a channel that was taken out");
}

/// What Microsoft's own reader of cards makes of one.
async fn read_by_microsoft(card: &Value) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/foreign/adaptivecards");
    let modules = std::env::var("LEITWARTE_CARD_CHECK").expect("LEITWARTE_CARD_CHECK is not set: run `make test`");
    let mut node = Command::new("node");
    node.arg(folder.join("check.js")).env("NODE_PATH", modules).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = node.kill_on_drop(true).spawn().expect("Node.js is there: run `make test`");
    child.stdin.take().unwrap().write_all(card.to_string().as_bytes()).await.unwrap();
    let output = timeout(Duration::from_mins(1), child.wait_with_output()).await.expect("an answer in time").unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn microsofts_own_reader_takes_the_card_as_it_stands() {
    let (rig, workflow) = with_workflow(&[202, 202]).await;
    rig.poll(&[10]).await;
    rig.notify().await;
    // A digest is another card.
    rig.poll(&[10; 6]).await;
    rig.notify().await;
    let requests = workflow.received_requests().await.unwrap();
    assert_eq!(requests.len(), 2);
    for request in requests {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let card = &body["attachments"][0]["content"];
        let read = read_by_microsoft(card).await;
        assert_eq!(read["problems"], json!([]), "{card}");
        // What it does not know, or what has another value than it takes, is lost or complained of.
        assert_eq!(&read["written"], card);
    }
}

#[tokio::test]
async fn microsofts_own_reader_does_complain() {
    let wrong = json!({
        "type": "AdaptiveCard", "version": "1.4", "body": [{ "type": "TextBlock", "text": "x", "weight": "Heaviest" }]
    });
    assert_ne!(read_by_microsoft(&wrong).await["problems"], json!([]));
}
