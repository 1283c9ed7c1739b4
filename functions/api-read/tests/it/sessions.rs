//! People with a session: the same rights as with a token, until the session ends.

use crate::support::{World, now};
use api_read::routes::ROUTES;
use http::Method;
use leitwarte_core::TimeDelta;
use leitwarte_store::{Actor, Content, TABLES};
use leitwarte_web::pages::is_page;
use leitwarte_web::permission::{Permission, Role};
use leitwarte_web::session::SessionId;
use serde_json::json;

/// An address of each route.
fn addresses() -> Vec<(&'static str, Permission, String)> {
    let fill = |path: &str| {
        let known = [("{tenant+}", "contoso"), ("{number}", "1"), ("{proxy+}", "style.css")];
        known.iter().fold(path.to_owned(), |path, (parameter, value)| path.replace(parameter, value))
    };
    ROUTES
        .iter()
        .filter(|route| route.method == Method::GET)
        .map(|route| (route.path, route.permission, fill(route.path)))
        .collect()
}

async fn contents(world: &World) -> Vec<Content> {
    world.writer().await.database().contents(&TABLES).await.unwrap()
}

#[tokio::test]
async fn a_session_may_do_what_a_token_with_the_same_rights_may() {
    let world = World::with_tenants().await;
    let callers: [(&str, &[Role]); 4] =
        [("none", &[]), ("read", &[Role::Read]), ("manage", &[Role::Manage]), ("admin", &[Role::Admin])];
    let mut cells = 0;
    for (name, rights) in callers {
        let session = world.session(name, rights, now()).await;
        let roles: Vec<&str> = rights.iter().map(|role| role.as_str()).collect();
        let token = format!("Bearer {}", world.token(&json!({ "roles": roles })));
        for (path, _, address) in addresses() {
            for method in [Method::GET, Method::HEAD] {
                let with_token = world.ask(method.clone(), &address, &[("authorization", &token)]).await;
                let with_session = world.ask_with_session(method.clone(), &address, &session).await;
                assert_eq!(with_session.status, with_token.status, "{method} {path} by {name}");
                cells += 1;
            }
        }
    }
    println!("{cells} cells");
}

#[tokio::test]
async fn a03_old_cookies_fail_after_logout_role_change_and_idle_time() {
    let world = World::with_tenants().await;
    let store = world.writer().await;
    let signed_out = world.session("ada", &[Role::Admin], now()).await;
    store.sign_out(&signed_out.hash(), now()).await.unwrap();
    let changed = world.session("bob", &[Role::Admin], now()).await;
    let person = store.session(&changed.hash()).await.unwrap().unwrap().person;
    store.end_sessions_of(person, Actor { person: None, who: "operator" }, now()).await.unwrap();
    let other_rights = world.session("cleo", &[Role::Admin], now()).await;
    world.session("cleo", &[Role::Read], now() + TimeDelta::seconds(1)).await;
    let idle = world.session("dan", &[Role::Admin], now() - TimeDelta::minutes(30)).await;
    let old = world.session("eve", &[Role::Admin], now() - TimeDelta::hours(8)).await;
    for minutes in (1..480).step_by(20) {
        store.touch_session(&old.hash(), now() - TimeDelta::minutes(480 - minutes)).await.unwrap();
    }
    let forged = SessionId::new([7; 32]);
    for (name, session) in [
        ("signed out", signed_out),
        ("role changed", changed),
        ("rights changed at Entra", other_rights),
        ("30 idle minutes", idle),
        ("8 hours", old),
        ("a01: forged", forged),
    ] {
        for (path, permission, address) in addresses() {
            let reply = world.ask_with_session(Method::GET, &address, &session).await;
            match (permission, is_page(&address)) {
                (Permission::Public, _) => assert!(reply.status < 500 && reply.status != 401, "{name}: {path}"),
                (_, true) => {
                    assert!(reply.header("location").starts_with("/api/v1/auth/login?return="), "{name}: {path}");
                }
                (_, false) => {
                    assert_eq!((reply.status, reply.problem().as_str()), (401, "session-ended"), "{name}: {path}");
                }
            }
        }
    }
    // A moment earlier they would have counted.
    for (name, age) in [("fay", TimeDelta::minutes(30)), ("gus", TimeDelta::minutes(1))] {
        let session = world.session(name, &[], now() - age + TimeDelta::seconds(1)).await;
        assert_eq!(
            world.ask_with_session(Method::GET, "/api/v1/licenses/status", &session).await.status,
            200,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a06_nothing_is_written_on_any_get() {
    let world = World::with_tenants().await;
    let fresh = world.session("ada", &[Role::Admin], now() - TimeDelta::seconds(59)).await;
    let before = contents(&world).await;
    for (_, _, address) in addresses() {
        for method in [Method::GET, Method::HEAD] {
            world.ask_with_session(method.clone(), &address, &fresh).await;
            world.ask(method, &address, &[]).await;
        }
    }
    assert_eq!(contents(&world).await, before);
}

#[tokio::test]
async fn that_a_session_is_used_is_written_down_once_a_minute_and_nothing_else() {
    let world = World::with_tenants().await;
    let session = world.session("ada", &[], now() - TimeDelta::minutes(5)).await;
    let before = contents(&world).await;
    assert_eq!(world.ask_with_session(Method::GET, "/api/v1/incidents", &session).await.status, 200);
    let after = contents(&world).await;
    let changed: Vec<&str> =
        before.iter().zip(&after).filter(|(one, other)| one != other).map(|(one, _)| one.table.as_str()).collect();
    assert_eq!(changed, ["sessions"]);
    let store = world.writer().await;
    assert_eq!(store.session(&session.hash()).await.unwrap().unwrap().times.last_seen_at, now());
    world.ask_with_session(Method::GET, "/api/v1/incidents", &session).await;
    assert_eq!(contents(&world).await, after);
}

#[tokio::test]
async fn a_browser_without_a_session_is_led_to_sign_in() {
    let world = World::with_tenants().await;
    let reply = world.ask(Method::GET, "/licences?filter=E3", &[]).await;
    assert_eq!((reply.status, reply.header("location")), (303, "/api/v1/auth/login?return=%2Flicences%3Ffilter%3DE3"));
    assert_eq!(reply.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_request_that_could_change_something_has_to_come_from_our_page() {
    let world = World::with_tenants().await;
    let session = world.session("ada", &[Role::Admin], now()).await;
    let (cookie, token) = (format!("leitwarte={}", session.cookie_value()), session.csrf_token());
    let without = [("cookie", cookie.as_str())];
    let with = [("cookie", cookie.as_str()), ("origin", "http://localhost:8080"), ("x-csrf-token", token.as_str())];
    let reply = world.ask(Method::POST, "/api/v1/licenses/status", &without).await;
    assert_eq!((reply.status, reply.problem().as_str()), (403, "cross-site"));
    assert_eq!(world.ask(Method::POST, "/api/v1/licenses/status", &with).await.status, 405);
}
