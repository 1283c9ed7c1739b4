//! Rules people set.

use http::Method;
use leitwarte_core::rules::Scope;
use leitwarte_web::openapi::Rule;
use serde_json::json;

use crate::world::{E3, World};

#[tokio::test]
async fn a_rule_is_set_for_a_scope_and_taken_back_by_an_empty_one() {
    let world = World::new().await;
    let address = format!("/api/v1/rules?tenant=contoso&skuid={E3}");
    let rule = json!({ "short_at": "10%", "clear_above": "15%", "reserve": 2, "delivery_days": 6 });
    let reply = world.send(Method::PUT, &address, Some("\"0\""), &rule).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let set: Rule = serde_json::from_value(reply.json()).unwrap();
    assert_eq!(
        (set.tenant.as_deref(), set.skuid, set.changed_by.as_deref()),
        (Some("contoso"), Some(E3), Some("Ada Muster"))
    );
    let scope = Scope { tenant: Some("contoso".to_owned()), sku: Some(E3) };
    assert_eq!(world.store.rules().await.unwrap().exactly(&scope).delivery_days, Some(6));
    let late = world.send(Method::PUT, &address, Some("\"0\""), &json!({})).await;
    assert_eq!((late.status, &late.json()["current"]["version"]), (412, &json!(set.version)));
    let back = world.send(Method::PUT, &address, Some(&format!("\"{}\"", set.version)), &json!({})).await;
    assert_eq!((back.status, &back.json()["version"]), (200, &json!(0)));
    assert_eq!(world.store.rules().await.unwrap().iter().count(), 0);
    assert_eq!(world.log("contoso").await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_the_reason() {
    let world = World::new().await;
    for (address, rule, status, word) in [
        ("/api/v1/rules", json!({ "short_at": "many" }), 400, "is no threshold"),
        ("/api/v1/rules", json!({ "short_at": "5", "clear_above": "4" }), 422, "cannot end above 4"),
        ("/api/v1/rules", json!({ "reserve": -1 }), 422, "reserve"),
        ("/api/v1/rules", json!({ "excluded": " " }), 422, "reason"),
        ("/api/v1/rules", json!({ "short": "5" }), 400, "unknown field `short`"),
        ("/api/v1/rules?skuid=SPE_E3", json!({}), 400, "no GUID"),
        ("/api/v1/rules?sku=x", json!({}), 400, "`sku` is not known here"),
        ("/api/v1/rules?tenant=nobody", json!({}), 404, "nobody"),
    ] {
        let reply = world.send(Method::PUT, address, Some("*"), &rule).await;
        assert_eq!(reply.status, status, "{rule}: {}", reply.json());
        assert!(reply.json()["detail"].as_str().unwrap().contains(word), "{rule}: {}", reply.json());
    }
    assert_eq!(world.store.rules().await.unwrap().iter().count(), 0);
}
