//! Ways to come back that are not the one way: none of them signs anybody in.

use http::Method;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::provider::{KEY, SECRET, sign};
use crate::rig::{Browser, Reply, World, ask, eleven_minutes_ago, get, now};

/// A change of one letter.
fn altered(text: &str) -> String {
    let last = if text.ends_with('A') { 'B' } else { 'A' };
    format!("{}{last}", &text[..text.len() - 1])
}

/// A sign-in that would succeed, were nothing changed.
async fn promising(world: &World, browser: &mut Browser) -> Reply {
    let login = world.login(browser).await;
    let claims = world.provider.person(&login.query("nonce"), now());
    world.provider.answer_token(sign(&claims, &KEY));
    login
}

#[tokio::test]
async fn no_altered_address_signs_anybody_in() {
    let world = World::new().await;
    let other_state = promising(&world, &mut Browser::default()).await.query("state");
    let many = "c".repeat(9000);
    let queries: [(&str, &str, &str); 22] = [
        ("nothing", "", "attempt-lost"),
        ("no state", "code=abc", "attempt-lost"),
        ("an empty state", "code=abc&state=", "attempt-lost"),
        ("a state cut short", "code=abc&state={cut}", "attempt-lost"),
        ("an altered state", "code=abc&state={altered}", "attempt-lost"),
        ("a longer state", "code=abc&state={state}A", "attempt-lost"),
        ("the state in capitals", "code=abc&STATE={state}", "attempt-lost"),
        ("the state of another browser", "code=abc&state={other}", "attempt-lost"),
        ("a state with an escape", "code=abc&state=%00{state}", "attempt-lost"),
        ("two states", "code=abc&state={state}&state={state}", "not-trusted"),
        ("two states of which one is right", "code=abc&state={other}&state={state}", "not-trusted"),
        ("two codes", "code=abc&code=def&state={state}", "not-trusted"),
        ("no code", "state={state}", "not-trusted"),
        ("an empty code", "code=&state={state}", "not-trusted"),
        ("an endless code", "code={many}&state={state}", "not-trusted"),
        ("a token instead of a code", "id_token=x&access_token=y&state={state}", "not-trusted"),
        ("an error", "error=access_denied&state={state}", "cancelled"),
        ("an error beside a code", "code=abc&error=access_denied&state={state}", "cancelled"),
        ("not assigned", "error=access_denied&error_description=AADSTS50105%3A+x&state={state}", "not-assigned"),
        ("no consent", "error=consent_required&state={state}", "no-consent"),
        ("an error that nobody knows", "error=%3Cscript%3E&state={state}", "set-up-refused"),
        ("an error without state", "error=access_denied", "attempt-lost"),
    ];
    let mut refused = 0;
    for (name, query, reason) in queries {
        let mut browser = Browser::default();
        let state = promising(&world, &mut browser).await.query("state");
        let query = query
            .replace("{state}", &state)
            .replace("{cut}", &state[..42])
            .replace("{altered}", &altered(&state))
            .replace("{other}", &other_state)
            .replace("{many}", &many);
        let reply = get(&world.deps, &format!("/api/v1/auth/callback?{query}"), &mut browser).await;
        assert_eq!(reply.problem(), reason, "{name}");
        assert_eq!(browser.session(), None, "{name}");
        refused += 1;
    }
    println!("{refused} altered addresses refused");
    assert_eq!(world.sessions().await, 0);
}

#[tokio::test]
async fn no_altered_cookie_signs_anybody_in() {
    let world = World::new().await;
    let mut refused = 0;
    for name in ["none", "another browser's", "altered", "empty", "renamed", "swapped between attempts", "a session's"]
    {
        let mut browser = Browser::default();
        let login = promising(&world, &mut browser).await;
        let own = browser.attempts().remove(0);
        let value = browser.0[&own].clone();
        match name {
            "none" => browser = Browser::default(),
            "another browser's" => {
                browser = Browser::default();
                world.login(&mut browser).await;
            }
            "altered" => browser.0 = [(own, altered(&value))].into(),
            "empty" => browser.0 = [(own, String::new())].into(),
            "renamed" => browser.0 = [(own.replace("__Host-", ""), value)].into(),
            "swapped between attempts" => {
                let mut second = Browser::default();
                promising(&world, &mut second).await;
                let theirs = second.0.values().next().unwrap().clone();
                browser.0 = [(own, theirs)].into();
            }
            _ => browser.0 = [(crate::rig::SESSION.to_owned(), value)].into(),
        }
        assert_eq!(world.come_back(&mut browser, &login).await.problem(), "attempt-lost", "{name}");
        refused += 1;
    }
    println!("{refused} altered cookies refused");
    assert_eq!(world.sessions().await, 0);
}

