//! What one invocation costs, on our host and on cargo-lambda's, in alternating rounds on the same machine.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use hyper::Method;
use leitwarte_tests::stack::{free_address, program};
use tokio::process::{Child, Command};

use crate::load::{self, Call, Crowd, Measured};
use crate::report::{Report, middle};

const ROUND: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;

/// Our emulator and gateway with the no-op function, and nothing else.
const TEMPLATE: &str = "\
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Noop:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: noop
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: .
      Timeout: 10
      Events:
        Get: {Type: HttpApi, Properties: {Path: /noop, Method: GET}}
";

/// Host processes, ended when dropped.
struct Host {
    invoke: Call,
    http: Call,
    _processes: Vec<Child>,
    _folder: tempfile::TempDir,
}

/// Measures and adds the tables to the report.
pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let ours = our_host().await.context("our host")?;
    let theirs = cargo_lambda().await.context("cargo-lambda")?;
    let mut table = vec![];
    for (name, callers, pick) in [
        ("sync invoke, 1 caller", 1, (|host| &host.invoke) as fn(&Host) -> &Call),
        ("sync invoke, 10 callers", 10, |host| &host.invoke),
        ("through HTTP, 1 caller", 1, |host| &host.http),
        ("through HTTP, 10 callers", 10, |host| &host.http),
    ] {
        let (mut left, mut right) = (vec![], vec![]);
        for _ in 0..ROUNDS {
            left.push(load::run(pick(&ours), Crowd::restless(callers), ROUND).await?);
            right.push(load::run(pick(&theirs), Crowd::restless(callers), ROUND).await?);
        }
        let (left, right) = (middle(left), middle(right));
        table.push((name, left, right));
    }
    report.heading("Invocations (no-op function, one process)");
    report.row(&["", "Leitwarte", "p50 / p99", "cargo-lambda", "p50 / p99", "ratio"]);
    for (name, ours, theirs) in &table {
        report.row(&[
            name,
            &rate(ours),
            &quantiles(ours),
            &rate(theirs),
            &quantiles(theirs),
            &format!("{:.2}", ours.per_second / theirs.per_second),
        ]);
    }
    let overhead = table[2].1.quantile_ms(0.5) - table[0].1.quantile_ms(0.5);
    report.line(&format!(
        "Median overhead of the gateway over a direct invocation: {overhead:.3} ms (aim: below 0.5 ms)"
    ));
    Ok(())
}

fn rate(measured: &Measured) -> String {
    format!("{:.0}/s", measured.per_second)
}

fn quantiles(measured: &Measured) -> String {
    format!("{:.2} / {:.2} ms", measured.quantile_ms(0.5), measured.quantile_ms(0.99))
}

fn call(method: Method, address: &str, path: &str, body: &'static str) -> Call {
    Call { method, address: address.to_owned(), path: path.to_owned(), headers: vec![], body }
}

async fn our_host() -> Result<Host> {
    let folder = tempfile::tempdir()?;
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, TEMPLATE)?;
    let [invoke, gateway, metrics] = [free_address()?, free_address()?, free_address()?];
    let start = |name: &str, args: &[&str]| {
        Command::new(program(name))
            .args(args)
            .arg("--template")
            .arg(&template)
            .env("DATA_DIR", folder.path())
            .env("INVOKE_ADDR", &invoke)
            .env("GATEWAY_ADDR", &gateway)
            .env("METRICS_ADDR", &metrics)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name}"))
    };
    let processes = vec![start("emulator", &["--spawn"])?, start("gateway", &[])?];
    let host = Host {
        invoke: call(Method::POST, &invoke, "/2015-03-31/functions/noop/invocations", "{}"),
        http: call(Method::GET, &gateway, "/noop", ""),
        _processes: processes,
        _folder: folder,
    };
    until_it_answers(&host.http).await?;
    Ok(host)
}

/// cargo-lambda's emulator as its documentation starts it for a function that is built already. Its HTTP
/// mapping is the function URL.
async fn cargo_lambda() -> Result<Host> {
    let folder = tempfile::tempdir()?;
    // It insists on a package with a program of the function's name, though it builds nothing here.
    std::fs::create_dir(folder.path().join("src"))?;
    std::fs::write(folder.path().join("src/main.rs"), "fn main() {}\n")?;
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"noop\"\nedition = \"2024\"\n")?;
    let address = free_address()?;
    let (_, port) = address.split_once(':').context("an address")?;
    let python = std::env::var("LEITWARTE_PYTHON").context("LEITWARTE_PYTHON is not set; run `make bench`")?;
    let tool = std::path::Path::new(&python).with_file_name("cargo-lambda");
    let host = Command::new(tool)
        .args(["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1", "--invoke-port", port])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start cargo-lambda")?;
    until_it_listens(&address).await?;
    let function = Command::new(program("noop"))
        .env("AWS_LAMBDA_RUNTIME_API", format!("http://{address}/.rt/noop"))
        .env("AWS_LAMBDA_FUNCTION_NAME", "noop")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .kill_on_drop(true)
        .spawn()?;
    let measured = Host {
        invoke: call(Method::POST, &address, "/2015-03-31/functions/noop/invocations", "{}"),
        http: call(Method::GET, &address, "/lambda-url/noop/", ""),
        _processes: vec![host, function],
        _folder: folder,
    };
    until_it_answers(&measured.invoke).await?;
    Ok(measured)
}

/// Waits until the call succeeds, for at most 20 seconds.
pub(crate) async fn until_it_answers(call: &Call) -> Result<()> {
    let answered = async {
        loop {
            if let Ok(mut connection) = load::connect(&call.address).await
                && load::once(&mut connection, call).await.is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), answered)
        .await
        .with_context(|| format!("{} {} never answered with success", call.method, call.path))
}

async fn until_it_listens(address: &str) -> Result<()> {
    let listening = async {
        while load::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), listening).await.context("cargo-lambda never listened")
}
