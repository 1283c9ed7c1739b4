//! What exists and who may have it.

use std::collections::BTreeSet;

use crate::support::{TEMPLATE, World, now};
use api_read::routes::{ELSEWHERE, ROUTES};
use http::Method;
use leitwarte_web::permission::Permission;
use leitwarte_web::testing::{KEY, callers, sign};
use serde_json::json;

#[test]
fn the_table_is_the_template_and_the_template_is_the_table() {
    let function = TEMPLATE.functions.iter().find(|function| function.name == "api-read").unwrap();
    let template: BTreeSet<String> =
        function.routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let mut table: BTreeSet<String> = ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    // Whatever has no route of its own comes here too, and gets this function's 404.
    table.insert("ANY $default".to_owned());
    assert_eq!(table, template);
}

#[test]
fn only_what_says_nothing_about_customers_is_public() {
    let public: Vec<_> =
        ROUTES.iter().filter(|route| route.permission == Permission::Public).map(|route| route.path).collect();
    assert_eq!(
        public,
        [
            "/",
            "/assets/{proxy+}",
            "/favicon.ico",
            "/preferences/{name}/{value}",
            "/health",
            "/ready",
            "/sign-in-problem"
        ]
    );
}

/// Addresses of every kind and what each caller gets, in the order of [`callers`].
const MATRIX: &[(&str, &str, [i64; 9])] = &[
    // method, address           anonymous, person, Read, Manage, Admin, foreign, expired, program, program with Read
    ("GET", "/", [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("HEAD", "/", [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/assets/style.css", [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/favicon.ico", [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/overview", [303, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/tenants/contoso", [303, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/tenants/nobody", [303, 404, 404, 404, 404, 401, 401, 403, 404]),
    ("GET", "/tenants", [303, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/status/tenant", [303, 303, 303, 303, 303, 401, 401, 403, 303]),
    ("GET", "/help", [303, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/licences", [303, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/licences.csv", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/statusall", [303, 303, 303, 303, 303, 401, 401, 403, 303]),
    ("GET", "/certificates", [303, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/preferences/theme/dark", [303, 303, 303, 303, 303, 303, 303, 303, 303]),
    ("GET", "/api/v1/revision", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/health", [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/ready", [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/sign-in-problem?reason=guest", [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/sign-in-problem?reason=x", [400, 400, 400, 400, 400, 400, 400, 400, 400]),
    ("GET", "/api/v1/metrics", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("POST", "/api/v1/metrics", [401, 405, 405, 405, 405, 401, 401, 403, 405]),
    ("GET", "/api/v1/certificates", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/forecast/contoso", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/forecast/nobody", [401, 404, 404, 404, 404, 401, 401, 403, 404]),
    ("GET", "/api/v1/licenses/changes/contoso", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/changes/nobody", [401, 404, 404, 404, 404, 401, 401, 403, 404]),
    ("GET", "/api/v1/licenses/history/contoso", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/history/nobody", [401, 404, 404, 404, 404, 401, 401, 403, 404]),
    ("GET", "/api/v1/licenses/subscriptions/contoso", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/subscriptions/nobody", [401, 404, 404, 404, 404, 401, 401, 403, 404]),
    ("GET", "/api/v1/monitoring/", [303, 303, 303, 303, 303, 401, 401, 403, 303]),
    ("GET", "/monitoring", [303, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/incidents", [303, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/incidents/1", [303, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/incidents/99", [303, 404, 404, 404, 404, 401, 401, 403, 404]),
    ("GET", "/settings", [303, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/roles", [303, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/roles", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/roles/changes", [401, 405, 405, 405, 405, 401, 401, 403, 405]),
    ("GET", "/audit", [303, 403, 403, 200, 200, 401, 401, 403, 403]),
    ("GET", "/api/v1/docs", [303, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/docs/swagger-ui.css", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/docs/index.html", [401, 404, 404, 404, 404, 401, 401, 403, 404]),
    ("GET", "/api/v1/openapi.json", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/incidents/1", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/incidents/99", [401, 404, 404, 404, 404, 401, 401, 403, 404]),
    ("GET", "/api/v1/monitoring/tenants", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/rules", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/rules/replay?short_at=5", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/audit", [401, 403, 403, 200, 200, 401, 401, 403, 403]),
    ("GET", "/api/v1/licenses/polls?since=0", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/polls/contoso", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/polls/nobody", [401, 404, 404, 404, 404, 401, 401, 403, 404]),
    ("GET", "/api/v1/licenses/status/fetch", [401, 405, 405, 405, 405, 401, 401, 403, 405]),
    ("GET", "/api/v1/licenses/status/fetch/contoso", [401, 405, 405, 405, 405, 401, 401, 403, 405]),
    ("GET", "/api/v1/incidents/1/actions", [401, 405, 405, 405, 405, 401, 401, 403, 405]),
    ("GET", "/api/v1/incidents", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/status", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("HEAD", "/api/v1/licenses/status", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/status/show", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/status/contoso", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/status/show/contoso", [401, 200, 200, 200, 200, 401, 401, 403, 200]),
    ("GET", "/api/v1/licenses/status/nobody", [401, 404, 404, 404, 404, 401, 401, 403, 404]),
    ("GET", "/api/v1/licenses", [401, 404, 404, 404, 404, 401, 401, 403, 404]),
    ("GET", "/.env", [401, 404, 404, 404, 404, 401, 401, 403, 404]),
    ("POST", "/api/v1/licenses/status", [401, 405, 405, 405, 405, 401, 401, 403, 405]),
    ("DELETE", "/api/v1/licenses/status/contoso", [401, 405, 405, 405, 405, 401, 401, 403, 405]),
    ("POST", "/health", [401, 405, 405, 405, 405, 401, 401, 403, 405]),
];

#[tokio::test]
async fn every_caller_gets_exactly_what_it_may_have() {
    let world = World::with_tenants().await;
    for &(method, address, expected) in MATRIX {
        for ((caller, token), status) in callers(&world.authority, now(), "Licences.Read").into_iter().zip(expected) {
            let bearer = token.map(|token| format!("Bearer {token}"));
            let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
            let reply = world.ask(Method::try_from(method).unwrap(), address, &headers).await;
            assert_eq!(reply.status, status, "{method} {address} by {caller}");
            let text = String::from_utf8_lossy(&reply.body).to_lowercase();
            if status != 200 && !address.contains("contoso") {
                assert!(
                    !text.contains("contoso") && !text.contains("fabrikam"),
                    "{method} {address} by {caller}: {text}"
                );
            }
        }
    }
}

#[test]
fn every_route_stands_in_the_matrix() {
    for route in ROUTES {
        let stem = route.path.split('{').next().unwrap();
        assert!(MATRIX.iter().any(|(_, address, _)| address.starts_with(stem)), "{}", route.path);
    }
}

#[test]
fn what_other_functions_answer_is_what_the_template_says() {
    let others = TEMPLATE.functions.iter().filter(|function| function.name != "api-read");
    let template: BTreeSet<String> = others
        .flat_map(|function| function.routes.iter().map(|route| format!("{} {}", route.method, route.path)))
        .collect();
    let list: BTreeSet<String> = ELSEWHERE.iter().map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!(list, template);
}

#[tokio::test]
async fn a6_who_would_poll_with_a_get_learns_to_post_and_nothing_happens() {
    let world = World::with_tenants().await;
    let revision = world.writer().await.revision().await.unwrap();
    for address in ["/api/v1/licenses/status/fetch", "/api/v1/licenses/status/fetch/contoso"] {
        let reply = world.get(address).await;
        assert_eq!((reply.status, reply.header("allow")), (405, "POST"), "{address}");
    }
    let bearer = format!("Bearer {}", world.token(&json!({ "roles": ["Admin"] })));
    let rules = world.ask(Method::POST, "/api/v1/rules", &[("authorization", &bearer)]).await;
    assert_eq!((rules.status, rules.header("allow")), (405, "GET, HEAD, PUT"));
    assert_eq!(world.writer().await.revision().await.unwrap(), revision);
}

#[tokio::test]
async fn refusals_are_problems_with_a_challenge() {
    let world = World::with_tenants().await;
    let anonymous = world.ask(Method::GET, "/api/v1/licenses/status", &[]).await;
    assert_eq!((anonymous.problem().as_str(), anonymous.header("www-authenticate")), ("missing-token", "Bearer"));
    assert_eq!(anonymous.json()["instance"], "request-1");
    let junk = world.ask(Method::GET, "/x", &[("authorization", "Bearer junk")]).await;
    let challenge = r#"Bearer error="invalid_token""#;
    assert_eq!((junk.problem().as_str(), junk.header("www-authenticate")), ("invalid-token", challenge));
    let program = sign(&world.authority.program(now()), &KEY);
    let program = world.ask(Method::GET, "/x", &[("authorization", &format!("Bearer {program}"))]).await;
    let challenge = r#"Bearer error="insufficient_scope""#;
    assert_eq!((program.problem().as_str(), program.header("www-authenticate")), ("forbidden", challenge));
}

#[tokio::test]
async fn a_token_anywhere_but_in_the_header_does_not_count() {
    let world = World::with_tenants().await;
    let token = world.token(&json!({}));
    let query = world.ask(Method::GET, &format!("/api/v1/licenses/status?access_token={token}"), &[]).await;
    let cookie = world.ask(Method::GET, "/api/v1/licenses/status", &[("cookie", &format!("session={token}"))]).await;
    assert_eq!((query.status, cookie.status), (401, 401));
}

#[tokio::test]
async fn a_wrong_method_learns_the_right_ones() {
    let world = World::with_tenants().await;
    let bearer = format!("Bearer {}", world.token(&json!({})));
    let reply = world.ask(Method::PATCH, "/api/v1/licenses/status", &[("authorization", &bearer)]).await;
    assert_eq!((reply.problem().as_str(), reply.header("allow")), ("method-not-allowed", "GET, HEAD"));
}

#[tokio::test]
async fn without_a_sign_in_profile_the_api_is_closed_and_says_what_to_create() {
    let world = World::with_tenants().await;
    world.remove_sign_in_profile();
    let anonymous = world.ask(Method::GET, "/api/v1/licenses/status", &[]).await;
    let person = world.get("/api/v1/licenses/status").await;
    assert_eq!((anonymous.status, anonymous.problem().as_str()), (401, "missing-token"));
    assert_eq!((person.status, person.problem().as_str()), (503, "sign-in-not-configured"));
    for reply in [anonymous, person] {
        assert!(reply.text().contains("create auth/auth-<name>-profile.json"), "{}", reply.text());
    }
    assert_eq!(world.ask(Method::GET, "/", &[]).await.status, 200, "the public page stays");
}
