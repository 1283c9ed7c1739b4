//! Microsoft's own library as the client: `tests/foreign/msal/check.py` over TLS.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use leitwarte_graph_simulator::{Binding, CA_FILE, Clock, demo};
use tempfile::TempDir;
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn msal_python_signs_in_and_is_refused_as_by_entra() {
    let python = std::env::var("LEITWARTE_PYTHON").expect(
        "LEITWARTE_PYTHON must name a Python with msal, requests, pyjwt and cryptography; `make test` sets it up",
    );
    let dir = TempDir::new().expect("a folder");
    let tls = dir.path().join("tls");
    let binding = Binding::bind(([127, 0, 0, 1], 0).into(), Some(&tls)).await.expect("TLS on a free port");
    let setup = demo::prepare(dir.path(), binding.base_url(), Clock::system().now()).expect("prepared");
    let mut config = setup.config().expect("good certificates");
    config.sign_in = config.sign_in.map(|sign_in| sign_in.reached_at("http://localhost:8080"));
    let simulator = binding.serve(config).expect("started");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/foreign/msal/check.py");
    let run = Command::new(python)
        .arg(script)
        .args(["--base", simulator.base_url()])
        .arg("--ca")
        .arg(tls.join(CA_FILE))
        .arg("--dir")
        .arg(dir.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_mins(1), run).await.expect("within a minute").expect("it runs");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(said.contains("all checks passed"), "{said}");
}
