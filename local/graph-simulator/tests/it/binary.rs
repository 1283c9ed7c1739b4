//! The program itself: what it prints, and how it ends.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use reqwest::Certificate;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

/// Starts the program; answers it with the line it prints when ready.
async fn start(arguments: &[&str], dir: &Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_graph-simulator"))
        .args(arguments)
        .arg("--dir")
        .arg(dir)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    let stdout = child.stdout.take().expect("piped");
    let mut lines = BufReader::new(stdout).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.expect("in time").expect("text").expect("a line");
    (child, line)
}

fn address(line: &str) -> &str {
    line.split_whitespace().find(|word| word.starts_with("http")).expect("an address")
}

async fn end(mut child: Child) -> Option<i32> {
    let id = child.id().expect("running").to_string();
    let killed = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
    assert!(killed.success());
    timeout(PATIENCE, child.wait()).await.expect("it ends in time").expect("a status").code()
}

#[tokio::test]
async fn it_prints_its_address_when_it_answers_and_ends_on_sigterm() {
    let dir = TempDir::new().expect("a folder");
    let (child, line) = start(&["--demo"], dir.path()).await;
    assert!(line.starts_with("graph-simulator ready at http://127.0.0.1:"), "{line}");
    let profile = std::fs::read_to_string(dir.path().join("config-profiles/config-fabrikam-profile.json"));
    assert!(profile.expect("prepared").contains(address(&line)), "profiles name the address");
    let token = crate::rig::http_client().get(format!("{}/demo/token?role=Read", address(&line))).send().await;
    assert_eq!(token.expect("an answer").status(), 200);
    assert_eq!(end(child).await, Some(0));
}

#[tokio::test]
async fn it_speaks_tls_with_the_authority_it_wrote() {
    let dir = TempDir::new().expect("a folder");
    let tls = dir.path().join("tls");
    let tls_dir = tls.to_str().expect("UTF-8");
    let (child, line) = start(&["--tenants", "2", "--skus", "3", "--tls-dir", tls_dir], dir.path()).await;
    assert!(line.contains("https://127.0.0.1:") && line.contains("ca.pem"), "{line}");
    let ca = Certificate::from_pem(&std::fs::read(tls.join("ca.pem")).expect("written")).expect("a certificate");
    let client =
        reqwest::Client::builder().no_proxy().tls_certs_only([ca]).timeout(PATIENCE).build().expect("a client");
    let settings = client.get(format!("{}/simulator/settings", address(&line))).send().await.expect("an answer");
    assert_eq!(settings.status(), 200);
    assert!(crate::rig::http_client().get(address(&line)).send().await.is_err(), "nobody else trusts it");
    assert_eq!(end(child).await, Some(0));
}

#[tokio::test]
async fn it_wants_to_know_whom_to_serve() {
    let output = Command::new(env!("CARGO_BIN_EXE_graph-simulator")).args(["--dir", "x"]).output().await;
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--demo"));
}
