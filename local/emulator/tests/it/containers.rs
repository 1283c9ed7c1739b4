//! What the emulator does for functions in containers: networks of their own, health checks.

use std::process::Command;

use crate::common::{Host, eventually};

/// Two functions, whose networks are played by two loopback addresses; the listeners are on all addresses.
const FUNCTIONS: &[(&str, &str)] = &[("2", ""), ("3", "")];

#[tokio::test]
async fn a_function_is_served_through_its_own_network_only() {
    let host = Host::with(FUNCTIONS, false, |config| {
        config.runtime_addr = "0.0.0.0:0".parse().unwrap();
        config.runtime_host = Some("127.0.0.{function}".to_owned());
    })
    .await;
    host.caller.event("2", r#"{"secret":true}"#).await;
    for (network, function) in [("127.0.0.3", "2"), ("127.0.0.1", "2"), ("127.0.0.2", "3")] {
        let stranger = host.runtime_through(network, function);
        assert!(stranger.is_refused().await, "function {function} through {network}");
    }
    assert_eq!(host.caller.report("2").await["connected"], 0);
    let event = host.runtime_through("127.0.0.2", "2").next().await;
    assert_eq!(event.json()["secret"], true);
}

#[tokio::test]
async fn a_name_that_cannot_be_looked_up_serves_nobody_and_harms_nobody() {
    let host = Host::with(&[("work", "")], false, |config| {
        config.runtime_host = Some("{function}.invalid".to_owned());
    })
    .await;
    assert!(host.runtime("work").is_refused().await);
    host.caller.event("work", "1").await;
    assert_eq!(host.metrics("/health").await.0, 200);
}

#[tokio::test]
async fn health_is_asked_by_the_same_program() {
    let host = Host::start(&[("work", "")]).await;
    let address = host.metrics_addr();
    let everywhere = format!("0.0.0.0:{}", address.port());
    let health = async |address: String| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_emulator"));
        command.arg("health").env("METRICS_ADDR", address).env_remove("TEMPLATE");
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    eventually("it serves", async || host.metrics("/health").await.0 == 200).await;
    for address in [address.to_string(), everywhere] {
        let output = health(address).await;
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
    host.stop().await;
    let output = health(address.to_string()).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.starts_with("emulator: no answer at 127.0.0.1:") && told.lines().count() == 1, "{told}");
}
