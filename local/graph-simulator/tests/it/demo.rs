//! The demo on disk and served.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::profile::{TenantProfile, key_of_file_name};
use leitwarte_graph_simulator::{Binding, Clock, Config, RegisteredCertificate, Simulator, demo};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rig::{Key, assertion_for, http_client, sign_in_form};

fn now() -> DateTime<Utc> {
    Clock::system().now()
}

fn profile(dir: &Path, key: &str) -> TenantProfile {
    let path = dir.join(format!("config-profiles/config-{key}-profile.json"));
    TenantProfile::parse(&fs::read_to_string(path).expect("a profile")).expect("a good profile")
}

fn certificate(dir: &Path, key: &str) -> RegisteredCertificate {
    let pem = fs::read_to_string(dir.join(profile(dir, key).cert_path)).expect("a PEM file");
    RegisteredCertificate::from_pem(&pem).expect("a certificate")
}

#[test]
fn profiles_load_and_fit_their_certificates() {
    let dir = TempDir::new().expect("a folder");
    demo::prepare(dir.path(), "http://127.0.0.1:1234", now()).expect("prepared");
    for key in demo::tenant_keys() {
        assert_eq!(key_of_file_name(&format!("config-{key}-profile.json")), Some(key));
        let (profile, certificate) = (profile(dir.path(), key), certificate(dir.path(), key));
        assert_eq!(profile.normalised_thumbprint(), certificate.thumbprint());
        assert_eq!(profile.expires, certificate.not_after.date_naive());
        assert_eq!(
            (profile.authority_host(), profile.graph_endpoint()),
            ("http://127.0.0.1:1234", "http://127.0.0.1:1234")
        );
        let days = (certificate.not_after - now()).num_days();
        assert_eq!(days, if key == "tailspin" { 5 } else { 365 }, "{key}");
    }
}

#[test]
fn keys_are_for_their_owner_only_and_in_no_other_file() {
    let dir = TempDir::new().expect("a folder");
    demo::prepare(dir.path(), "http://127.0.0.1:1", now()).expect("prepared");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    for key in demo::tenant_keys() {
        let folder = dir.path().join("certs").join(key);
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join(format!("mycert_{key}.pem"))), 0o600);
    }
    let known = fs::read_to_string(dir.path().join("simulator.json")).expect("it is there");
    assert!(known.contains("BEGIN CERTIFICATE") && !known.contains("PRIVATE"));
}

#[test]
fn preparing_again_keeps_good_keys_and_takes_the_new_address() {
    let dir = TempDir::new().expect("a folder");
    let first = demo::prepare(dir.path(), "http://127.0.0.1:1", now()).expect("prepared");
    let again = demo::prepare(dir.path(), "http://127.0.0.1:2", now() + TimeDelta::minutes(10)).expect("prepared");
    assert_eq!(again, first, "the numbers go on, the keys stay");
    assert_eq!(profile(dir.path(), "fabrikam").graph_endpoint(), "http://127.0.0.1:2");

    let later = demo::prepare(dir.path(), "http://127.0.0.1:2", now() + TimeDelta::days(5)).expect("prepared");
    assert_eq!(later.started_at.date_naive(), (now() + TimeDelta::days(5)).date_naive(), "a new demo");
    let changed: Vec<&str> = demo::tenant_keys()
        .into_iter()
        .zip(first.tenants.iter().zip(&later.tenants))
        .filter(|(_, (before, after))| before.certificate_pem != after.certificate_pem)
        .map(|(key, _)| key)
        .collect();
    assert_eq!(changed, ["tailspin"], "a certificate with less than a day left is made anew");
}

#[test]
fn the_history_meets_the_demo() {
    let history = demo::history(now());
    for key in demo::tenant_keys() {
        let last = history.iter().rfind(|point| point.tenant == key).map(|point| point.stock.clone());
        assert_eq!(last, demo::stock_after(key, TimeDelta::zero()));
    }
}

