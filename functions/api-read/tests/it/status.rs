//! The stock as the API shows it.

use std::io::Read;

use crate::support::{E3, World, failure, now, profile, record, stock};
use http::Method;
use leitwarte_core::TimeDelta;
use serde_json::{Value, json};

const ALL: &str = "/api/v1/licenses/status";

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

#[tokio::test]
async fn every_tenants_stock_worst_first() {
    let world = World::with_tenants().await;
    let reply = world.get(ALL).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    assert_eq!(
        (reply.header("cache-control"), reply.header("vary")),
        ("private, no-cache", "Authorization, Cookie, Accept-Encoding")
    );
    insta::assert_json_snapshot!(reply.json());
}

#[tokio::test]
async fn the_aliases_answer_the_same() {
    let world = World::with_tenants().await;
    assert_eq!(world.get("/api/v1/licenses/status/show").await.body, world.get(ALL).await.body);
    let one = world.get("/api/v1/licenses/status/contoso").await;
    assert_eq!(world.get("/api/v1/licenses/status/show/contoso").await.body, one.body);
}

#[tokio::test]
async fn one_tenant_by_key_or_by_exact_name() {
    let world = World::with_tenants().await;
    let by_key = world.get("/api/v1/licenses/status/contoso").await;
    insta::assert_json_snapshot!(by_key.json());
    let by_name = world.get("/api/v1/licenses/status/Contoso%20Z%C3%BCrich%20AG").await;
    assert_eq!(by_name.body, by_key.body);
    let with_slash = world.get("/api/v1/licenses/status/Tailspin%2FToys%20100%25").await;
    assert_eq!(with_slash.json()[0]["tenant"], "Tailspin/Toys 100%");
    for nearly in ["Contoso", "CONTOSO", "contoso%20", "contoso%00", "Contoso%20Zurich%20AG", "%25", "_"] {
        let reply = world.get(&format!("/api/v1/licenses/status/{nearly}")).await;
        assert_eq!((reply.status, reply.problem().as_str()), (404, "unknown-tenant"), "{nearly}");
    }
}

#[tokio::test]
async fn an_unknown_tenant_is_a_problem_and_never_an_empty_list() {
    let world = World::with_tenants().await;
    let reply = world.get("/api/v1/licenses/status/nobody").await;
    insta::assert_json_snapshot!(reply.json());
}

#[tokio::test]
async fn a_failing_tenant_shows_what_is_wrong() {
    let world = World::with_tenants().await;
    let rows = world.get("/api/v1/licenses/status/northwind").await.json();
    let reason = format!("{} {}", failure().message, failure().fix);
    assert_eq!((&rows[0]["stale"], &rows[0]["stale_reason"]), (&true.into(), &reason.into()));
    assert_eq!((&rows[0]["state"], &rows[0]["free_units"]), (&"unknown".into(), &Value::Null));
}

#[tokio::test]
async fn a_removed_tenant_is_gone() {
    let world = World::with_tenants().await;
    world.writer().await.register_profiles(vec![profile("fabrikam", "fabrikam")], now()).await.unwrap();
    assert_eq!(world.get("/api/v1/licenses/status/contoso").await.status, 404);
    let rows = world.get(ALL).await.json();
    assert_eq!(rows.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_new_poll_is_seen_at_once() {
    let world = World::with_tenants().await;
    let before = world.get(ALL).await;
    record(&world.writer().await, now(), vec![("fabrikam", Ok(vec![stock(E3, "SPE_E3", 100, 120)]))]).await;
    let after = world.get(ALL).await;
    assert_ne!(before.header("etag"), after.header("etag"));
    assert_eq!(after.json()[0]["free_units"], -20);
}

#[tokio::test]
async fn what_the_caller_has_is_not_sent_again() {
    let world = World::with_tenants().await;
    for address in [ALL, "/api/v1/licenses/status/contoso", "/api/v1/licenses/status?limit=2"] {
        let first = world.get_with(address, &[("accept-encoding", "gzip")]).await;
        let tag = first.header("etag");
        assert!(tag.starts_with("W/\""), "{tag}");
        let again = world.get_with(address, &[("if-none-match", tag)]).await;
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, tag), "{address}");
        let other = world.get_with(address, &[("if-none-match", "W/\"other\"")]).await;
        assert_eq!(other.status, 200);
    }
}

#[tokio::test]
async fn head_tells_the_same_without_the_body() {
    let world = World::with_tenants().await;
    let bearer = format!("Bearer {}", world.token(&json!({})));
    let head = world.ask(Method::HEAD, ALL, &[("authorization", &bearer)]).await;
    let get = world.get(ALL).await;
    assert_eq!((head.status, head.body.len(), head.header("etag")), (200, 0, get.header("etag")));
}

