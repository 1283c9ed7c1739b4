//! Whether the host runs and its parts answer.

use std::time::Duration;

use serde_json::Value;

use super::finding::{Area, Finding};
use crate::Settings;
use crate::host_api::reachable;

const AREA: Area = Area::Running;

pub(super) async fn check(settings: &Settings) -> Vec<Finding> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3)).build();
    // A wrong address was already found among those of the machine.
    let (Ok(client), Ok(metrics), Ok(gateway)) = (client, settings.host.metrics_addr(), settings.gateway_base()) else {
        return Vec::new();
    };
    let emulator = client.get(format!("http://{}/ready", reachable(&metrics.to_string()))).send();
    let gateway = async {
        let Some(base) = gateway else {
            return AREA.note("gateway", "Speaks TLS; look at it under the name in its certificate.");
        };
        finding("gateway", client.get(format!("{base}/__gateway/health")).send().await).await
    };
    let emulator = async { finding("emulator", emulator.await).await };
    let (emulator, gateway) = tokio::join!(emulator, gateway);
    vec![emulator, gateway]
}

async fn finding(subject: &str, answer: reqwest::Result<reqwest::Response>) -> Finding {
    match answer {
        Ok(response) if response.status().is_success() => AREA.good(subject, "Runs and is ready."),
        Ok(response) => {
            let status = response.status();
            let body: Value = response.json().await.unwrap_or_default();
            let detail = if body.is_null() { String::new() } else { format!(": {body}") };
            AREA.bad(
                subject,
                format!("Runs but is not ready ({status}){detail}."),
                "Wait a moment and look again; then read what `leitwarte up` prints.",
            )
        }
        Err(error) if error.is_connect() => AREA.note(subject, "Does not run. `leitwarte up` starts it."),
        Err(_) => AREA.bad(subject, "Does not answer in time.", "Restart `leitwarte up` and read what it prints."),
    }
}
