//! The flaws of the source system that must not be here (security.md), by their numbers.

use http::Method;
use leitwarte_web::session::SessionId;
use serde_json::json;

use crate::provider::{KEY, SECRET, sign};
use crate::rig::{Browser, SESSION, World, ask, get, now};

#[tokio::test]
async fn a01_a_forged_cookie_is_no_session() {
    let world = World::new().await;
    let mut browser = Browser::default();
    world.sign_in_with(&mut browser, &json!({})).await;
    let real = browser.session().unwrap().clone();
    let store = world.store().await;
    for forged in [
        SessionId::new([0; 32]),
        SessionId::new([7; 32]),
        SessionId::from_cookie(&SessionId::from_cookie(&real).unwrap().hash()).unwrap(),
    ] {
        assert!(store.session(&forged.hash()).await.unwrap().is_none());
    }
    // The id is nowhere in the database: what is there does not sign anybody in.
    let database = std::fs::read(world.folder.path().join("leitwarte.db")).unwrap();
    let log = std::fs::read(world.folder.path().join("leitwarte.db-wal")).unwrap_or_default();
    for file in [database, log] {
        assert!(!file.windows(real.len()).any(|window| window == real.as_bytes()));
    }
}

#[tokio::test]
async fn a02_a_sign_in_has_state_nonce_and_pkce_and_none_of_them_counts_twice() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let login = world.login(&mut browser).await;
    for name in ["state", "nonce", "code_challenge"] {
        assert!(!login.query(name).is_empty(), "{name}");
    }
    assert_eq!(login.query("code_challenge_method"), "S256");
    world.provider.answer_token(sign(&world.provider.person(&login.query("nonce"), now()), &KEY));
    let kept = browser.clone();
    assert!(world.come_back(&mut browser, &login).await.location() == "/licences");
    assert_eq!(world.come_back(&mut kept.clone(), &login).await.problem(), "used-before");
    let sent = world.provider.exchanged().await;
    let verifier = sent[0].split('&').find_map(|pair| pair.strip_prefix("code_verifier=")).unwrap();
    assert_eq!(verifier.len(), 43);
}

#[tokio::test]
async fn a03_a_session_ends_at_logout_and_its_cookie_is_for_this_site_alone() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let reply = world.sign_in_with(&mut browser, &json!({})).await;
    let cookie = reply.cookies.iter().find(|line| line.starts_with(SESSION)).unwrap();
    for attribute in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires") && !cookie.contains("Domain"), "{cookie}");
    let id = SessionId::from_cookie(browser.session().unwrap()).unwrap();
    let token = id.csrf_token();
    let headers = [("origin", crate::rig::HERE), ("x-csrf-token", token.as_str())];
    ask(&world.deps, Method::POST, "/api/v1/auth/logout", &browser, &headers, "").await;
    assert!(world.store().await.session(&id.hash()).await.unwrap().is_none(), "the old cookie leads nowhere");
}

#[tokio::test]
async fn a06_beginning_a_sign_in_writes_nothing_and_following_a_link_signs_nobody_out() {
    let world = World::new().await;
    let mut browser = Browser::default();
    world.sign_in_with(&mut browser, &json!({})).await;
    let before = world.contents().await;
    for address in ["/api/v1/auth/login", "/api/v1/auth/login?return=%2Foverview", "/api/v1/auth/logout"] {
        for method in [Method::GET, Method::HEAD] {
            ask(&world.deps, method, address, &browser, &[], "").await;
        }
    }
    let login = world.login(&mut browser).await;
    for query in ["", "code=abc", "error=access_denied"] {
        get(&world.deps, &format!("/api/v1/auth/callback?{query}"), &mut browser.clone()).await;
    }
    world.provider.answer_token("forged");
    world.come_back(&mut browser, &login).await;
    assert_eq!(world.contents().await, before);
}

#[tokio::test]
async fn a13_nobody_gets_a_right_that_entra_did_not_give() {
    let world = World::new().await;
    let mut browser = Browser::default();
    world.sign_in_with(&mut browser, &json!({})).await;
    let id = SessionId::from_cookie(browser.session().unwrap()).unwrap();
    let session = world.store().await.session(&id.hash()).await.unwrap().unwrap();
    assert!(session.rights.is_empty(), "seeing is all that an account of the home tenant gives");
    assert!(!world.provider.exchanged().await.is_empty() && !format!("{:?}", world.deps).contains(SECRET));
}

#[tokio::test]
async fn d07_each_sign_in_has_a_new_session_and_ends_the_old_one() {
    let world = World::new().await;
    let mut browser = Browser::default();
    // An id that somebody planted before the sign-in.
    browser.0.insert(SESSION.to_owned(), SessionId::new([7; 32]).cookie_value());
    world.sign_in_with(&mut browser, &json!({})).await;
    let first = browser.session().unwrap().clone();
    assert_ne!(first, SessionId::new([7; 32]).cookie_value());
    world.sign_in_with(&mut browser, &json!({})).await;
    let second = browser.session().unwrap().clone();
    assert_ne!(first, second);
    let store = world.store().await;
    let alive =
        async |cookie: &str| store.session(&SessionId::from_cookie(cookie).unwrap().hash()).await.unwrap().is_some();
    assert!(!alive(&first).await && alive(&second).await);
}

#[tokio::test]
async fn d04_and_d06_a_role_change_at_entra_ends_sessions_with_the_old_rights_and_a_name_is_nobodys_account() {
    let world = World::new().await;
    let (mut office, mut phone) = (Browser::default(), Browser::default());
    world.sign_in_with(&mut office, &json!({ "roles": ["Admin"] })).await;
    world.sign_in_with(&mut phone, &json!({})).await;
    let store = world.store().await;
    let hash = |browser: &Browser| SessionId::from_cookie(browser.session().unwrap()).unwrap().hash();
    assert!(store.session(&hash(&office)).await.unwrap().is_none(), "the role was taken away");
    let session = store.session(&hash(&phone)).await.unwrap().unwrap();
    assert!(session.rights.is_empty());
    let mut namesake = Browser::default();
    let other = json!({ "oid": "99999999-0000-4000-8000-000000000009", "sub": "other" });
    world.sign_in_with(&mut namesake, &other).await;
    let namesake = store.session(&hash(&namesake)).await.unwrap().unwrap();
    assert_ne!(namesake.person, session.person);
}
