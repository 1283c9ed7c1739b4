//! The API as a person asks it, through every gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use leitwarte_tests::wait::until;
use serde_json::Value;

use crate::cluster::{Cluster, REPLICAS};

/// Tenants of the demo.
const TENANTS: usize = 4;
/// A tick comes every minute.
const A_POLL: Duration = Duration::from_secs(100);

/// Which tenant was polled when.
pub(crate) type Polls = BTreeMap<String, String>;

/// What each gateway shows when all tenants were polled, later than `before` if that is given.
pub(crate) async fn polls_through_every_gateway(cluster: &Cluster, before: Option<&Polls>) -> Result<Polls> {
    let client = || reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10));
    // The demo's certificate is made at its start; what is tested of it is tested elsewhere.
    let demo = client().danger_accept_invalid_certs(true).build()?;
    let people = client().tls_certs_only([cluster.authority()?]).build()?;
    let simulator = cluster.replica("graph-simulator", 1)?.address(9003).context("the simulator is not published")?;
    let mut polls = Polls::new();
    for number in 1..=REPLICAS {
        let gateway = cluster.replica("gateway", number)?.address(8080).context("the gateway is not published")?;
        let all_polled = async || {
            let shown = read(&demo, &simulator, &people, &gateway).await?;
            let newer = |(tenant, at): (&String, &String)| before.is_none_or(|before| before.get(tenant) < Some(at));
            (shown.len() == TENANTS && shown.iter().all(newer)).then_some(shown)
        };
        polls = until(&format!("polled tenants through gateway {number}"), A_POLL, all_polled).await;
    }
    Ok(polls)
}

async fn read(demo: &reqwest::Client, simulator: &str, people: &reqwest::Client, gateway: &str) -> Option<Polls> {
    let token = demo.get(format!("https://{simulator}/demo/token")).send().await.ok()?.text().await.ok()?;
    let rows = people.get(format!("https://{gateway}/api/v1/licenses/status")).bearer_auth(token).send().await.ok()?;
    let rows: Vec<Value> = rows.error_for_status().ok()?.json().await.ok()?;
    let text = |row: &Value, field: &str| row[field].as_str().map(str::to_owned);
    Some(rows.iter().filter_map(|row| Some((text(row, "tenant")?, text(row, "polled_at")?))).collect())
}