#[tokio::test]
async fn compressed_for_those_who_accept_it() {
    let world = World::with_tenants().await;
    let plain = world.get(ALL).await;
    let gzipped = world.get_with(ALL, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!((plain.header("content-encoding"), gzipped.header("content-encoding")), ("", "gzip"));
    assert_eq!(gunzip(&gzipped.body), plain.body);
}

/// Follows `Link: …; rel="next"`.
fn next(link: &str) -> Option<String> {
    let (address, parameters) = link.strip_prefix('<')?.split_once('>')?;
    assert_eq!(parameters, "; rel=\"next\"");
    Some(address.to_owned())
}

#[tokio::test]
async fn pages_put_together_are_the_whole_list() {
    let world = World::with_tenants().await;
    let whole = world.get(ALL).await.json();
    for limit in 1..=6 {
        let mut address = Some(format!("{ALL}?limit={limit}"));
        let mut rows = Vec::new();
        while let Some(asked) = address {
            let reply = world.get(&asked).await;
            let page = reply.json().as_array().unwrap().clone();
            assert!((1..=limit).contains(&page.len()), "{asked}");
            rows.extend(page);
            assert!(rows.len() <= 5, "the same row twice");
            address = next(reply.header("link"));
        }
        assert_eq!(Value::Array(rows), whole, "pages of {limit}");
    }
}

#[tokio::test]
async fn parameters_that_cannot_be_are_refused_by_name() {
    let world = World::with_tenants().await;
    for (query, slug, name) in [
        ("limit=0", "bad-parameter", "`limit`"),
        ("limit=20001", "bad-parameter", "`limit`"),
        ("limit=5&limit=6", "bad-parameter", "`limit`"),
        ("cursor=invented", "bad-parameter", "`cursor`"),
        ("tenant=contoso", "unknown-parameter", "`tenant`"),
        ("Limit=5", "unknown-parameter", "`Limit`"),
    ] {
        let reply = world.get(&format!("{ALL}?{query}")).await;
        assert_eq!((reply.status, reply.problem().as_str()), (400, slug), "{query}");
        assert!(reply.text().contains(name), "{}", reply.text());
    }
    assert_eq!(world.get("/api/v1/licenses/status/contoso?limit=5").await.status, 400);
}

#[tokio::test]
async fn before_the_first_poll_there_are_no_numbers_and_no_empty_list() {
    let without_database = World::without_database().await;
    let empty = World::new().await;
    let registered = World::new().await;
    registered.writer().await.register_profiles(vec![profile("contoso", "contoso")], now()).await.unwrap();
    for world in [&without_database, &empty, &registered] {
        let reply = world.get(ALL).await;
        assert_eq!((reply.status, reply.problem().as_str()), (503, "not-polled-yet"));
        assert_eq!(reply.header("retry-after"), "5");
        assert!(reply.text().contains("leitwarte invoke poll-tenant"));
    }
    for world in [&without_database, &empty] {
        let reply = world.get("/api/v1/licenses/status/contoso").await;
        assert_eq!((reply.status, reply.problem().as_str()), (503, "not-polled-yet"));
    }
    assert_eq!(registered.get("/api/v1/licenses/status/contoso").await.json()[0]["state"], "unknown");
}

#[tokio::test]
async fn a11_a_database_that_does_not_answer_is_a_problem_and_never_an_empty_list() {
    let world = World::without_database().await;
    world.damage_database();
    for address in [ALL, "/api/v1/licenses/status/contoso"] {
        let reply = world.get(address).await;
        assert_eq!((reply.status, reply.problem().as_str()), (503, "store-unavailable"), "{address}");
        assert_eq!(reply.header("retry-after"), "5");
        assert!(!reply.text().contains("leitwarte.db"), "no path: {}", reply.text());
    }
}

#[tokio::test]
async fn the_first_results_are_shown_while_the_first_tick_still_runs() {
    let world = World::new().await;
    let store = world.writer().await;
    store.register_profiles(vec![profile("contoso", "contoso"), profile("slow", "slow")], now()).await.unwrap();
    record(&store, now(), vec![("contoso", Ok(vec![stock(E3, "SPE_E3", 10, 5)]))]).await;
    assert_eq!(world.get(ALL).await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_empty_list_means_that_no_tenant_is_configured() {
    let world = World::new().await;
    world.writer().await.finish_tick(now()).await.unwrap();
    let reply = world.get(ALL).await;
    assert_eq!((reply.status, reply.text()), (200, "[]"));
}

#[tokio::test]
async fn a_list_beyond_lambdas_limit_is_compressed_paged_or_refused() {
    let world = World::new().await;
    let store = world.writer().await;
    let keys: Vec<String> = (0..14).map(|number| format!("tenant-{number:02}")).collect();
    store.register_profiles(keys.iter().map(|key| profile(key, key)).collect(), now()).await.unwrap();
    let products =
        |_| (0..1000_u128).map(|id| stock(leitwarte_core::Uuid::from_u128(id + 1), "SPE_E3", 100, 50)).collect();
    let polls = keys.iter().map(|key| (key.as_str(), Ok(products(key)))).collect();
    record(&store, now() - TimeDelta::minutes(1), polls).await;

    let refused = world.get(ALL).await;
    assert_eq!((refused.status, refused.problem().as_str()), (413, "answer-too-large"));
    for way_out in ["`limit`", "`cursor`", "Accept-Encoding: gzip"] {
        assert!(refused.text().contains(way_out), "{}", refused.text());
    }
    let gzipped = world.get_with(ALL, &[("accept-encoding", "gzip")]).await;
    let rows: Vec<Value> = serde_json::from_slice(&gunzip(&gzipped.body)).unwrap();
    assert_eq!(rows.len(), 14_000);
    let page = world.get(&format!("{ALL}?limit=9000")).await;
    assert_eq!((page.status, page.json().as_array().unwrap().len()), (200, 9000));
    assert!(page.payload_bytes <= 6 * 1024 * 1024);
}
