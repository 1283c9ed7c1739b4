use notify::Report;
use serde_json::{Value, json};
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
