//! Foreign clients against our emulator: boto3 and `cargo lambda invoke` call functions that AWS's own
//! Python runtime client runs, unmodified.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Result;
use leitwarte_tests::foreign;
use leitwarte_tests::host::Host;
use leitwarte_tests::stack::repository;
use tokio::process::Command;

/// Writes a `bootstrap` for each Python function: the form a function has in AWS.
fn python_functions(folder: &Path) -> Result<()> {
    let code = repository().join("tests/foreign/awslambdaric");
    for name in ["echo", "fails", "context", "hangs"] {
        let bootstrap = folder.join(name).join("bootstrap");
        fs::create_dir(folder.join(name))?;
        let python = foreign::python();
        let script = format!(
            "#!/bin/sh\ncd '{}' && PYTHONUNBUFFERED=1 exec '{}' -m awslambdaric functions.{name}\n",
            code.display(),
            python.display()
        );
        fs::write(&bootstrap, script)?;
        fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

async fn python_host(folder: &Path) -> Result<Host> {
    let functions = folder.join("functions");
    fs::create_dir(&functions)?;
    python_functions(&functions)?;
    Host::start(&repository().join("tests/foreign/awslambdaric/template.yaml"), &functions, folder).await
}

#[tokio::test]
async fn boto3_finds_every_answer_of_the_invoke_api_as_aws_documents_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let host = python_host(folder.path()).await?;
    let check = repository().join("tests/foreign/boto3/check.py");
    let output = Command::new(foreign::python()).arg(check).arg(host.invoke_url()).output().await?;
    foreign::assert_success("the boto3 check", &output);
    Ok(())
}

#[tokio::test]
async fn cargo_lambda_invoke_calls_a_function() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let host = python_host(folder.path()).await?;
    let address = host.invoke_url();
    let (_, port) = address.rsplit_once(':').expect("a port");
    let output = Command::new(foreign::tool("cargo-lambda"))
        .args(["lambda", "invoke", "echo", "--invoke-address", "127.0.0.1", "--invoke-port", port])
        .args(["--data-ascii", r#"{"from":"cargo-lambda"}"#])
        .output()
        .await?;
    foreign::assert_success("cargo lambda invoke", &output);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(answer, serde_json::json!({ "from": "cargo-lambda" }));
    Ok(())
}
