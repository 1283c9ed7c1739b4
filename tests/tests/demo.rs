//! What a person sees who starts the project for the first time.

use anyhow::{Context, Result};
use leitwarte_core::status::StatusRow;
use leitwarte_core::stock::StockState;
use leitwarte_tests::stack::{Options, Stack};
use leitwarte_tests::{foreign, wait};
use std::time::Duration;
use tokio::process::Command;

#[tokio::test]
async fn without_a_tenant_the_demo_starts_and_its_curl_line_works_as_printed() -> Result<()> {
    let stack = Stack::start_in(Stack::folder()?, Options::default()).await?;
    let line = wait::until("the curl line", Duration::from_secs(10), async || {
        stack.output().lines().find(|line| line.trim_start().starts_with("curl ")).map(str::to_owned)
    })
    .await;
    let rows = wait::until("four tenants", Duration::from_mins(1), async || {
        let output = Command::new("sh").arg("-c").arg(line.trim()).output().await.ok()?;
        let rows: Vec<StatusRow> = serde_json::from_slice(&output.stdout).ok()?;
        let mut tenants: Vec<_> = rows.iter().map(|row| row.tenant.clone()).collect();
        tenants.sort();
        tenants.dedup();
        (tenants.len() == 4).then_some(rows)
    })
    .await;
    assert!(rows.iter().any(|row| row.state == StockState::Short && row.free_units < Some(0)), "one is over-assigned");
    assert!(rows.iter().any(|row| row.state == StockState::Fine), "one has plenty");

    let status = stack.leitwarte(&["status"]).await?;
    foreign::assert_success("leitwarte status", &status);
    Ok(())
}

#[tokio::test]
async fn the_demo_stops_cleanly_and_leaves_no_process_behind() -> Result<()> {
    let stack = Stack::start_in(Stack::folder()?, Options { args: vec!["--demo".to_owned()], env: vec![] }).await?;
    let names =
        ["emulator", "gateway", "timer", "graph-simulator", "poll-tenant", "api-read", "backup", "sync-sharepoint"];
    let mut pids = Vec::new();
    for name in names {
        let found = stack.processes(name)?;
        assert!(!found.is_empty(), "{name} should be running");
        pids.extend(found);
    }
    let (status, output) = stack.stop().await.context("stop")?;
    assert!(status.success(), "{output}");
    for pid in pids {
        assert!(rustix::process::test_kill_process(pid).is_err(), "{pid:?} is still there");
    }
    Ok(())
}

#[tokio::test]
async fn a_request_is_followed_from_the_gateway_to_its_function_by_one_id() -> Result<()> {
    let env = vec![("RUST_LOG".to_owned(), "debug".to_owned())];
    let stack = Stack::start_in(Stack::folder()?, Options { args: vec!["--demo".to_owned()], env }).await?;
    assert_eq!(reqwest::get(stack.url("/ready")).await?.status(), 200);
    let (status, output) = stack.stop().await.context("stop")?;
    assert!(status.success(), "{output}");
    let of_gateway = output.lines().find(|line| line.contains("\"GET /ready\"")).context("no line of the gateway")?;
    let (_, invocation) = of_gateway.split_once("invocation=\"").with_context(|| format!("no id in {of_gateway}"))?;
    let invocation = invocation.split('"').next().unwrap_or_default();
    assert_eq!(invocation.len(), 36, "{of_gateway}");
    let has = |words: &[&str]| {
        output.lines().any(|line| line.contains(invocation) && words.iter().all(|word| line.contains(word)))
    };
    assert!(has(&["emulator", "invocation ended", "success"]), "no line of the emulator with {invocation}: {output}");
    assert!(has(&["api-read", "request_id"]), "no line of the function with {invocation}: {output}");
    Ok(())
}
