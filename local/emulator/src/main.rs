//! The emulator as a program: `emulator [--spawn]`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use leitwarte_emulator::{Config, Emulator};
use leitwarte_host::env::Environment;
use leitwarte_host::process::{Launcher, die_with_parent_if_asked};
use leitwarte_host::{limits, logging, shutdown};
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
}

fn main() -> anyhow::Result<()> {
    die_with_parent_if_asked();
    let arguments = Arguments::parse();
    logging::init()?;
    limits::raise_open_files();
    let template = Template::load(&arguments.template)?;
    let program = std::env::current_exe().context("cannot find out where this program is")?;
    let folder = program.parent().context("this program is in no folder")?;
    let config = Config::from_environment(Environment::of_process(), arguments.spawn, folder)?;
    let workers = std::env::var("TMPW").ok().and_then(|w| w.parse().ok()).unwrap_or(2);
    tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?.block_on(async {
        let stop = shutdown::on_signal()?;
        let emulator = Emulator::start(&template, config, Launcher::of_this_program()).await?;
        stop.cancelled().await;
        emulator.stop().await;
        Ok(())
    })
}
