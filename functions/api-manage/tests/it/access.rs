//! Who may change what, cell by cell, and from where.

use std::collections::BTreeSet;

use api_manage::routes::ROUTES;
use http::Method;
use leitwarte_web::permission::{Permission, Role};
use serde_json::json;

use crate::world::{SITE, TEMPLATE, World, now};
use leitwarte_web::testing::callers;

#[test]
fn the_table_is_the_template_and_the_template_is_the_table() {
    let function = TEMPLATE.functions.iter().find(|function| function.name == "api-manage").unwrap();
    let template: BTreeSet<String> =
        function.routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let table: BTreeSet<String> = ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(table, template);
}

#[test]
fn nothing_is_public_and_nothing_is_read() {
    for route in &ROUTES {
        // One's own role is everybody's to change, as far as the table of roles lets.
        let is_own = route.path == "/api/v1/roles/changes" && route.permission == Permission::Read;
        assert!(is_own || route.permission >= Permission::Manage, "{}", route.path);
        assert_ne!(route.method, Method::GET, "A6: {}", route.path);
    }
}

/// Method, address and body.
type Change = (&'static str, &'static str, &'static str);

const SWITCH: Change = ("PATCH", "/api/v1/monitoring/tenants/contoso", r#"{"monitoring":false}"#);
const ACT: Change = ("POST", "/api/v1/incidents/1/actions", r#"{"action":"acknowledge"}"#);
const RULE: Change = ("PUT", "/api/v1/rules", r#"{"reserve":1}"#);
const ROLE: Change = ("POST", "/api/v1/roles/changes", r#"{"to":"member"}"#);
const DECIDE: Change =
    ("POST", "/api/v1/roles/decisions", r#"{"person":1,"holds":"entra","drift":{"drift":"account_gone"}}"#);
const POLL_ALL: Change = ("POST", "/api/v1/licenses/status/fetch", "{}");
const POLL_ONE: Change = ("POST", "/api/v1/licenses/status/fetch/contoso", "{}");

/// What each caller gets, in the order of [`callers`].
const MATRIX: [(Change, [i64; 9]); 7] = [
    //          anonymous, person, Read, Manage, Admin, foreign, expired, program, program with Manage
    (SWITCH, [401, 403, 403, 200, 200, 401, 401, 403, 200]),
    (ACT, [401, 403, 403, 200, 200, 401, 401, 403, 200]),
    (RULE, [401, 403, 403, 403, 200, 401, 401, 403, 403]),
    (POLL_ALL, [401, 403, 403, 202, 202, 401, 401, 403, 202]),
    (POLL_ONE, [401, 403, 403, 202, 202, 401, 401, 403, 202]),
    // Roles are not set up here: whoever may ask is told so.
    (ROLE, [401, 409, 409, 409, 409, 401, 401, 403, 409]),
    (DECIDE, [401, 403, 403, 403, 409, 401, 401, 403, 403]),
];

#[tokio::test]
async fn every_caller_may_change_exactly_what_it_may() {
    for ((method, address, body), expected) in MATRIX {
        for (index, status) in expected.into_iter().enumerate() {
            // Each in a world of its own: what one changes is seen by the next.
            let world = World::new().await;
            let (caller, token) = callers(&world.authority, now(), "Licences.Manage").into_iter().nth(index).unwrap();
            let bearer = token.map(|token| format!("Bearer {token}"));
            let mut headers = vec![("content-type", "application/json"), ("if-match", "*")];
            headers.extend(bearer.iter().map(|bearer| ("authorization", bearer.as_str())));
            let revision = world.store.revision().await.unwrap();
            let reply = world.ask(Method::try_from(method).unwrap(), address, &headers, body).await;
            assert_eq!(reply.status, status, "{method} {address} by {caller}");
            if reply.status >= 400 {
                assert_eq!(world.store.revision().await.unwrap(), revision, "{method} {address} by {caller}");
                assert!(world.store.audit_log(None, None, 10).await.unwrap().is_empty(), "{address} by {caller}");
                assert!(world.events().await.is_empty(), "{method} {address} by {caller}");
            }
        }
    }
}

#[test]
fn every_route_stands_in_the_matrix() {
    for route in &ROUTES {
        let stem = route.path.split('{').next().unwrap();
        let stands =
            |((method, address, _), _): &(Change, _)| *method == route.method.as_str() && address.starts_with(stem);
        assert!(MATRIX.iter().any(stands), "{}", route.path);
    }
}

#[tokio::test]
async fn a6_a_get_changes_nothing_and_says_how_to() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.token(&json!({ "roles": ["Admin"] })));
    for address in ["/api/v1/licenses/status/fetch/contoso", "/api/v1/incidents/1/actions"] {
        let mut request = aws_lambda_events::apigw::ApiGatewayV2httpRequest::default();
        request.raw_path = Some(address.to_owned());
        request.route_key = Some("$default".to_owned());
        request.request_context.http.method = Method::GET;
        request.headers.insert("authorization", bearer.parse().unwrap());
        let response = api_manage::handle(&world.deps, request).await;
        assert_eq!((response.status_code, response.headers["allow"].to_str().unwrap()), (405, "POST"), "{address}");
    }
    assert!(world.events().await.is_empty());
}

/// What a session's request says of where it comes from, and whether it is believed. `{token}` is the session's.
const ORIGINS: [(&[(&str, &str)], bool); 9] = [
    (&[("origin", SITE), ("x-csrf-token", "{token}")], true),
    (&[("sec-fetch-site", "same-origin"), ("x-csrf-token", "{token}")], true),
    (&[("origin", SITE), ("sec-fetch-site", "same-origin"), ("x-csrf-token", "{token}")], true),
    (&[("origin", SITE)], false),
    (&[("origin", SITE), ("x-csrf-token", "invented")], false),
    (&[("x-csrf-token", "{token}")], false),
    (&[("origin", "https://evil.example"), ("x-csrf-token", "{token}")], false),
    (&[("origin", "null"), ("x-csrf-token", "{token}")], false),
    (&[("sec-fetch-site", "cross-site"), ("x-csrf-token", "{token}")], false),
];

#[tokio::test]
async fn with_a_session_only_our_own_pages_change_something() {
    for (from, believed) in ORIGINS {
        for ((method, address, body), _) in MATRIX {
            let world = World::new().await;
            let (cookie, token) = world.session(&[Role::Admin]).await;
            let mut headers =
                vec![("content-type", "application/json"), ("if-match", "*"), ("cookie", cookie.as_str())];
            headers.extend(
                from.iter().map(|(name, value)| (*name, if *value == "{token}" { token.as_str() } else { value })),
            );
            let revision = world.store.revision().await.unwrap();
            let reply = world.ask(Method::try_from(method).unwrap(), address, &headers, body).await;
            let heard = reply.status < 300 || reply.problem() == "roles-unavailable";
            assert_eq!(heard, believed, "{method} {address} {from:?}: {reply:?}");
            if !believed {
                assert_eq!(
                    (reply.status, reply.problem().as_str()),
                    (403, "cross-site"),
                    "{method} {address} {from:?}"
                );
                assert_eq!(world.store.revision().await.unwrap(), revision, "{method} {address} {from:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_session_does_what_its_rights_are_and_stands_in_the_log_as_a_person() {
    let world = World::new().await;
    let (cookie, token) = world.session(&[Role::Manage]).await;
    let headers = [
        ("content-type", "application/json"),
        ("if-match", "*"),
        ("cookie", cookie.as_str()),
        ("origin", SITE),
        ("x-csrf-token", token.as_str()),
    ];
    assert_eq!(world.ask(Method::PATCH, SWITCH.1, &headers, SWITCH.2).await.status, 200);
    assert_eq!(world.ask(Method::PUT, RULE.1, &headers, RULE.2).await.problem(), "forbidden");
    let entry = world.store.audit_log(None, Some("contoso"), 1).await.unwrap().remove(0);
    assert_eq!((entry.person, entry.who.as_str()), (Some(1), "Ada Muster"));
}

#[tokio::test]
async fn what_a_form_of_another_site_can_send_is_refused_before_it_is_read() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.token(&json!({ "roles": ["Admin"] })));
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        for ((method, address, body), _) in MATRIX {
            let headers = [("authorization", bearer.as_str()), ("content-type", content_type), ("if-match", "*")];
            let reply = world.ask(Method::try_from(method).unwrap(), address, &headers, body).await;
            assert_eq!((reply.status, reply.problem().as_str()), (415, "unsupported-media-type"), "{method} {address}");
        }
    }
}

#[tokio::test]
async fn a11_a_database_that_is_away_is_an_error_and_never_an_empty_success() {
    let world = crate::roles::with_roles().await;
    std::fs::write(world.folder.path().join("leitwarte.db"), "no database at all\n".repeat(1000)).unwrap();
    for file in ["leitwarte.db-wal", "leitwarte.db-shm"] {
        let _ = std::fs::remove_file(world.folder.path().join(file));
    }
    // Beside each other, because each waits for the database as long as somebody at a page would.
    let asked = MATRIX.into_iter().map(async |((method, address, body), _)| {
        let body = serde_json::from_str(body).unwrap();
        let reply = world.send(Method::try_from(method).unwrap(), address, Some("*"), &body).await;
        assert!(reply.status >= 500, "{method} {address}: {reply:?}");
        assert!(reply.json()["detail"].as_str().unwrap().len() > 20, "{method} {address}");
    });
    futures::future::join_all(asked).await;
}
