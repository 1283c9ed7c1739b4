//! Settings of the emulator: addresses from the environment, bounds with their defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leitwarte_host::env::{EnvError, Environment};

/// Everything the emulator can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where invocations come in.
    pub invoke_addr: SocketAddr,
    /// Host and first port of the Runtime API, one port per function; port 0 takes free ports.
    pub runtime_addr: SocketAddr,
    /// Metrics and health.
    pub metrics_addr: SocketAddr,
    /// Folder of the durable queue.
    pub data_dir: PathBuf,
    /// The key that callers beyond loopback must show; made when it is missing.
    pub invoke_key_file: PathBuf,
    /// Where the functions' programs are; nothing when functions run elsewhere and connect by themselves.
    pub functions_dir: Option<PathBuf>,
    /// Variables already set for this process, which win over those of the template.
    pub environment: Environment,
    /// Bounds of waiting and queueing.
    pub limits: Limits,
    /// Delays between attempts of asynchronous events.
    pub retries: RetryDelays,
}

/// Bounds of waiting and queueing.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Callers that may wait for one function.
    pub waiting_callers: usize,
    /// Events that may be pending for one function.
    pub pending_events: u64,
    /// How long an event waits while no process of its function is there.
    pub process_wait: Duration,
    /// How long after its connection closed a process counts as dead.
    pub crash_grace: Duration,
    /// How long a process that ran into a timeout may finish its other invocations.
    pub timeout_drain: Duration,
    /// Delay before the first restart of a process; it doubles with each start that fails.
    pub restart_first: Duration,
    /// Longest delay before a restart.
    pub restart_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            waiting_callers: 1000,
            pending_events: 100_000,
            process_wait: Duration::from_secs(10),
            crash_grace: Duration::from_millis(250),
            timeout_drain: Duration::from_secs(1),
            restart_first: Duration::from_millis(100),
            restart_max: Duration::from_secs(30),
        }
    }
}

/// Delays between attempts of an asynchronous event.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
#[derive(Debug, Clone)]
pub struct RetryDelays {
    /// Delay after the first, second … function error.
    pub function_error: Vec<Duration>,
    /// Delay after the first throttle or host error; it doubles with each further one.
    pub throttle_first: Duration,
    /// Longest delay after a throttle or host error.
    pub throttle_max: Duration,
}

impl Default for RetryDelays {
    fn default() -> Self {
        Self {
            function_error: vec![Duration::from_mins(1), Duration::from_mins(2)],
            throttle_first: Duration::from_secs(1),
            throttle_max: Duration::from_mins(5),
        }
    }
}

impl Config {
    /// The settings the environment gives. With `spawn`, the functions' programs are looked for in `FUNCTIONS_DIR`,
    /// by default in `program_dir`.
    ///
    /// # Errors
    /// A variable has a value that cannot be used.
    pub fn from_environment(environment: Environment, spawn: bool, program_dir: &Path) -> Result<Self, EnvError> {
        Ok(Self {
            invoke_addr: environment.invoke_addr()?,
            runtime_addr: environment.runtime_addr()?,
            metrics_addr: environment.metrics_addr()?,
            data_dir: environment.data_dir(),
            invoke_key_file: environment.invoke_key_file(),
            functions_dir: spawn.then(|| environment.functions_dir(program_dir)),
            environment,
            limits: Limits::default(),
            retries: RetryDelays::default(),
        })
    }
}
