//! The emulator alone, as a child process, with functions of the test's own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::{Child, Command};

use crate::stack::{free_address, program};
use crate::wait;

/// A running emulator; killed when dropped, and its functions with it.
#[derive(Debug)]
pub struct Host {
    invoke: String,
    metrics: String,
    /// The emulator's process.
    pub process: Child,
}

impl Host {
    /// Starts the emulator with `template` and waits until every function has asked for work.
    ///
    /// # Errors
    /// If it cannot be started.
    pub async fn start(template: &Path, functions: &Path, data: &Path) -> Result<Self> {
        let (invoke, metrics) = (free_address()?, free_address()?);
        let process = Command::new(program("emulator"))
            .arg("--spawn")
            .arg("--template")
            .arg(template)
            .env("FUNCTIONS_DIR", functions)
            .env("DATA_DIR", data)
            .env("INVOKE_ADDR", &invoke)
            .env("METRICS_ADDR", &metrics)
            .env("RUNTIME_ADDR", "127.0.0.1:0")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the emulator; run `cargo build --workspace` first")?;
        let host = Self { invoke, metrics, process };
        let ready = format!("http://{}/ready", host.metrics);
        wait::until("every function to be ready", Duration::from_mins(1), async || {
            reqwest::get(&ready).await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
        Ok(host)
    }

    /// Base address of the Invoke API.
    #[must_use]
    pub fn invoke_url(&self) -> String {
        format!("http://{}", self.invoke)
    }
}
