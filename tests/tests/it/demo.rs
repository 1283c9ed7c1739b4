//! What a person sees who starts the project for the first time.

use anyhow::{Context, Result};
use leitwarte_core::status::StatusRow;
use leitwarte_core::stock::StockState;
use leitwarte_tests::stack::{Options, Stack};
use leitwarte_tests::{foreign, services, wait};
use serde_json::Value;
use std::collections::BTreeSet;
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
    let host = ["emulator", "gateway", "timer", "graph-simulator"].map(str::to_owned);
    let mut pids = Vec::new();
    for name in host.into_iter().chain(services::functions()) {
        let found = stack.processes(&name)?;
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

#[tokio::test]
async fn after_a_poll_the_lists_are_written_and_the_flow_tells_who_is_short() -> Result<()> {
    let stack =
        Stack::start_in(Stack::folder()?, Options { args: vec!["--demo".to_owned()], ..Options::default() }).await?;
    let simulator = std::fs::read_to_string(stack.path().join("data/demo/simulator.addr"))?;
    let site = format!("http://{}/simulator/sites/lizenzen", simulator.trim());
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
    let rows = wait::until("the rows of four tenants", Duration::from_mins(1), async || {
        let list = http.get(format!("{site}/lists/Lizenzstatusliste/rows")).send().await.ok()?;
        let rows: Vec<Value> = list.error_for_status().ok()?.json().await.ok()?;
        let tenants: BTreeSet<_> = rows.iter().map(|row| row["fields"]["tenant"].to_string()).collect();
        (tenants.len() == 4).then_some(rows)
    })
    .await;
    let title = |row: &Value| row["fields"]["Title"].as_str().unwrap_or_default().to_owned();
    let premium = rows.iter().find(|row| title(row) == "Microsoft 365 Business Premium (SPB)").context("a row")?;
    assert_eq!(premium["fields"]["tenant"], "Northwind");
    let told: Vec<Value> = http.post(format!("{site}/flows")).send().await?.error_for_status()?.json().await?;
    let told = serde_json::to_string(&told)?;
    assert!(told.contains("Microsoft 365 Business Premium (SPB)") && told.contains("Northwind"), "{told}");

    let doctor = stack.leitwarte(&["doctor", "--offline", "--demo"]).await?;
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("The lists were brought up to date"), "{doctor}");
    Ok(())
}
