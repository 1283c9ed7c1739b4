//! The system in containers, as docker-compose starts it, with a name and ports of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::stack::{free_address, repository};

/// A running system; removed with its volumes when dropped.
#[derive(Debug)]
pub struct Compose {
    project: String,
    files: Vec<PathBuf>,
    env: Vec<(String, String)>,
}

impl Compose {
    /// Starts the given files' services under a project name of its own.
    ///
    /// # Errors
    /// No engine answers, or docker-compose fails; the error holds what it printed.
    pub fn up(files: &[&Path], env: &[(&str, String)]) -> Result<Self> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let port = |address: String| address.rsplit(':').next().unwrap_or_default().to_owned();
        let mut env: Vec<_> = env.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        for name in ["GATEWAY_PORT", "DEMO_PORT"] {
            env.push((name.to_owned(), port(free_address()?)));
        }
        let public =
            env.iter().find(|(name, _)| name == "GATEWAY_PORT").map(|(_, port)| format!("http://localhost:{port}"));
        env.extend(public.map(|address| ("PUBLIC_URL".to_owned(), address)));
        let compose = Self {
            project: format!("leitwarte-test-{}-{number}", std::process::id()),
            files: files.iter().map(|file| file.to_path_buf()).collect(),
            env,
        };
        compose.run(&["up", "--detach", "--no-build"])?;
        Ok(compose)
    }

    /// Runs a docker-compose command.
    ///
    /// # Errors
    /// It fails; the error holds what it printed.
    pub fn run(&self, args: &[&str]) -> Result<String> {
        let mut command = Command::new("docker-compose");
        command
            .current_dir(repository())
            .args(["--project-name", &self.project])
            .args(self.files.iter().flat_map(|file| ["--file".to_owned(), file.display().to_string()]));
        done(command.args(args).envs(self.env.iter().cloned()))
    }

    /// A variable the files were read with.
    ///
    /// # Panics
    /// There is no such variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> &str {
        let found = self.env.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).expect("a variable of this system")
    }

    /// The containers of a service, whether they run or not. Asks the engine itself, which answers many times sooner than
    /// docker-compose.
    ///
    /// # Errors
    /// The engine does not answer.
    pub fn containers(&self, service: &str) -> Result<Vec<String>> {
        let label = |name: &str, value: &str| format!("label=com.docker.compose.{name}={value}");
        let filters = [label("project", &self.project), label("service", service), label("oneoff", "False")];
        let mut list = vec!["ps", "--all", "--quiet", "--no-trunc"];
        list.extend(filters.iter().flat_map(|filter| ["--filter", filter.as_str()]));
        Ok(docker(&list)?.split_whitespace().map(str::to_owned).collect())
    }

    /// The name of a network as the engine knows it.
    #[must_use]
    pub fn network(&self, name: &str) -> String {
        format!("{}_{name}", self.project)
    }

    /// Kills the process of each of a service's containers, see [`crash`].
    ///
    /// # Errors
    /// There is no such container, or this user may not.
    pub fn crash(&self, service: &str) -> Result<()> {
        self.containers(service)?.iter().try_for_each(|container| crash(container))
    }

    /// The process of each of a service's containers as this machine numbers them; 0 where none runs.
    ///
    /// # Errors
    /// The engine does not answer.
    pub fn processes(&self, service: &str) -> Result<Vec<i32>> {
        self.containers(service)?.iter().map(|container| process(container)).collect()
    }

    /// What each container of the system holds in memory: its name, and MiB.
    ///
    /// # Errors
    /// The engine does not answer.
    pub fn memory(&self) -> Result<Vec<(String, f64)>> {
        let all = self.run(&["ps", "-q"])?;
        let mut stats = vec!["stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}"];
        stats.extend(all.split_whitespace());
        let mut found = Vec::new();
        for line in docker(&stats)?.lines() {
            let mut words = line.split_whitespace();
            let (name, size) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let mib = size.strip_suffix("MiB").map(str::parse::<f64>);
            let kib = size.strip_suffix("KiB").map(|kib| kib.parse::<f64>().map(|kib| kib / 1024.0));
            found.push((name.to_owned(), mib.or(kib).with_context(|| format!("{name} holds {size}"))??));
        }
        Ok(found)
    }

    /// A file inside a container, empty if it is not there.
    ///
    /// # Errors
    /// The container is gone.
    pub fn file(&self, container: &str, path: &str) -> Result<String> {
        let folder = tempfile::tempdir()?;
        let target = folder.path().join("file");
        let copied = Command::new("docker").args(["cp", &format!("{container}:{path}")]).arg(&target).output()?;
        if copied.status.success() { Ok(std::fs::read_to_string(target)?) } else { Ok(String::new()) }
    }

    /// What all containers printed last.
    fn logs(&self) -> String {
        self.run(&["logs", "--no-color", "--tail", "15"]).unwrap_or_default()
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
        if let Err(error) = self.run(&["down", "--volumes", "--timeout", "2"]) {
            eprintln!("containers stay behind: {error:#}");
        }
    }
}

/// Kills a container's process as a crash would. The engine's own `kill` counts as a person's wish and is not answered by
/// a restart.
///
/// # Errors
/// There is no such container, or this user may not.
pub fn crash(container: &str) -> Result<()> {
    let pid = Pid::from_raw(process(container)?).context("the container runs no process")?;
    kill_process(pid, Signal::KILL).context("only root may kill a container's process from outside")
}

fn process(container: &str) -> Result<i32> {
    Ok(inspect(container, "{{.State.Pid}}")?.parse()?)
}

/// What the engine knows of a container or network, by a template of Docker's own.
///
/// # Errors
/// There is no such thing, or the engine does not answer.
pub fn inspect(what: &str, format: &str) -> Result<String> {
    Ok(docker(&["inspect", "--format", format, what])?.trim().to_owned())
}

/// Runs a docker command and returns what it printed.
///
/// # Errors
/// It fails.
pub fn docker(args: &[&str]) -> Result<String> {
    done(Command::new("docker").args(args))
}

fn done(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } = command.output().context("cannot be started; is it installed?")?;
    ensure!(status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&stderr));
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}
