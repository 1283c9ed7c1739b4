//! Polls people ask for.

use http::Method;
use leitwarte_store::SwitchWish;
use leitwarte_web::openapi::PollAsked;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, ResponseTemplate};

use crate::world::{Reply, World, now, stock};

const FETCH: &str = "/api/v1/licenses/status/fetch";

async fn fetch(world: &World, address: &str) -> Reply {
    world.send(Method::POST, address, None, &json!({})).await
}

#[tokio::test]
async fn one_click_is_one_event_however_often_somebody_clicks() {
    let world = World::new().await;
    for already in [false, true, true] {
        let reply = fetch(&world, &format!("{FETCH}/contoso")).await;
        assert_eq!((reply.status, reply.header("location")), (202, "/api/v1/licenses/polls/contoso?after=1"));
        let asked: PollAsked = serde_json::from_value(reply.json()).unwrap();
        assert_eq!((asked.location.as_str(), asked.already), (reply.header("location"), already));
    }
    assert_eq!(world.events().await, [json!({ "tenants": ["contoso"] })], "a list: a failed poll is no dead letter");
    world.record("contoso", vec![stock(50, 3)]).await;
    let again = fetch(&world, &format!("{FETCH}/contoso")).await;
    assert_eq!(again.header("location"), "/api/v1/licenses/polls/contoso?after=2");
    assert_eq!(world.log("contoso").await.len(), 2);
}

#[tokio::test]
async fn a_tenant_is_named_by_its_key_or_its_exact_name() {
    let world = World::new().await;
    let reply = fetch(&world, &format!("{FETCH}/Contoso%20Z%C3%BCrich%20AG")).await;
    assert_eq!((reply.status, reply.header("location")), (202, "/api/v1/licenses/polls/contoso?after=1"));
    assert_eq!(fetch(&world, &format!("{FETCH}/nobody")).await.problem(), "unknown-tenant");
    let off = SwitchWish { enabled: Some(false), monitoring: None };
    let actor = leitwarte_store::Actor { person: None, who: "ada" };
    world.store.switch_tenant("fabrikam", None, off, actor, now()).await.unwrap();
    assert_eq!(fetch(&world, &format!("{FETCH}/fabrikam")).await.problem(), "tenant-disabled");
    assert_eq!(world.events().await.len(), 1);
}

#[tokio::test]
async fn everybody_is_polled_by_one_event() {
    let world = World::new().await;
    for _ in 0..2 {
        let reply = fetch(&world, FETCH).await;
        let address = format!("/api/v1/licenses/polls?since={}", now().timestamp_millis());
        assert_eq!((reply.status, reply.header("location")), (202, address.as_str()));
    }
    assert_eq!(world.events().await, [json!({})]);
    assert_eq!(world.log("").await.len(), 1);
}

#[tokio::test]
async fn a_host_that_does_not_take_it_is_told_and_the_next_click_is_heard() {
    let world = World::new().await;
    world.host.reset().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(429)).mount(&world.host).await;
    let reply = fetch(&world, &format!("{FETCH}/contoso")).await;
    assert_eq!((reply.status, reply.problem().as_str()), (503, "host-unavailable"));
    world.host.reset().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(202)).mount(&world.host).await;
    let reply = fetch(&world, &format!("{FETCH}/contoso")).await;
    assert_eq!((reply.status, &reply.json()["already"]), (202, &Value::Bool(false)));
}

#[tokio::test]
async fn a_body_that_says_more_is_refused() {
    let world = World::new().await;
    let reply = world.send(Method::POST, FETCH, None, &json!({ "tenant": "contoso" })).await;
    assert_eq!((reply.status, reply.problem().as_str()), (400, "bad-body"));
    assert!(world.events().await.is_empty());
}
