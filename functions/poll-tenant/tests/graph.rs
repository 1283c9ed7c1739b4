//! The function against the simulator of Entra and Graph: real certificates, real requests.

mod support;

use std::sync::Arc;

use leitwarte_core::poll::FailureKind;
use leitwarte_graph_simulator::{Binding, Simulator, synthetic};
use leitwarte_runtime::{Config, clock};
use poll_tenant::{Deps, Event, handle};
use support::in_seconds;
use tempfile::TempDir;

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
    let deps = Deps::open(&config.unwrap(), clock::now, clock::new_id).await.unwrap();
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
