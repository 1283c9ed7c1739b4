//! Switches without SharePoint.

use http::Method;
use leitwarte_web::openapi::MonitoredTenant;
use serde_json::{Value, json};

use crate::world::{World, now};

const CONTOSO: &str = "/api/v1/monitoring/tenants/contoso";

async fn patch(world: &World, if_match: Option<&str>, body: Value) -> crate::world::Reply {
    world.send(Method::PATCH, CONTOSO, if_match, &body).await
}

#[tokio::test]
async fn a_switch_is_set_and_the_answer_is_how_it_is_now() {
    let world = World::new().await;
    let reply = patch(&world, Some("\"1\""), json!({ "monitoring": false })).await;
    assert_eq!((reply.status, reply.header("etag"), reply.header("cache-control")), (200, "\"2\"", "no-store"));
    let tenant: MonitoredTenant = serde_json::from_value(reply.json()).unwrap();
    assert_eq!((tenant.enabled, tenant.monitoring, tenant.version), (true, false, 2));
    assert_eq!((tenant.changed_at, tenant.changed_by.as_str()), (Some(now()), "Ada Muster"));
    assert_eq!(world.log("contoso").await, [("Ada Muster".to_owned(), "tenant-switched".to_owned())]);
}

#[tokio::test]
async fn who_has_not_seen_the_last_change_learns_what_it_was() {
    let world = World::new().await;
    patch(&world, Some("\"1\""), json!({ "monitoring": false })).await;
    let late = patch(&world, Some("\"1\""), json!({ "enabled": false })).await;
    assert_eq!((late.status, late.problem().as_str()), (412, "changed-meanwhile"));
    assert_eq!((&late.json()["current"]["version"], &late.json()["current"]["monitoring"]), (&json!(2), &json!(false)));
    assert!(late.json()["detail"].as_str().unwrap().contains("by Ada Muster"), "{late:?}");
    let whatever = patch(&world, Some("*"), json!({ "enabled": false })).await;
    assert_eq!(whatever.status, 200);
    assert_eq!(world.log("contoso").await.len(), 2, "what was refused is not told");
}

#[tokio::test]
async fn what_is_not_meant_is_refused_by_name_and_changes_nothing() {
    let world = World::new().await;
    for (if_match, body, status, word) in [
        (None, json!({ "enabled": false }), 428, "If-Match"),
        (Some("\"1\""), json!({}), 400, "names no switch"),
        (Some("\"1\""), json!({ "enabled": null }), 400, "invalid type"),
        (Some("\"1\""), json!({ "enabled": "false" }), 400, "invalid type"),
        (Some("\"1\""), json!({ "enabled": false, "admin": true }), 400, "unknown field `admin`"),
        (Some("\"1\""), json!([false]), 400, "not a JSON object"),
    ] {
        let reply = patch(&world, if_match, body.clone()).await;
        assert_eq!(reply.status, status, "{body}: {reply:?}");
        assert!(reply.json()["detail"].as_str().unwrap().contains(word), "{body}: {}", reply.json());
    }
    let unknown =
        world.send(Method::PATCH, "/api/v1/monitoring/tenants/nobody", Some("*"), &json!({ "enabled": true })).await;
    assert_eq!((unknown.status, unknown.problem().as_str()), (404, "unknown-tenant"));
    let query = world.send(Method::PATCH, &format!("{CONTOSO}?force=1"), Some("*"), &json!({ "enabled": true })).await;
    assert_eq!(query.problem(), "unknown-parameter");
    assert!(world.log("contoso").await.is_empty());
}

#[tokio::test]
async fn a_write_by_token_is_known_as_that_of_the_person_behind_it() {
    let world = World::new().await;
    // The account of the world's session, which is person 1.
    world.session(&[]).await;
    let bearer =
        |oid: &str| format!("Bearer {}", world.token(&json!({ "roles": ["Admin"], "name": "Ada", "oid": oid })));
    for (oid, person) in
        [("00000000-0000-0000-0000-000000000005", Some(1)), ("00000000-0000-0000-0000-000000000006", None)]
    {
        let bearer = bearer(oid);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("if-match", "*")];
        let body = json!({ "monitoring": person.is_none() }).to_string();
        assert_eq!(world.ask(Method::PATCH, CONTOSO, &headers, &body).await.status, 200);
        assert_eq!(world.store.audit_log(None, Some("contoso"), 1).await.unwrap()[0].person, person, "{oid}");
    }
}