#[tokio::test]
async fn numbers_move_while_somebody_watches() {
    let dir = TempDir::new().expect("a folder");
    let setup = demo::prepare(dir.path(), "http://127.0.0.1:1", now()).expect("prepared");
    let elapsed = Arc::new(AtomicI64::new(0));
    let (start, passed) = (setup.started_at, Arc::clone(&elapsed));
    let clock = Clock::of(move || start + TimeDelta::seconds(passed.load(Ordering::Relaxed)));
    let config = Config { clock, ..setup.config().expect("good certificates") };
    let simulator = Simulator::start(config).await.expect("a free port");
    let token = school_token(dir.path(), simulator.base_url()).await;
    let free = async || {
        let request = http_client().get(format!("{}/v1.0/subscribedSkus", simulator.base_url())).bearer_auth(&token);
        let page: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        let students = &page["value"][0];
        assert_eq!(students["skuPartNumber"], "M365EDU_A3_STUDENT");
        [&students["prepaidUnits"]["enabled"], &students["consumedUnits"]]
            .map(|units| units.as_i64().expect("a number"))
    };
    assert_eq!(free().await, [1250, 1238]);
    elapsed.store(6 * 60, Ordering::Relaxed);
    assert_eq!(free().await, [1250, 1250], "run dry");
    elapsed.store(9 * 60, Ordering::Relaxed);
    assert_eq!(free().await[0], 1310, "refilled");
}

#[tokio::test]
async fn the_sharepoint_profile_leads_to_lists_with_every_tenant() {
    let dir = TempDir::new().expect("a folder");
    let binding = Binding::bind("127.0.0.1:0".parse().expect("an address"), None).await.expect("a free port");
    let setup = demo::prepare(dir.path(), binding.base_url(), now()).expect("prepared");
    let simulator = binding.serve(setup.config().expect("good certificates")).expect("started");
    let file = dir.path().join("config-profiles/sharepoint/sp-config-demo-profile.json");
    let mut profile: Value = serde_json::from_str(&fs::read_to_string(file).expect("a profile")).expect("JSON");
    let infos = profile.as_object_mut().expect("an object").remove("sharepoint_infos").expect("where the lists are");
    let profile = TenantProfile::parse(&profile.to_string()).expect("the keys of a tenant's profile");
    let token = token(dir.path(), simulator.base_url(), &profile).await;
    let [site, list] = ["site_id", "tenant_list_id"].map(|key| infos[key].as_str().expect("an id"));
    let url = format!("{}/v1.0/sites/{site}/lists/{list}/items?expand=fields", simulator.base_url());
    let answer = http_client().get(url).bearer_auth(token).send().await.expect("an answer");
    let page: Value = answer.json().await.expect("JSON");
    let rows = page["value"].as_array().expect("rows");
    let names: Vec<&str> = rows.iter().filter_map(|row| row["fields"]["Title"].as_str()).collect();
    let expected: Vec<&str> = setup.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
    assert_eq!(names, expected);
    assert!(rows.iter().all(|row| row["fields"]["enabled"] == true && row["fields"]["monitoring"] == true));
}

async fn school_token(dir: &Path, base: &str) -> String {
    token(dir, base, &profile(dir, "contoso-school")).await
}

async fn token(dir: &Path, base: &str, profile: &TenantProfile) -> String {
    let pem = fs::read_to_string(dir.join(&profile.cert_path)).expect("a PEM file");
    let assertion = assertion_for(base, (profile.tenant_id, profile.client_id), &Key::read(&pem));
    let url = format!("{base}/{}/oauth2/v2.0/token", profile.tenant_id);
    let form = sign_in_form(base, profile.client_id, &assertion);
    let answer: Value =
        http_client().post(url).form(&form).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["token_type"], json!("Bearer"), "{answer}");
    answer["access_token"].as_str().expect("a token").to_owned()
}
