//! The Grafana dashboard and the Prometheus sample against what the programs export.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use leitwarte_tests::foreign;
use leitwarte_tests::stack::repository;
use serde_json::Value;

/// Where metrics are written.
const EXPORTERS: [&str; 2] = ["local/emulator/src/metrics.rs", "functions/api-read/src/metrics.rs"];

fn read(path: &str) -> String {
    let path = repository().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn dashboard() -> Value {
    serde_json::from_str(&read("local/grafana/leitwarte.json")).expect("the dashboard is JSON")
}

/// Every metric that stands in an exporter as a string of its own, with the series of histograms.
fn exported() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in EXPORTERS.map(read) {
        for word in source.split('"') {
            let ours = word.starts_with("emulator_") || word.starts_with("leitwarte_");
            if !ours || !word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
                continue;
            }
            if source.contains(&format!("\"{word}_bucket{{{{")) {
                names.extend(["bucket", "sum", "count"].map(|series| format!("{word}_{series}")));
            } else {
                names.insert(word.to_owned());
            }
        }
    }
    names
}

fn panels(dashboard: &Value) -> &Vec<Value> {
    dashboard["panels"].as_array().expect("panels")
}

/// What Prometheus's grammar finds in every expression of the dashboard: an object with `expression`, `metrics`, `labels`.
fn expressions(dashboard: &Value) -> Vec<Value> {
    let targets = panels(dashboard).iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let expressions: Vec<String> = targets
        .map(|target| target["expr"].as_str().expect("an expression").replace("$__rate_interval", "5m"))
        .collect();
    let mut parser = Command::new(foreign::python())
        .arg(repository().join("tests/foreign/prometheus/expressions.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python runs");
    let input = serde_json::to_vec(&expressions).expect("JSON");
    parser.stdin.take().expect("a pipe").write_all(&input).expect("the parser reads");
    let output = parser.wait_with_output().expect("the parser ends");
    foreign::assert_success("the PromQL parser", &output);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

#[test]
fn the_dashboard_asks_for_nothing_that_nobody_exports() {
    let exported = exported();
    assert!(exported.len() > 15, "found too few names to be believed: {exported:?}");
    let sources = EXPORTERS.map(read).concat();
    for asked in expressions(&dashboard()) {
        for metric in words(&asked["metrics"]) {
            assert!(exported.contains(metric), "nobody exports {metric}, which {asked} asks for");
        }
        for label in words(&asked["labels"]) {
            let exists = [format!("(\"{label}\", "), format!("{{{label}=\\\""), format!(",{label}=\\\"")];
            assert!(exists.iter().any(|form| sources.contains(form)), "no metric has the label {label}: {asked}");
        }
    }
}

#[test]
fn everything_the_application_exports_is_on_the_dashboard() {
    let asked = expressions(&dashboard());
    let shown: BTreeSet<&str> = asked.iter().flat_map(|asked| words(&asked["metrics"])).collect();
    for metric in exported().iter().filter(|name| name.starts_with("leitwarte_")) {
        assert!(shown.contains(metric.as_str()), "no panel shows {metric}");
    }
}

#[test]
fn the_dashboard_can_be_imported_anywhere() {
    let dashboard = dashboard();
    assert_eq!((&dashboard["uid"], &dashboard["title"]), (&"leitwarte".into(), &"Leitwarte".into()));
    let variable = &dashboard["templating"]["list"][0];
    assert_eq!((&variable["name"], &variable["type"]), (&"datasource".into(), &"datasource".into()));
    let mut ids = BTreeSet::new();
    for panel in panels(&dashboard) {
        assert!(ids.insert(panel["id"].as_u64().expect("a number")), "two panels share an id: {panel}");
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        for target in panel["targets"].as_array().expect("targets") {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        }
        let place = &panel["gridPos"];
        let [x, width] = ["x", "w"].map(|name| place[name].as_u64().expect("a number"));
        assert!(x + width <= 24, "{} leaves the dashboard", panel["title"]);
    }
}

#[test]
fn the_prometheus_sample_asks_both_exporters_where_they_answer() {
    let sample: Value = serde_norway::from_str(&read("local/prometheus/prometheus.yml")).expect("YAML");
    let jobs = sample["scrape_configs"].as_array().expect("jobs");
    let job = |name: &str| jobs.iter().find(|job| job["job_name"] == name).unwrap_or_else(|| panic!("no job {name}"));

    let emulator = job("leitwarte-emulator")["static_configs"][0]["targets"][0].as_str().expect("a target");
    let settings = read("README.md");
    assert!(settings.contains(&format!("`METRICS_ADDR` | `{emulator}`")), "{emulator} is not the default");

    let application = job("leitwarte");
    let path = application["metrics_path"].as_str().expect("a path");
    assert!(read("template.yaml").contains(&format!("Path: {path} }}")), "{path} is no route");
    assert_eq!(application["scheme"], "https", "tokens do not travel in the clear");
    let oauth2 = &application["oauth2"];
    for setting in ["client_id", "client_secret_file", "token_url"] {
        assert!(oauth2[setting].is_string(), "{setting} is missing");
    }
    assert!(oauth2["scopes"][0].as_str().is_some_and(|scope| scope.ends_with("/.default")), "{oauth2}");
    assert!(Path::new(oauth2["client_secret_file"].as_str().unwrap_or_default()).is_absolute());
}
