//! `timer`: fires the schedules of the template until SIGTERM or Ctrl-C.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::Parser;
use leitwarte_host::env::Environment;
use leitwarte_host::invoke::InvokeClient;
use leitwarte_host::{health, logging, process, shutdown};
use leitwarte_template::Template;
use leitwarte_timer::Pulse;

/// Fires the schedules of a SAM template as asynchronous invocations (`INVOKE_ADDR`).
#[derive(Debug, Parser)]
#[command(version, after_help = "`health` as the only argument asks the running program at HEALTH_ADDR.")]
struct Arguments {
    /// The SAM template.
    #[arg(long, env = "TEMPLATE", default_value = "template.yaml")]
    template: PathBuf,
}

fn main() -> ExitCode {
    process::die_with_parent_if_asked();
    if health::is_asked() {
        return health::ask_at_health_addr(&Environment::of_process());
    }
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("timer: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn start() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    logging::init()?;
    let template = Template::load(&arguments.template)?;
    let environment = Environment::of_process();
    let client = InvokeClient::from_environment(&environment).context("cannot reach the emulator")?;
    let region = environment.get("AWS_REGION").unwrap_or("local-1").to_owned();
    let stop = shutdown::on_signal()?;
    let pulse = Pulse::default();
    let asked = pulse.clone();
    health::answer_if_set(&environment, move || asked.is_well(Instant::now())).await?;
    leitwarte_timer::run(&template, &client, &region, &pulse, &stop).await;
    Ok(())
}
