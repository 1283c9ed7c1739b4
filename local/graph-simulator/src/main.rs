//! `graph-simulator`: prepares tenants on disk and serves them.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{ArgGroup, Parser};
use leitwarte_graph_simulator::{Binding, CA_FILE, Clock, Config, Settings, SignInConfig, Throttle, demo, synthetic};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A stand-in for Entra and Microsoft Graph. Prints its address in one line when it is ready.
#[derive(Debug, Parser)]
#[command(version, group = ArgGroup::new("tenants_to_serve").required(true).args(["demo", "tenants"]))]
struct Arguments {
    /// Serve four demo tenants whose numbers move.
    #[arg(long)]
    demo: bool,
    /// Serve this many made-up tenants instead.
    #[arg(long, value_name = "COUNT")]
    tenants: Option<usize>,
    /// Products of each made-up tenant.
    #[arg(long, value_name = "COUNT", default_value_t = 20, requires = "tenants")]
    skus: usize,
    /// Folder for profiles, certificates and what the simulator remembers.
    #[arg(long)]
    dir: PathBuf,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Name by which clients reach this host; profiles and the TLS certificate hold it. Default: the address.
    #[arg(long, value_name = "HOST")]
    name: Option<String>,
    /// Address at which Leitwarte is reached: people who sign in are sent back there. May be given several times.
    #[arg(long, value_name = "URL", default_value = "http://localhost:8080")]
    public_url: Vec<String>,
    /// Speak TLS and write the authority to trust (ca.pem) into this folder.
    #[arg(long, value_name = "DIR")]
    tls_dir: Option<PathBuf>,
    /// Time every token and Graph answer takes at least.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Products on one page of subscribedSkus.
    #[arg(long, value_name = "COUNT")]
    page_size: Option<usize>,
    /// Requests a tenant may make at once and get back each second, such as 20:5.
    #[arg(long, value_name = "CAPACITY:PER_SECOND")]
    throttle: Option<Throttle>,
    /// Life of Graph tokens instead of a random 60 to 90 minutes.
    #[arg(long, value_name = "SECONDS")]
    token_lifetime_seconds: Option<u64>,
    /// Refuse an assertion that was used before.
    #[arg(long)]
    refuse_replay: bool,
}

impl Arguments {
    fn settings(&self) -> Settings {
        let defaults = Settings::default();
        Settings {
            latency_ms: self.latency_ms,
            page_size: self.page_size,
            throttle: self.throttle,
            token_lifetime_seconds: self
                .token_lifetime_seconds
                .map_or(defaults.token_lifetime_seconds, |seconds| seconds..=seconds),
            refuse_replay: self.refuse_replay,
            ..defaults
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("graph-simulator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    start_log();
    let stop = stop_signal()?;
    let binding = Binding::bind_as(arguments.name.as_deref(), arguments.listen, arguments.tls_dir.as_deref()).await?;
    let mut config = Config { settings: arguments.settings(), ..tenants(&arguments, binding.base_url())? };
    let reached = |sign_in: SignInConfig| arguments.public_url.iter().fold(sign_in, |it, url| it.reached_at(url));
    config.sign_in = config.sign_in.map(reached);
    let simulator = binding.serve(config)?;
    let trust = arguments.tls_dir.map(|dir| format!(" (trust {})", dir.join(CA_FILE).display())).unwrap_or_default();
    println!("graph-simulator ready at {}{trust}", simulator.base_url());
    stop.await;
    simulator.stop().await;
    Ok(())
}

fn tenants(arguments: &Arguments, base_url: &str) -> anyhow::Result<Config> {
    let now = Clock::system().now();
    let dir = &arguments.dir;
    match arguments.tenants {
        None => {
            let setup = demo::prepare(dir, base_url, now).context("cannot prepare the demo")?;
            Ok(setup.config()?)
        }
        Some(count) => synthetic::prepare(dir, base_url, count, arguments.skus, now).context("cannot prepare tenants"),
    }
}

/// Waits for SIGTERM or Ctrl-C. The handlers are in place when this returns.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for Ctrl-C")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// `LOG_FORMAT` (`text` or `json`) and `RUST_LOG` as in every program of Leitwarte; the log goes to standard error,
/// because standard output carries the address.
fn start_log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var("LOG_FORMAT").as_deref() == Ok("json") { log.json().init() } else { log.init() }
}
