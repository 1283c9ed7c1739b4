//! Signing out.

use http::Method;
use leitwarte_web::session::SessionId;
use serde_json::{Value, json};

use crate::rig::{Browser, HERE, Reply, World, ask};

const LOGOUT: &str = "/api/v1/auth/logout";

async fn signed_in() -> (World, Browser, String) {
    let world = World::new().await;
    let mut browser = Browser::default();
    world.sign_in_with(&mut browser, &json!({})).await;
    let token = SessionId::from_cookie(browser.session().unwrap()).unwrap().csrf_token();
    (world, browser, token)
}

async fn post(world: &World, browser: &Browser, headers: &[(&str, &str)], body: &str) -> Reply {
    ask(&world.deps, Method::POST, LOGOUT, browser, headers, body).await
}

#[tokio::test]
async fn a_script_signs_out_here_and_learns_where_at_microsoft() {
    let (world, mut browser, token) = signed_in().await;
    let headers = [("origin", HERE), ("x-csrf-token", token.as_str()), ("accept", "application/json")];
    let reply = post(&world, &browser, &headers, "").await;
    let location = serde_json::from_str::<Value>(&reply.body).unwrap()["location"].as_str().unwrap().to_owned();
    assert!(location.starts_with(&world.provider.address()) && location.contains("/oauth2/v2.0/logout?"), "{location}");
    assert!(location.contains("post_logout_redirect_uri=https%3A%2F%2Fleitwarte.contoso.example%2F"), "{location}");
    browser.take(&reply);
    assert_eq!(browser.session(), None);
    assert_eq!(world.sessions().await, 0);
}

#[tokio::test]
async fn a_form_signs_out_and_goes_on_to_microsoft_by_itself() {
    let (world, browser, token) = signed_in().await;
    let headers = [("origin", HERE), ("content-type", "application/x-www-form-urlencoded"), ("accept-language", "de")];
    let reply = post(&world, &browser, &headers, &format!("csrf={token}")).await;
    assert_eq!(reply.status, 200);
    assert!(reply.header("refresh").starts_with(&format!("0;url={}", world.provider.address())), "{reply:?}");
    assert!(
        reply.body.contains("Abgemeldet") && reply.header("content-security-policy").contains("default-src 'none'")
    );
    assert_eq!(world.sessions().await, 0);
}

#[tokio::test]
async fn another_site_signs_nobody_out() {
    let (world, browser, token) = signed_in().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = format!("csrf={token}");
    let cases: [(&[(&str, &str)], &str); 8] = [
        (&[], ""),
        (&[("origin", HERE)], ""),
        (&[("x-csrf-token", &token)], ""),
        (&[("origin", "https://evil.example"), ("x-csrf-token", &token)], ""),
        (&[("origin", HERE), ("sec-fetch-site", "cross-site"), ("x-csrf-token", &token)], ""),
        (&[("origin", HERE), ("x-csrf-token", "wrong")], ""),
        (&[("origin", HERE), form], &format!("{body}&{body}")),
        (&[("origin", HERE), ("content-type", "text/plain")], &body),
    ];
    for (index, (headers, body)) in cases.into_iter().enumerate() {
        let reply = post(&world, &browser, headers, body).await;
        assert!(reply.status == 403 && reply.body.contains("/problems/cross-site"), "{index}: {reply:?}");
    }
    assert_eq!(world.sessions().await, 1);
}

#[tokio::test]
async fn a_link_signs_nobody_out_and_without_a_session_there_is_nothing_to_end() {
    let (world, browser, _) = signed_in().await;
    let reply = ask(&world.deps, Method::GET, LOGOUT, &browser, &[], "").await;
    assert_eq!((reply.status, reply.header("allow")), (405, "POST"));
    assert_eq!(world.sessions().await, 1);
    let reply = post(&world, &Browser::default(), &[("origin", "https://evil.example")], "").await;
    assert_eq!(reply.location(), "/");
}

#[tokio::test]
async fn whoever_is_signed_out_already_goes_on_to_microsoft_too() {
    let (world, browser, token) = signed_in().await;
    let headers = [("origin", HERE), ("x-csrf-token", token.as_str())];
    for _ in 0..2 {
        assert_eq!(post(&world, &browser, &headers, "").await.status, 200);
    }
}

#[tokio::test]
async fn while_the_database_is_away_a_person_is_led_to_a_page_and_a_script_gets_a_problem() {
    let (world, browser, token) = signed_in().await;
    world.refuse_to_end_sessions().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let reply = post(&world, &browser, &[("origin", HERE), form], &format!("csrf={token}")).await;
    assert_eq!((reply.status, reply.location()), (303, "/sign-in-problem?reason=database-unavailable"));
    let headers = [("origin", HERE), ("x-csrf-token", token.as_str()), ("accept", "application/json")];
    let reply = post(&world, &browser, &headers, "").await;
    assert!(reply.status == 503 && reply.body.contains("/problems/store-unavailable"), "{reply:?}");
    assert_eq!(world.sessions().await, 1);
}
