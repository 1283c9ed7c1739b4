//! The function against the simulator of Entra and Graph: real certificates, real requests.

use std::cell::Cell;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use crate::support::in_seconds;
use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::poll::FailureKind;
use leitwarte_graph_simulator::{Binding, Simulator, synthetic};
use leitwarte_runtime::{Config, clock};
use poll_tenant::{Deps, Event, handle};
use tempfile::TempDir;

thread_local! {
    /// How far the function's clock is ahead: a test and the function it calls run on one thread.
    static AHEAD: Cell<TimeDelta> = const { Cell::new(TimeDelta::zero()) };
}

fn function_clock() -> DateTime<Utc> {
    clock::now() + AHEAD.get()
}

/// The certificates of the simulator's tenants are valid for a year.
fn years_pass(years: i64) {
    AHEAD.set(AHEAD.get() + TimeDelta::days(366 * years));
}

/// A simulator with three tenants, and the function set up for it by environment alone.
async fn started() -> (TempDir, Simulator, Arc<Deps>) {
    let folder = tempfile::tempdir().unwrap();
    let binding = Binding::bind("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
    let host = binding.base_url().trim_start_matches("http://").to_owned();
    let crowd = synthetic::prepare(folder.path(), binding.base_url(), 3, 4, clock::now()).unwrap();
    let simulator = binding.serve(crowd).unwrap();
    let path = |name: &str| Some(folder.path().join(name).display().to_string());
    let config = Config::from_lookup(|name| match name {
        "PROFILES_DIR" => path("config-profiles"),
        "DATA_DIR" => path("data"),
        "GRAPH_EXTRA_HOSTS" => Some(host.clone()),
        _ => None,
    });
    let deps = Deps::open(&config.unwrap(), function_clock, clock::new_id).await.unwrap();
    (folder, simulator, deps)
}

async fn reader(folder: &TempDir) -> leitwarte_store::Store {
    let database_url = format!("sqlite://{}", folder.path().join("data/leitwarte.db").display());
    let config = leitwarte_store::Config { database_url, read_only: true, max_connections: 1 };
    leitwarte_store::Store::open(&config).await.unwrap()
}

#[tokio::test]
async fn tenants_sign_in_with_their_certificates_and_their_licences_are_stored() {
    let (folder, _simulator, deps) = started().await;
    let report = handle(&deps, Event::default(), in_seconds(60)).await.unwrap();
    assert_eq!((report.polled, report.changed, report.failed.len()), (3, 12, 0), "{report:?}");
    let store = reader(&folder).await;
    assert!(store.snapshots().await.unwrap().iter().all(|tenant| tenant.stock.len() == 4));
    let tenants = store.tenants().await.unwrap();
    assert!(tenants.iter().all(|tenant| tenant.certificate_ends_at.is_some_and(|end| end > clock::now())));
    let run = &store.recent_polls("tenant-0001", 1).await.unwrap()[0];
    assert_eq!((run.requests, run.retries, run.skus), (2, 0, 4), "one for the token, one for the licences");
}

#[tokio::test]
async fn a_missing_certificate_or_a_host_that_is_not_allowed_is_that_tenants_trouble() {
    let (folder, _simulator, deps) = started().await;
    let edit = |key: &str, field: &str, value: &str| {
        let file = folder.path().join(format!("config-profiles/config-{key}-profile.json"));
        let mut profile: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        profile[field] = value.into();
        std::fs::write(file, profile.to_string()).unwrap();
    };
    edit("tenant-0001", "cert_path", "certs/missing.pem");
    edit("tenant-0002", "graph_endpoint", "http://127.0.0.1:9");
    let report = handle(&deps, Event::default(), in_seconds(60)).await.unwrap();
    let failed: Vec<_> = report.failed.iter().map(|failed| (failed.tenant.as_str(), failed.kind)).collect();
    let expected = [("tenant-0001", FailureKind::Certificate), ("tenant-0002", FailureKind::HostNotAllowed)];
    assert_eq!(failed, expected, "{report:?}");
    assert_eq!(reader(&folder).await.snapshot("tenant-0003").await.unwrap().unwrap().stock.len(), 4);
}

/// Polls one tenant and expects its certificate to be refused before anything is sent.
async fn refused_certificate(folder: &TempDir, deps: &Arc<Deps>, key: &str) -> FailureKind {
    let report = handle(deps, Event::One(key.to_owned()), in_seconds(60)).await.unwrap();
    let [failed] = report.failed.as_slice() else { panic!("the poll did not fail: {report:?}") };
    let run = &reader(folder).await.recent_polls(key, 1).await.unwrap()[0];
    assert_eq!((run.requests, run.retries), (0, 0), "the token in memory was used");
    failed.kind
}

#[tokio::test]
async fn a_certificate_opened_to_others_fails_the_next_poll_though_the_token_still_lives() {
    let (folder, _simulator, deps) = started().await;
    assert_eq!(handle(&deps, Event::default(), in_seconds(60)).await.unwrap().failed.len(), 0);
    let file = folder.path().join("certs/shared/mycert_shared.pem");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(refused_certificate(&folder, &deps, "tenant-0001").await, FailureKind::Certificate);
    let kept = reader(&folder).await.snapshot("tenant-0001").await.unwrap().unwrap();
    assert_eq!(kept.stock.len(), 4, "the last good stock went");
}

#[tokio::test]
async fn a_certificate_whose_time_is_over_fails_the_next_poll_though_the_token_still_lives() {
    let (folder, _simulator, deps) = started().await;
    assert_eq!(handle(&deps, Event::default(), in_seconds(60)).await.unwrap().failed.len(), 0);
    years_pass(2);
    assert_eq!(refused_certificate(&folder, &deps, "tenant-0001").await, FailureKind::CertificateExpired);
}

#[tokio::test]
async fn the_date_of_a_certificate_that_was_over_from_the_start_is_known() {
    let (folder, _simulator, deps) = started().await;
    years_pass(2);
    assert_eq!(refused_certificate(&folder, &deps, "tenant-0001").await, FailureKind::CertificateExpired);
    let tenants = reader(&folder).await.tenants().await.unwrap();
    let tenant = tenants.iter().find(|tenant| tenant.key == "tenant-0001").unwrap();
    let end = tenant.certificate_ends_at.expect("the date of the certificate");
    assert!(clock::now() < end && end < function_clock(), "{end}");
}