#[tokio::test]
async fn an_attempt_ends_after_ten_minutes_and_with_its_credential() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let earlier = world.another_host(eleven_minutes_ago).await;
    let login = get(&earlier, "/api/v1/auth/login", &mut browser).await;
    assert_eq!(world.come_back(&mut browser, &login).await.problem(), "attempt-lost");

    let login = promising(&world, &mut browser).await;
    world.write_profile(&json!({ "client_secret": format!("{SECRET}, renewed") }));
    let host = world.another_host(now).await;
    let address = format!("/api/v1/auth/callback?code=abc&state={}", login.query("state"));
    assert_eq!(get(&host, &address, &mut browser).await.problem(), "attempt-lost");
}

#[tokio::test]
async fn what_came_back_once_comes_back_no_second_time() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let login = promising(&world, &mut browser).await;
    let kept = browser.clone();
    assert_eq!(world.come_back(&mut browser, &login).await.location(), "/licences");
    // The same browser has no attempt any more; somebody who copied its cookies has, and a host that takes codes twice.
    assert_eq!(world.come_back(&mut browser, &login).await.problem(), "attempt-lost");
    let mut copied = kept;
    assert_eq!(world.come_back(&mut copied, &login).await.problem(), "used-before");
    assert_eq!(copied.session(), None);
    assert_eq!(world.sessions().await, 1);
}

#[tokio::test]
async fn a_sign_in_host_that_does_not_answer_as_it_should_signs_nobody_in() {
    let world = World::new().await;
    let token = || json!({ "token_type": "Bearer", "access_token": "x" });
    let error =
        |word: &str| json!({ "error": word, "error_description": "AADSTS7000222: The secret of Ada is expired." });
    let elsewhere = ResponseTemplate::new(302).insert_header("location", "https://evil.example/");
    let huge = ResponseTemplate::new(200).set_body_string("x".repeat(300_000));
    for (name, answer, reason) in [
        ("an old code", ResponseTemplate::new(400).set_body_json(error("invalid_grant")), "not-trusted"),
        ("an expired secret", ResponseTemplate::new(401).set_body_json(error("invalid_client")), "set-up-refused"),
        ("no permission", ResponseTemplate::new(400).set_body_json(error("unauthorized_client")), "set-up-refused"),
        ("no ID token", ResponseTemplate::new(200).set_body_json(token()), "not-trusted"),
        ("HTML", ResponseTemplate::new(200).set_body_raw("<html>", "text/html"), "not-trusted"),
        ("nothing", ResponseTemplate::new(200), "not-trusted"),
        ("a failure", ResponseTemplate::new(500).set_body_string("oops"), "not-trusted"),
        ("another address", elsewhere, "not-trusted"),
        ("too much", huge, "microsoft-unavailable"),
    ] {
        let mut browser = Browser::default();
        let login = world.login(&mut browser).await;
        world.provider.answer(move |_| answer.clone());
        assert_eq!(world.come_back(&mut browser, &login).await.problem(), reason, "{name}");
    }
    assert_eq!(world.sessions().await, 0);
}

#[tokio::test]
async fn only_a_get_comes_back() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let login = promising(&world, &mut browser).await;
    let address = format!("/api/v1/auth/callback?code=abc&state={}", login.query("state"));
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let reply = ask(&world.deps, method.clone(), &address, &browser, &[], "").await;
        assert!(reply.status >= 400 && reply.cookies.is_empty(), "{method}: {reply:?}");
    }
    assert_eq!(world.sessions().await, 0);
}
