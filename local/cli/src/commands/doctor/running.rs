//! Whether the host runs and its parts answer.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use super::finding::{Area, Finding};
use crate::Settings;
use crate::host_api::reachable;
use crate::words::{DEMO_RUNS, capitalised};

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
        finding("gateway", client.get(format!("{base}/ready")).send().await).await
    };
    let emulator = async { finding("emulator", emulator.await).await };
    let (emulator, gateway) = tokio::join!(emulator, gateway);
    vec![emulator, gateway]
}

/// What stands in the way of real tenants.
pub(super) fn demo() -> Finding {
    let (what, fix) = DEMO_RUNS.split_once(": ").unwrap_or((DEMO_RUNS, ""));
    AREA.bad("demo", format!("{what}."), capitalised(fix))
}

async fn finding(subject: &str, answer: reqwest::Result<reqwest::Response>) -> Finding {
    match answer {
        Ok(response) if is_ready(response.status()) => AREA.good(subject, "Runs and is ready."),
        Ok(response) => {
            let status = response.status();
            let body: Value = response.json().await.unwrap_or_default();
            let detail = match body["detail"].as_str() {
                Some(detail) => format!(": {}", detail.trim_end_matches('.')),
                None if body.is_null() => String::new(),
                None => format!(": {body}"),
            };
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

/// A template without the route `/ready` has nothing behind the gateway to wait for.
fn is_ready(status: StatusCode) -> bool {
    status.is_success() || status == StatusCode::NOT_FOUND
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    /// What `doctor` says of a gateway behind which `/ready` answers so.
    async fn behind_gateway(status: StatusCode) -> Finding {
        let ready = axum::routing::get(move || async move { (status, r#"{"detail": "No poll yet."}"#) });
        let alive = axum::routing::get(|| async { "ok" });
        let routes = axum::Router::new().route("/ready", ready).route("/__gateway/health", alive);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let values = [("GATEWAY_ADDR", address.clone()), ("METRICS_ADDR", address)];
        let settings = Settings::new(values.map(|(name, value)| (name.to_owned(), value))).unwrap();
        check(&settings).await.into_iter().find(|finding| finding.subject == "gateway").unwrap()
    }

    #[tokio::test]
    async fn a_gateway_with_nothing_ready_behind_it_is_not_good() {
        let finding = behind_gateway(StatusCode::SERVICE_UNAVAILABLE).await;
        assert_eq!(finding.level, Level::Bad);
        assert!(finding.message.contains("503") && finding.message.contains("No poll yet."), "{finding:?}");
        assert_eq!(behind_gateway(StatusCode::OK).await.level, Level::Good);
        assert_eq!(behind_gateway(StatusCode::NOT_FOUND).await.level, Level::Good);
    }
}
