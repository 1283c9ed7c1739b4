//! Many tenants at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use leitwarte_core::profile::TenantProfile;
use leitwarte_graph_simulator::{Binding, Clock, Config, Fault, FaultKind, Operation, Simulator, synthetic};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::rig::{Key, assertion_for, http_client, sign_in_form};

#[tokio::test]
async fn two_hundred_tenants_are_served_with_one_certificate() {
    let key = Key::valid(-1, 30);
    let tenants = synthetic::tenants(200, 20, &Arc::new(key.certificate.clone()));
    let simulator = Simulator::start(Config::new(tenants)).await.expect("a free port");
    let http = http_client();
    let mut polls = JoinSet::new();
    for number in 1..=200 {
        // As many at once as poll-tenant has.
        if polls.len() == 64 {
            assert_eq!(polls.join_next().await.map(Result::ok), Some(Some(20)));
        }
        let assertion = assertion_for(simulator.base_url(), synthetic::ids(number), &key);
        polls.spawn(poll(http.clone(), simulator.base_url().to_owned(), number, assertion));
    }
    while let Some(polled) = polls.join_next().await {
        assert_eq!(polled.ok(), Some(20));
    }
    assert_eq!(simulator.requests().tenants.len(), 200);
    assert_eq!(simulator.requests().total[&Operation::Token].answers[&200], 200);
}

#[tokio::test]
async fn no_request_waits_for_another() {
    let key = Key::valid(-1, 30);
    let tenants = synthetic::tenants(200, 1, &Arc::new(key.certificate.clone()));
    let simulator = Simulator::start(Config::new(tenants)).await.expect("a free port");
    simulator.inject(Fault::once("*", Operation::Token, FaultKind::Hang).times(200)).expect("possible");
    let (http, mut hanging) = (http_client(), JoinSet::new());
    for number in 1..=200 {
        let url = format!("{}/{}/oauth2/v2.0/token", simulator.base_url(), synthetic::ids(number).0);
        hanging.spawn(http.post(url).send());
    }
    let begun = Instant::now();
    while simulator.requests().in_flight < 200 {
        assert!(begun.elapsed() < Duration::from_secs(20), "only {} came", simulator.requests().in_flight);
        tokio::task::yield_now().await;
    }
    let assertion = assertion_for(simulator.base_url(), synthetic::ids(1), &key);
    assert_eq!(poll(http, simulator.base_url().to_owned(), 1, assertion).await, 1, "the next one is served");
}

/// Signs in and reads; answers the number of products.
async fn poll(http: reqwest::Client, base: String, number: usize, assertion: String) -> usize {
    let (tenant, client) = synthetic::ids(number);
    let form = sign_in_form(&base, client, &assertion);
    let request = http.post(format!("{base}/{tenant}/oauth2/v2.0/token")).form(&form);
    let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    let token = answer["access_token"].as_str().expect("a token");
    let request = http.get(format!("{base}/v1.0/subscribedSkus")).bearer_auth(token);
    let page: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    page["value"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn a_crowd_on_disk_shares_one_key_and_shrinks_cleanly() {
    let dir = TempDir::new().expect("a folder");
    let binding = Binding::bind(([127, 0, 0, 1], 0).into(), None).await.expect("a free port");
    let now = Clock::system().now();
    synthetic::prepare(dir.path(), binding.base_url(), 5, 40, now).expect("prepared");
    let config =
        synthetic::prepare(dir.path(), binding.base_url(), 3, 40, now + TimeDelta::hours(1)).expect("prepared");
    let profiles = |number| dir.path().join(format!("config-profiles/config-tenant-{number:04}-profile.json"));
    assert!(profiles(3).exists() && !profiles(4).exists() && !profiles(5).exists());
    let text = std::fs::read_to_string(profiles(3)).expect("a profile");
    let profile = TenantProfile::parse(&text).expect("a good profile");
    assert_eq!(profile.normalised_thumbprint(), config.tenants[2].apps[0].certificates[0].thumbprint());
    assert_eq!((profile.tenant_id, profile.client_id), synthetic::ids(3));
    let stock = config.tenants[0].stock.at(now);
    assert_eq!(stock.len(), 40);
    let mut ids: Vec<_> = stock.iter().map(|stock| stock.sku_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}
