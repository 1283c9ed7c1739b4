//! Settings of the emulator: addresses from the environment, bounds with their defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leitwarte_database::{Address, AddressError};
use leitwarte_host::env::{EnvError, Environment};
use thiserror::Error;

/// A setting cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A variable has a wrong value.
    #[error(transparent)]
    Environment(#[from] EnvError),
    /// The database's address is wrong.
    #[error(transparent)]
    Database(#[from] AddressError),
}

/// Everything the emulator can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where invocations come in.
    pub invoke_addr: SocketAddr,
    /// Host and first port of the Runtime API, one port per function; port 0 takes free ports.
    pub runtime_addr: SocketAddr,
    /// The name this emulator has in the network that it shares with one function alone; `{function}` in it stands
    /// for the function's name. When set, a function is served only over an address of its own name.
    pub runtime_host: Option<String>,
    /// Metrics and health.
    pub metrics_addr: SocketAddr,
    /// Folder of the durable queue, unless that is in a shared database.
    pub data_dir: PathBuf,
    /// The database in which this emulator shares its queue with others.
    pub shared_database: Option<Address>,
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
    /// How often an emulator that shares its queue shows the others that it lives.
    pub beat_every: Duration,
    /// How long another emulator may show no sign of life before its events are run by others.
    pub dead_after: Duration,
    /// How long an event that was given up is kept for people to look at.
    pub dead_letters_kept: Duration,
    /// How many of them are kept of one function, the newest; so one that gives up each minute does not fill the disk.
    pub dead_letters_per_function: u32,
    /// How often it is looked for more than that.
    pub dead_letters_look_every: Duration,
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
            beat_every: Duration::from_secs(2),
            dead_after: Duration::from_secs(15),
            dead_letters_kept: Duration::from_hours(90 * 24),
            dead_letters_per_function: 1000,
            dead_letters_look_every: Duration::from_hours(1),
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
    pub fn from_environment(environment: Environment, spawn: bool, program_dir: &Path) -> Result<Self, ConfigError> {
        Ok(Self {
            invoke_addr: environment.invoke_addr()?,
            runtime_addr: environment.runtime_addr()?,
            runtime_host: runtime_host(&environment, spawn)?,
            metrics_addr: environment.metrics_addr()?,
            data_dir: environment.data_dir(),
            shared_database: shared_database(&environment)?,
            invoke_key_file: environment.invoke_key_file(),
            functions_dir: spawn.then(|| environment.functions_dir(program_dir)),
            environment,
            limits: Limits::default(),
            retries: RetryDelays::default(),
        })
    }
}

/// `DATABASE_URL`, if it names a server; a SQLite file there is the application's and not shared.
fn shared_database(environment: &Environment) -> Result<Option<Address>, AddressError> {
    let lookup = |name: &str| environment.get(name).map(ToOwned::to_owned);
    let address = Address::from_lookup(lookup, "leitwarte.db".as_ref())?;
    Ok(address.is_postgres().then_some(address))
}

/// `RUNTIME_HOST`. A name without `{function}` would be the same in every function's network and separate nothing.
fn runtime_host(environment: &Environment, spawn: bool) -> Result<Option<String>, EnvError> {
    let Some(value) = environment.get("RUNTIME_HOST") else { return Ok(None) };
    let expected = if spawn {
        "unset together with --spawn, because child processes connect over loopback"
    } else if value.contains("{function}") {
        return Ok(Some(value.to_owned()));
    } else {
        "a host name with {function} in it, for example emulator.{function}"
    };
    Err(EnvError { name: "RUNTIME_HOST".to_owned(), value: value.to_owned(), expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::from_environment(environment, false, Path::new("."))
    }

    #[test]
    fn only_postgresql_is_shared() {
        let shared = |url: &str| config(&[("DATABASE_URL", url)]).unwrap().shared_database;
        assert_eq!(config(&[]).unwrap().shared_database, None);
        assert_eq!(shared("sqlite://data/leitwarte.db"), None);
        assert!(shared("postgres://lw@db/leitwarte").is_some());
    }

    #[test]
    fn a_runtime_host_that_separates_nothing_is_refused() {
        let error = config(&[("RUNTIME_HOST", "emulator")]).unwrap_err().to_string();
        assert!(error.contains("RUNTIME_HOST is `emulator`") && error.contains("emulator.{function}"), "{error}");
        let host = config(&[("RUNTIME_HOST", "emulator.{function}")]).unwrap().runtime_host;
        assert_eq!(host.as_deref(), Some("emulator.{function}"));
        assert_eq!(config(&[]).unwrap().runtime_host, None);
    }
}
