//! `leitwarte up` as a child process, in a folder of its own and on ports of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

/// How long a stack may take until it is ready; a debug build on a busy machine.
const START_LIMIT: Duration = Duration::from_mins(1);

/// What to start.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Arguments after `leitwarte up`.
    pub args: Vec<String>,
    /// Further environment.
    pub env: Vec<(String, String)>,
}

/// A running stack; stopped when dropped.
#[derive(Debug)]
pub struct Stack {
    folder: tempfile::TempDir,
    child: Child,
    gateway: String,
    invoke: String,
    metrics: String,
    env: Vec<(String, String)>,
    output: Arc<Mutex<Vec<String>>>,
}

impl Stack {
    /// A folder for a stack, with empty `config-profiles/` and `certs/`. Fill it, then [`Stack::start_in`].
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn folder() -> Result<tempfile::TempDir> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("config-profiles"))?;
        std::fs::create_dir(folder.path().join("certs"))?;
        Ok(folder)
    }

    /// Starts `leitwarte up` in `folder` and waits for its `ready` line.
    ///
    /// # Errors
    /// If it does not become ready in time; the error holds all it printed.
    pub async fn start_in(folder: tempfile::TempDir, options: Options) -> Result<Self> {
        let [gateway, invoke, metrics] = [free_address()?, free_address()?, free_address()?];
        let mut env: Vec<(String, String)> = [
            ("PROFILES_DIR", folder.path().join("config-profiles").display().to_string()),
            ("DATA_DIR", folder.path().join("data").display().to_string()),
            ("GATEWAY_ADDR", gateway.clone()),
            ("INVOKE_ADDR", invoke.clone()),
            ("METRICS_ADDR", metrics.clone()),
            ("RUNTIME_ADDR", "127.0.0.1:0".to_owned()),
            ("PUBLIC_URL", format!("http://{gateway}")),
            ("NO_COLOR", "1".to_owned()),
            ("RUST_BACKTRACE", "0".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        env.extend(options.env);
        // A demo would take its usual port first, as the demo of another test may at the same moment.
        let demo = folder.path().join("data/demo");
        std::fs::create_dir_all(&demo)?;
        std::fs::write(demo.join("simulator.addr"), free_address()?)?;
        let mut child = Command::new(program("leitwarte"))
            .arg("up")
            .args(&options.args)
            .current_dir(repository())
            .envs(env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start leitwarte; run `cargo build --workspace` first")?;

        let output = Arc::new(Mutex::new(Vec::new()));
        let (ready, is_ready) = oneshot::channel();
        collect(child.stdout.take().context("no stdout")?, Arc::clone(&output), Some(ready));
        collect(child.stderr.take().context("no stderr")?, Arc::clone(&output), None);
        let mut stack = Self { folder, child, gateway, invoke, metrics, env, output };
        if let Ok(Ok(())) = tokio::time::timeout(START_LIMIT, is_ready).await {
            return Ok(stack);
        }
        let exit = stack.child.try_wait();
        anyhow::bail!("leitwarte up did not become ready (exit: {exit:?}); it printed:\n{}", stack.output())
    }

    /// The folder the stack lives in.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A page or API address.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway)
    }

    /// Base address of the Invoke API.
    #[must_use]
    pub fn invoke_url(&self) -> String {
        format!("http://{}", self.invoke)
    }

    /// Base address of health and metrics.
    #[must_use]
    pub fn metrics_url(&self) -> String {
        format!("http://{}", self.metrics)
    }

    /// All lines printed so far.
    ///
    /// # Panics
    /// If a reader of the output panicked.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.lock().expect("output lock").join("\n")
    }

    /// Runs another `leitwarte` command against this stack.
    ///
    /// # Errors
    /// If it cannot be started.
    pub async fn leitwarte(&self, args: &[&str]) -> Result<std::process::Output> {
        Ok(Command::new(program("leitwarte"))
            .args(args)
            .current_dir(repository())
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await?)
    }

    /// Process ids of the running processes below this stack whose command line contains `word`.
    ///
    /// # Errors
    /// If `/proc` cannot be read.
    pub fn processes(&self, word: &str) -> Result<Vec<Pid>> {
        let data_dir = self.path().join("data").display().to_string();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc")? {
            let path = entry?.path();
            let Some(pid) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()) else {
                continue;
            };
            let read = |file| std::fs::read(path.join(file)).unwrap_or_default();
            let program = read("cmdline").split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
            let is_ours = String::from_utf8_lossy(&read("environ")).contains(&data_dir);
            if is_ours && String::from_utf8_lossy(&program).ends_with(word) {
                found.extend(Pid::from_raw(pid));
            }
        }
        Ok(found)
    }

    /// Sends a signal to every process [`Self::processes`] finds.
    ///
    /// # Errors
    /// If there is none.
    pub fn signal(&self, word: &str, signal: Signal) -> Result<()> {
        let processes = self.processes(word)?;
        anyhow::ensure!(!processes.is_empty(), "no process named {word} is running");
        for pid in processes {
            // Gone in the meantime is as good as signalled.
            let _ = kill_process(pid, signal);
        }
        Ok(())
    }

    /// Asks the stack to stop and waits; returns its exit status and all it printed.
    ///
    /// # Errors
    /// If it does not stop within 30 seconds.
    pub async fn stop(mut self) -> Result<(std::process::ExitStatus, String)> {
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
            kill_process(pid, Signal::TERM)?;
        }
        let status = tokio::time::timeout(Duration::from_secs(30), self.child.wait())
            .await
            .with_context(|| format!("leitwarte up did not stop; it printed:\n{}", self.output()))??;
        Ok((status, self.output()))
    }
}

/// The repository's folder.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// A program of this workspace, built beside the running test.
///
/// # Panics
/// If the running program's own path is unknown.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let mut folder = std::env::current_exe().expect("the running program has a path");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    folder.join(name)
}

/// A loopback address that was free a moment ago.
///
/// # Errors
/// If none is free.
pub fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

fn collect(
    stream: impl tokio::io::AsyncRead + Unpin + Send + 'static,
    output: Arc<Mutex<Vec<String>>>,
    mut ready: Option<oneshot::Sender<()>>,
) {
    let mut lines = BufReader::new(stream).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            let is_ready = line.starts_with("ready");
            if let Ok(mut output) = output.lock() {
                output.push(line);
            }
            if is_ready && let Some(ready) = ready.take() {
                let _ = ready.send(());
            }
        }
    });
}
