//! The metrics as Prometheus gets them.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{E3, World, now, profile, record, stock};
use leitwarte_core::TimeDelta;
use serde_json::{Value, json};

const METRICS: &str = "/api/v1/metrics";

/// What Prometheus's own client library reads in a text: name, labels and value of each sample.
fn samples(text: &str) -> Vec<Value> {
    let python = std::env::var("LEITWARTE_PYTHON").expect("LEITWARTE_PYTHON is not set: run `make test`");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/foreign/prometheus/samples.py");
    let mut parser =
        Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python runs");
    parser.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = parser.wait_with_output().unwrap();
    assert!(output.status.success(), "the parser refuses:\n{text}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn prometheus_own_parser_reads_what_the_database_holds() {
    let world = World::with_tenants().await;
    let name = "Adventure \"Works\" \\n AG\nZürich";
    let (store, polled_at) = (world.writer().await, now() - TimeDelta::minutes(1));
    store.register_profiles(vec![profile("adventure", name), profile("contoso", "Contoso")], now()).await.unwrap();
    record(&store, polled_at, vec![("adventure", Ok(vec![stock(E3, r#"SPE"E3\n"#, 100, 20)]))]).await;

    let reply = world.get(METRICS).await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8"),
        "{}",
        reply.text()
    );
    assert_eq!(reply.header("cache-control"), "private, no-cache");
    let samples = samples(reply.text());
    let (polled, ends) = (polled_at.timestamp(), (polled_at + TimeDelta::days(90)).timestamp());
    let expected = [
        json!(["leitwarte_last_tick_timestamp_seconds", {}, polled]),
        json!(["leitwarte_tenant_info", { "tenant": "adventure", "tenant_name": name }, 1]),
        json!(["leitwarte_tenant_enabled", { "tenant": "adventure" }, 1]),
        json!(["leitwarte_tenant_last_good_poll_timestamp_seconds", { "tenant": "contoso" }, polled]),
        json!(["leitwarte_tenant_certificate_end_timestamp_seconds", { "tenant": "contoso" }, ends]),
        json!(["leitwarte_tenant_stale", { "tenant": "contoso" }, 0]),
        json!(["leitwarte_tenant_failing", { "tenant": "contoso" }, 0]),
        json!(["leitwarte_licences", { "tenant": "contoso", "state": "short" }, 1]),
        json!(["leitwarte_licences", { "tenant": "contoso", "state": "unmetered" }, 1]),
        json!(["leitwarte_licences", { "tenant": "contoso", "state": "fine" }, 0]),
        json!([
            "leitwarte_licence_free_units",
            { "tenant": "adventure", "sku_part_number": r#"SPE"E3\n"#, "sku_id": E3 },
            80
        ]),
        json!([
            "leitwarte_licence_free_units",
            { "tenant": "contoso", "sku_part_number": "SPE_E3", "sku_id": E3 },
            -3
        ]),
    ];
    for sample in expected {
        assert!(samples.contains(&sample), "{sample} is not in {samples:#?}");
    }
    assert!(!reply.text().contains("northwind"), "a removed tenant is gone");
}

#[tokio::test]
async fn a_failing_tenant_and_one_never_polled_are_told_apart_and_neither_looks_fine() {
    let text = World::with_tenants().await.get(METRICS).await.text().to_owned();
    for (tenant, failing) in [("northwind", 1), ("tailspin", 0)] {
        for line in [
            format!("leitwarte_tenant_failing{{tenant=\"{tenant}\"}} {failing}"),
            format!("leitwarte_tenant_stale{{tenant=\"{tenant}\"}} 1"),
            format!("leitwarte_licences{{tenant=\"{tenant}\",state=\"unknown\"}} 1"),
            format!("leitwarte_licences{{tenant=\"{tenant}\",state=\"fine\"}} 0"),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        for name in ["certificate_end_timestamp_seconds", "last_good_poll_timestamp_seconds"] {
            assert!(!text.contains(&format!("leitwarte_tenant_{name}{{tenant=\"{tenant}\"}}")), "{text}");
        }
    }
}

#[tokio::test]
async fn before_the_first_poll_the_scrape_fails() {
    let reply = World::new().await.get(METRICS).await;
    assert_eq!((reply.status, reply.problem().as_str()), (503, "not-polled-yet"));
}

#[tokio::test]
async fn a_database_that_cannot_be_read_fails_the_scrape() {
    let world = World::without_database().await;
    let reply = world.get(METRICS).await;
    assert_eq!(reply.status, 503, "{}", reply.text());
}

#[tokio::test]
async fn metrics_are_compressed_as_prometheus_asks_for() {
    let world = World::with_tenants().await;
    let (plain, gzipped) = (world.get(METRICS).await, world.get_with(METRICS, &[("accept-encoding", "gzip")]).await);
    assert_eq!((plain.header("content-encoding"), gzipped.header("content-encoding")), ("", "gzip"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&gzipped.body[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
}

#[tokio::test]
async fn metrics_have_no_parameters() {
    let reply = World::with_tenants().await.get("/api/v1/metrics?tenant=contoso").await;
    assert_eq!((reply.status, reply.problem().as_str()), (400, "unknown-parameter"));
}
