//! Waits until the programs answer.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use leitwarte_store::StoreError;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::screen::Screen;
use crate::Settings;
use crate::host_api::reachable;
use crate::terminal::{WARN, paint};

/// Time between two questions.
const PAUSE: Duration = Duration::from_millis(100);
/// After this long, a person wants to know what is being waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest wait for the first poll.
const FIRST_POLL: Duration = Duration::from_secs(5);

/// A client for questions to our own programs.
pub(super) fn client() -> anyhow::Result<Client> {
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(5)).build();
    client.context("cannot prepare HTTP calls")
}

/// Waits until the emulator can be called.
pub(super) async fn emulator_listens(client: &Client, settings: &Settings, screen: &Screen) -> anyhow::Result<()> {
    let address = reachable(&settings.host.metrics_addr()?.to_string());
    until_answer(client, &format!("http://{address}/health"), "the emulator", StatusCode::is_success, screen).await;
    Ok(())
}

/// Waits until every function has asked for work, the gateway answers, and what is behind it, too.
pub(super) async fn everything(client: &Client, settings: &Settings, screen: &Screen) -> anyhow::Result<()> {
    let metrics = reachable(&settings.host.metrics_addr()?.to_string());
    let ok = StatusCode::is_success;
    until_answer(client, &format!("http://{metrics}/ready"), "the functions", ok, screen).await;
    let Some(gateway) = settings.gateway_base()? else {
        return until_listening(settings.host.gateway_addr()?).await;
    };
    until_answer(client, &format!("{gateway}/__gateway/health"), "the gateway", ok, screen).await;
    // A template without this route has nothing else to wait for.
    let ok = |status: &StatusCode| status.is_success() || *status == StatusCode::NOT_FOUND;
    until_answer(client, &format!("{gateway}/ready"), "the first numbers", ok, screen).await;
    Ok(())
}

/// Waits until the tenants were polled once since `start`, so that the first look shows numbers of now. Microsoft may be
/// slow: what runs counts as ready without it, too.
pub(super) async fn first_poll(settings: &Settings, start: DateTime<Utc>) {
    let polled = async {
        let store = settings.open_store(true).await?;
        while store.revision().await?.last_tick.is_none_or(|tick| tick < start) {
            sleep(PAUSE).await;
        }
        store.close().await;
        Ok::<_, StoreError>(())
    };
    // A database that cannot be read is told by those who work with it.
    let _ = timeout(FIRST_POLL, polled).await;
}

async fn until_listening(address: SocketAddr) -> anyhow::Result<()> {
    let address = reachable(&address.to_string());
    while tokio::net::TcpStream::connect(&address).await.is_err() {
        sleep(PAUSE).await;
    }
    Ok(())
}

/// Asks until the answer is right. There is no limit, because what is waited for is kept running and may yet come up;
/// whoever waits is told what for, and can stop.
pub(super) async fn until_answer(
    client: &Client,
    url: &str,
    what: &str,
    is_right: impl Fn(&StatusCode) -> bool,
    screen: &Screen,
) {
    let mut complain_at = Instant::now() + PATIENCE;
    loop {
        let answer = client.get(url).send().await;
        if answer.as_ref().is_ok_and(|response| is_right(&response.status())) {
            return;
        }
        if Instant::now() >= complain_at {
            let detail = detail(answer).await;
            screen.warn(format_args!("{} still waiting for {what}{detail}", paint(WARN, "!")));
            complain_at += PATIENCE;
        }
        sleep(PAUSE).await;
    }
}

async fn detail(answer: reqwest::Result<reqwest::Response>) -> String {
    let Ok(response) = answer else { return String::new() };
    let status = response.status();
    match response.json::<Value>().await {
        Ok(body) => format!(": {}", body["detail"].as_str().map_or_else(|| body.to_string(), str::to_owned)),
        Err(_) => format!(" ({status})"),
    }
}
