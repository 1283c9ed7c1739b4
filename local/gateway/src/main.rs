//! The gateway program.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use leitwarte_gateway::server::Server;
use leitwarte_gateway::{Limits, RouteTable, Settings, tls};
use leitwarte_host::env::Environment;
use leitwarte_host::invoke::InvokeClient;
use leitwarte_host::{health, limits, logging, shutdown};
use leitwarte_template::Template;

/// HTTP gateway of the on-premises Lambda host.
#[derive(Debug, Parser)]
#[command(version, after_help = "`health` as the only argument asks the running program at HEALTH_ADDR.")]
struct Arguments {
    /// The SAM template with the routes.
    #[arg(long, env = "TEMPLATE", default_value = "template.yaml")]
    template: PathBuf,
}

fn main() -> ExitCode {
    if health::is_asked() {
        return health::ask_at_health_addr(&Environment::of_process());
    }
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gateway: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn start() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    logging::init()?;
    limits::raise_open_files();
    let environment = Environment::of_process();
    let settings = Settings::from_environment(&environment)?;
    let routes = RouteTable::new(&Template::load(&arguments.template)?);
    let tls = settings.tls.as_ref().map(tls::server_config).transpose()?;
    let invoke = InvokeClient::from_environment(&environment)?;

    let count = routes.len();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let stop = shutdown::on_signal()?;
    // Each connection has a task of its own: nothing can stand still that the runtime does not.
    health::answer_if_set(&environment, || true).await?;
    let server = Server::bind(settings.address, routes, invoke, Limits::default(), tls)
        .await
        .with_context(|| format!("cannot listen at {} (GATEWAY_ADDR)", settings.address))?;
    tracing::info!(address = %server.local_addr()?, scheme, routes = count, "gateway listens");
    server.run(stop).await;
    tracing::info!("gateway stopped");
    Ok(())
}
