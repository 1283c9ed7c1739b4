//! The emulator as a program: `emulator [--spawn]`, `emulator health`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use leitwarte_emulator::{Config, Emulator};
use leitwarte_host::env::Environment;
use leitwarte_host::process::{Launcher, die_with_parent_if_asked};
use leitwarte_host::{health, limits, logging, shutdown};
use leitwarte_template::Template;

/// Runs the Lambda functions of a SAM template on this machine.
#[derive(Parser)]
#[command(name = "emulator", version)]
struct Arguments {
    /// Start every function as a child process; without it, functions connect by themselves.
    #[arg(long)]
    spawn: bool,
    /// The SAM template.
    #[arg(long, env = "TEMPLATE", default_value = "template.yaml")]
    template: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Copy, Subcommand)]
enum Command {
    /// Ask the emulator that runs with the same settings whether it is alive; the exit code tells.
    Health,
}

fn main() -> ExitCode {
    die_with_parent_if_asked();
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("emulator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(Command::Health) = arguments.command {
        return Ok(health::check("METRICS_ADDR", Environment::of_process().metrics_addr()?)?);
    }
    logging::init()?;
    limits::raise_open_files();
    let template = Template::load(&arguments.template)?;
    let program = std::env::current_exe().context("cannot find out where this program is")?;
    let folder = program.parent().context("this program is in no folder")?;
    let config = Config::from_environment(Environment::of_process(), arguments.spawn, folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers()).enable_all().build()?;
    runtime.block_on(async {
        let stop = shutdown::on_signal()?;
        let emulator = Emulator::start(&template, config, Launcher::of_this_program()).await?;
        stop.cancelled().await;
        emulator.stop().await;
        Ok(())
    })
}

/// Half the processors, at most four. Every call passes from a caller's connection to a function's and back; with
/// few threads that is mostly within one, which measured a third faster on two processors than with a thread each.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| (processors.get() / 2).clamp(1, 4))
}
