//! Tokens for Leitwarte's own API, checked the way any resource server would.

use std::collections::HashMap;

use chrono::TimeDelta;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use leitwarte_graph_simulator::{ApiApp, Config, DemoRole, Simulator};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::rig::http_client;

const APP: ApiApp = ApiApp { tenant_id: Uuid::from_u128(0x77), client_id: Uuid::from_u128(0x88) };

async fn simulator() -> Simulator {
    Simulator::start(Config { api: Some(APP), ..Config::new(Vec::new()) }).await.expect("a free port")
}

async fn keys(simulator: &Simulator) -> HashMap<String, DecodingKey> {
    let url = format!("{}/{}/discovery/v2.0/keys", simulator.base_url(), APP.tenant_id);
    let keys: JwkSet = http_client().get(url).send().await.expect("an answer").json().await.expect("a key set");
    let named = |key: &jsonwebtoken::jwk::Jwk| key.common.key_id.clone().expect("a kid");
    keys.keys.iter().map(|key| (named(key), DecodingKey::from_jwk(key).expect("RSA"))).collect()
}

fn check(simulator: &Simulator, token: &str, keys: &HashMap<String, DecodingKey>) -> Result<Value, String> {
    let kid = jsonwebtoken::decode_header(token).expect("a JWT").kid.expect("a kid");
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&[APP.client_id]);
    rules.set_issuer(&[format!("{}/{}/v2.0", simulator.base_url(), APP.tenant_id)]);
    let key = keys.get(&kid).ok_or("unknown kid")?;
    jsonwebtoken::decode(token, key, &rules).map(|token| token.claims).map_err(|error| error.to_string())
}

async fn demo_token(simulator: &Simulator, role: &str) -> String {
    let url = format!("{}/demo/token?role={role}", simulator.base_url());
    http_client().get(url).send().await.expect("an answer").text().await.expect("text")
}

#[tokio::test]
async fn each_role_gets_an_entra_token_for_our_api() {
    let simulator = simulator().await;
    let keys = keys(&simulator).await;
    for (role, claim) in [
        ("Read", json!(["Licences.Read"])),
        ("Manage", json!(["Licences.Manage"])),
        ("Admin", json!(["Admin"])),
        ("none", Value::Null),
    ] {
        let claims = check(&simulator, &demo_token(&simulator, role).await, &keys).expect("a good token");
        assert_eq!(claims["roles"], claim);
        assert_eq!((&claims["ver"], &claims["tid"]), (&json!("2.0"), &json!(APP.tenant_id)));
        for name in ["oid", "sub", "scp", "azp", "name", "preferred_username", "nbf", "iat"] {
            assert!(!claims[name].is_null(), "{name}");
        }
    }
}

#[tokio::test]
async fn an_unknown_role_is_refused() {
    assert_eq!(demo_token(&simulator().await, "King").await, "`King` is not a role; use Read, Manage, Admin or none");
}

#[tokio::test]
async fn without_an_api_app_there_are_no_tokens() {
    let simulator = Simulator::start(Config::new(Vec::new())).await.expect("a free port");
    let response = http_client().get(format!("{}/demo/token", simulator.base_url())).send().await.expect("an answer");
    assert_eq!(response.status(), 404);
    assert!(simulator.api_token(DemoRole::Read, TimeDelta::hours(1)).is_none());
}

#[tokio::test]
async fn after_a_rotation_old_and_new_tokens_are_good() {
    let simulator = simulator().await;
    let old = demo_token(&simulator, "Read").await;
    let stale_keys = keys(&simulator).await;
    let rotate = http_client().post(format!("{}/simulator/keys/rotate", simulator.base_url()));
    assert_eq!(rotate.send().await.expect("an answer").status(), 204);
    let new = demo_token(&simulator, "Read").await;
    assert_eq!(check(&simulator, &new, &stale_keys), Err("unknown kid".to_owned()));
    let keys = keys(&simulator).await;
    assert!(check(&simulator, &old, &keys).is_ok() && check(&simulator, &new, &keys).is_ok());
}

#[tokio::test]
async fn a_token_can_be_made_that_is_over() {
    let simulator = simulator().await;
    let token = simulator.api_token(DemoRole::Admin, TimeDelta::minutes(-5)).expect("a token");
    assert_eq!(check(&simulator, &token, &keys(&simulator).await), Err("ExpiredSignature".to_owned()));
}

#[tokio::test]
async fn discovery_describes_the_home_tenant_and_no_other() {
    let simulator = simulator().await;
    let of = |tenant| format!("{}/{tenant}/v2.0/.well-known/openid-configuration", simulator.base_url());
    let document: Value =
        http_client().get(of(APP.tenant_id)).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(document["issuer"], json!(format!("{}/{}/v2.0", simulator.base_url(), APP.tenant_id)));
    let other = http_client().get(of(Uuid::from_u128(1))).send().await.expect("an answer");
    assert_eq!(other.status(), 400);
    assert!(other.text().await.expect("text").contains("AADSTS90002"));
}

#[tokio::test]
async fn instance_discovery_leads_to_the_tenants_document() {
    let simulator = simulator().await;
    let authorize = format!("{}/{}/oauth2/v2.0/authorize", simulator.base_url(), APP.tenant_id);
    let ask = |endpoint: String| {
        let url = format!("{}/common/discovery/instance", simulator.base_url());
        http_client().get(url).query(&[("api-version", "1.0"), ("authorization_endpoint", &endpoint)]).send()
    };
    let document: Value = ask(authorize).await.expect("an answer").json().await.expect("JSON");
    let expected = format!("{}/{}/v2.0/.well-known/openid-configuration", simulator.base_url(), APP.tenant_id);
    assert_eq!(document["tenant_discovery_endpoint"], json!(expected));
    let unknown = ask("https://login.example/x/oauth2/v2.0/authorize".to_owned()).await.expect("an answer");
    assert_eq!(unknown.status(), 400);
}
