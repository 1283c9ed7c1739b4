//! schemathesis, a foreign program, reads the API's document and finds no answer that the document does not allow: no 500,
//! no undescribed status, no form that differs, no method or missing token that is let through.

use std::time::Duration;

use anyhow::Result;
use leitwarte_tests::foreign;
use leitwarte_tests::stack::{Options, Stack, repository};
use leitwarte_tests::wait;
use tokio::process::Command;
use tokio::time::timeout;

/// Requests for each operation in the random part; the edges come on top.
const EXAMPLES: &str = "6";
/// Far more than it takes.
const LIMIT: Duration = Duration::from_mins(8);

#[tokio::test]
async fn every_answer_is_what_the_document_says() -> Result<()> {
    let options = Options { args: vec!["--demo".to_owned()], ..Options::default() };
    let stack = Stack::start_in(Stack::folder()?, options).await?;
    let simulator = std::fs::read_to_string(stack.path().join("data/demo/simulator.addr"))?;
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
    let token = http.get(format!("http://{}/demo/token?role=Admin", simulator.trim())).send().await?.text().await?;
    let bearer = format!("Bearer {}", token.trim());
    wait::until("the first numbers", Duration::from_mins(1), async || {
        let address = stack.url("/api/v1/licenses/status");
        let answer = http.get(address).header("authorization", &bearer).send().await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    let folder = repository().join("tests/foreign/schemathesis");
    let run = Command::new(foreign::tool("schemathesis"))
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", &stack.url("/api/v1/openapi.json"), "--url", &stack.url("")])
        .args(["--header", &format!("Authorization: {bearer}"), "--max-examples", EXAMPLES, "--seed", "1"])
        // Signing in leads to Microsoft's pages, which are not ours to describe.
        .args(["--exclude-tag", "sign-in", "--max-redirects", "0", "--workers", "2", "--no-color"])
        .current_dir(stack.path())
        .kill_on_drop(true)
        .output();
    let output = timeout(LIMIT, run).await.expect("schemathesis takes too long")?;
    foreign::assert_success("schemathesis", &output);
    Ok(())
}
