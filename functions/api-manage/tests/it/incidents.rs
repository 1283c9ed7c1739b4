//! What people do about incidents.

use http::Method;
use leitwarte_core::TimeDelta;
use leitwarte_web::openapi::Incident;
use serde_json::{Value, json};

use crate::world::{Reply, World, now, stock};

const ACTIONS: &str = "/api/v1/incidents/1/actions";

async fn act(world: &World, version: &str, body: Value) -> Reply {
    world.send(Method::POST, ACTIONS, Some(version), &body).await
}

#[tokio::test]
async fn each_action_is_done_in_the_version_that_was_seen() {
    let world = World::new().await;
    let day = (now() + TimeDelta::days(6)).date_naive();
    let until = now() + TimeDelta::days(2);
    for (version, body, phase) in [
        ("\"1\"", json!({ "action": "acknowledge" }), "acknowledged"),
        ("\"2\"", json!({ "action": "order", "quantity": 10, "expected_on": day }), "ordered"),
        ("\"3\"", json!({ "action": "reopen" }), "open"),
        ("\"4\"", json!({ "action": "snooze", "until": until }), "open"),
    ] {
        let reply = act(&world, version, body.clone()).await;
        assert_eq!(reply.status, 200, "{body}: {reply:?}");
        let incident: Incident = serde_json::from_value(reply.json()).unwrap();
        assert_eq!(incident.phase, phase, "{body}");
        assert_eq!(reply.header("etag"), format!("\"{}\"", incident.version));
    }
    let (incident, events) = world.store.incident(1).await.unwrap().unwrap();
    assert_eq!((incident.version, incident.incident.snoozed_until), (5, Some(until)));
    let told: Vec<_> = events.iter().map(|event| (event.what.as_str(), event.who.as_str())).collect();
    assert_eq!(
        told[1..],
        [
            ("acknowledged", "Ada Muster"),
            ("ordered", "Ada Muster"),
            ("reopened", "Ada Muster"),
            ("snoozed", "Ada Muster")
        ]
    );
    assert_eq!(world.log("1").await.len(), 4);
}

#[tokio::test]
async fn who_comes_late_learns_how_it_is_now() {
    let world = World::new().await;
    act(&world, "\"1\"", json!({ "action": "acknowledge" })).await;
    let late = act(&world, "\"1\"", json!({ "action": "reopen" })).await;
    assert_eq!((late.status, late.problem().as_str()), (412, "changed-meanwhile"));
    assert_eq!(late.json()["current"]["phase"], "acknowledged");
    world.record("contoso", vec![stock(50, 3)]).await;
    let closed = act(&world, "*", json!({ "action": "reopen" })).await;
    assert_eq!((closed.status, closed.problem().as_str()), (409, "incident-closed"));
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_the_reason() {
    let world = World::new().await;
    let today = now().date_naive();
    for (body, status, word) in [
        (json!({ "action": "order", "quantity": 0, "expected_on": today }), 422, "1 to 1000000"),
        (json!({ "action": "order", "quantity": 1, "expected_on": "2020-01-01" }), 422, "from today"),
        (json!({ "action": "snooze", "until": "2020-01-01T00:00:00Z" }), 422, "90 days ahead"),
        (json!({ "action": "order", "quantity": 1 }), 400, "missing field `expected_on`"),
        (json!({ "action": "acknowledge", "quantity": 1 }), 400, "unknown field `quantity`"),
        (json!({ "action": "close" }), 400, "unknown variant `close`"),
        (json!({}), 400, "missing field `action`"),
    ] {
        let reply = act(&world, "*", body.clone()).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.json());
        assert!(reply.json()["detail"].as_str().unwrap().contains(word), "{body}: {}", reply.json());
    }
    for number in ["2", "x", "99999999999999999999"] {
        let address = format!("/api/v1/incidents/{number}/actions");
        let reply = world.send(Method::POST, &address, Some("*"), &json!({ "action": "reopen" })).await;
        assert_eq!((reply.status, reply.problem().as_str()), (404, "unknown-incident"), "{number}");
    }
    assert!(world.log("1").await.is_empty());
}
