//! The command line `leitwarte`: starts everything, shows the stock, finds what is wrong, takes in new tenants.
//!
//! One file per command under [`commands`]; a command gets its arguments and a [`Context`] and writes for people.
//! Exit codes: 0 all is well, 1 something is wrong or failed, 2 the command line cannot be used.

mod certificate;
mod cli;
pub mod commands;
mod context;
mod host_api;
mod new_files;
mod programs;
mod queue_file;
mod table;
mod terminal;
mod tls_files;
mod words;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

pub use cli::{Cli, Command};
pub use context::{Context, Settings};

/// How a command that ran to its end went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to complain about: exit code 0.
    Well,
    /// It ran, and found or met a problem it has already described: exit code 1.
    Problem,
}

/// Reads the command line and the environment, runs the command and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = anstream::stdout();
    let ended = Context::from_env().and_then(|context| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(commands::run(cli.command, &context, &mut out))
    });
    let ended = ended.and_then(|outcome| out.flush().map(|()| outcome).map_err(Into::into));
    match ended {
        Ok(Outcome::Well) => ExitCode::SUCCESS,
        Ok(Outcome::Problem) => ExitCode::FAILURE,
        // The reader of a pipe has seen enough (`leitwarte status | head`).
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let mark = terminal::BAD;
            // When even standard error is gone, the exit code is all that is left to say.
            let _ = writeln!(anstream::stderr(), "{mark}error:{mark:#} {error:#}");
            ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
        }
    }
}

/// An argument that has the right form but cannot be used, such as a payload that is not JSON: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
