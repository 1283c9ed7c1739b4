//! `egress`: the way out for the functions. `EGRESS_ADDR` says where it listens, `EGRESS_ALLOW` which hosts may be
//! reached; `egress health` asks the running one.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use leitwarte_egress::{Allowed, Limits, serve};
use leitwarte_host::env::Environment;
use leitwarte_host::{health, limits, logging, shutdown};
use tokio::net::TcpListener;

const DEFAULT_ADDRESS: &str = "127.0.0.1:3128";

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("egress: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn start() -> anyhow::Result<()> {
    let environment = Environment::of_process();
    let address = environment.get("EGRESS_ADDR").unwrap_or(DEFAULT_ADDRESS);
    let address: SocketAddr = address
        .parse()
        .with_context(|| format!("EGRESS_ADDR is `{address}`; give an address such as {DEFAULT_ADDRESS}"))?;
    if health::is_asked() {
        return Ok(health::check("EGRESS_ADDR", address)?);
    }
    logging::init()?;
    limits::raise_open_files();
    let allowed = Allowed::parse(environment.get("EGRESS_ALLOW").unwrap_or_default())?;
    let stop = shutdown::on_signal()?;
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen at {address} (EGRESS_ADDR)"))?;
    tracing::info!(address = %listener.local_addr()?, hosts = allowed.len(), "lets connections out to the listed hosts");
    serve(listener, allowed, Limits::default(), stop).await;
    tracing::info!("egress stopped");
    Ok(())
}
