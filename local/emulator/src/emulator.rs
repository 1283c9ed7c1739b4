//! Puts the pieces together, starts and stops them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use leitwarte_host::clock;
use leitwarte_host::process::Launcher;
use leitwarte_template::Template;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::children;
use crate::config::Config;
use crate::function::{Function, Registry};
use crate::http::listener;
use crate::invoke_api::{self, Api, InvokeKey, KeyError};
use crate::metrics::{self, Watched};
use crate::queue::{Dispatcher, OpenError, Queue, Retention, Rhythm};
use crate::runtime_api::{self, LocalHost, system_resolver};

/// How long answers that are ready may take to reach their callers at the stop.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// The emulator cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The event queue cannot be opened.
    #[error(transparent)]
    Queue(#[from] OpenError),
    /// The invoke key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address} for the {what} ({variable}); is another program using it?")]
    Listen {
        /// What was to be served.
        what: &'static str,
        /// The variable that sets the address.
        variable: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// There are more functions than ports after the first.
    #[error("RUNTIME_ADDR leaves no port for function number {0}; set a lower first port")]
    Ports(usize),
}

/// A running emulator.
pub struct Emulator {
    invoke_addr: SocketAddr,
    metrics_addr: SocketAddr,
    runtime_addrs: Vec<(String, SocketAddr)>,
    registry: Arc<Registry>,
    queue: Queue,
    /// No more work is taken.
    stopping: CancellationToken,
    /// Connections close.
    closing: CancellationToken,
    connections: TaskTracker,
    dispatchers: JoinSet<()>,
    /// Listeners and watchdogs; they end with this value.
    background: JoinSet<()>,
}

impl Emulator {
    /// Starts to serve the functions of a template. With [`Config::functions_dir`] it starts their processes through
    /// `launcher`; else they connect by themselves.
    ///
    /// # Errors
    /// The queue or the key cannot be used, or an address is taken.
    pub async fn start(template: &Template, config: Config, launcher: Launcher) -> Result<Self, StartError> {
        let spawned = config.functions_dir.is_some();
        let functions: Vec<_> =
            template.functions.iter().map(|spec| Function::new(spec.clone(), &config.limits, spawned)).collect();
        let names: Vec<_> = functions.iter().map(|function| function.name()).collect();
        let shared = config.shared_database.as_ref();
        let queue = Queue::open(&config.data_dir, shared, &names, config.limits.pending_events).await?;
        let key = InvokeKey::read_or_make(&config.invoke_key_file)?;
        let registry = Arc::new(Registry::new(functions.clone()));

        let invoke = listen(config.invoke_addr, "Invoke API", "INVOKE_ADDR")?;
        let observe = listen(config.metrics_addr, "metrics", "METRICS_ADDR")?;
        let mut runtimes = Vec::with_capacity(functions.len());
        for (index, function) in functions.iter().enumerate() {
            let listener = listen(runtime_addr(config.runtime_addr, index)?, "Runtime API", "RUNTIME_ADDR")?;
            runtimes.push((Arc::clone(function), listener.0, listener.1));
        }

        let mut emulator = Self {
            invoke_addr: invoke.1,
            metrics_addr: observe.1,
            runtime_addrs: runtimes.iter().map(|(function, _, addr)| (function.name().to_owned(), *addr)).collect(),
            registry,
            queue,
            stopping: CancellationToken::new(),
            closing: CancellationToken::new(),
            connections: TaskTracker::new(),
            dispatchers: JoinSet::new(),
            background: JoinSet::new(),
        };
        emulator.serve_callers(invoke.0, observe.0, key);
        if emulator.queue.is_shared() {
            let rhythm = Rhythm { beat_every: config.limits.beat_every, dead_after: config.limits.dead_after };
            let watched = functions.clone();
            let freed = move || watched.iter().for_each(|function| function.capacity.notify_one());
            emulator.background.spawn(emulator.queue.clone().keep_in_touch(rhythm, freed));
        }
        let retention = Retention {
            kept: config.limits.dead_letters_kept,
            per_function: config.limits.dead_letters_per_function,
            look_every: config.limits.dead_letters_look_every,
        };
        emulator.background.spawn(emulator.queue.clone().forget_dead_letters(retention));
        for (function, listener, address) in runtimes {
            emulator.serve_function(&function, listener, &config);
            if let Some(folder) = &config.functions_dir {
                let instance = (clock::now(), clock::new_id());
                children::start(&function, &config, folder, address, launcher.clone(), instance);
            } else {
                tracing::info!(function = function.name(), %address, "waiting for the function to connect");
            }
        }
        tracing::info!(address = %emulator.invoke_addr, functions = functions.len(), "emulator takes invocations");
        Ok(emulator)
    }

    fn serve_callers(&mut self, invoke: TcpListener, observe: TcpListener, key: InvokeKey) {
        let (registry, queue) = (Arc::clone(&self.registry), self.queue.clone());
        let api = Api { registry, queue, key, stopping: self.stopping.clone() };
        self.background.spawn(invoke_api::serve(Arc::new(api), invoke, self.closing.clone(), self.connections.clone()));
        let (registry, queue) = (Arc::clone(&self.registry), self.queue.clone());
        let watched = Watched { registry, queue, stopping: self.stopping.clone() };
        self.background.spawn(metrics::serve(watched, observe, self.closing.clone(), self.connections.clone()));
    }

    fn serve_function(&mut self, function: &Arc<Function>, listener: TcpListener, config: &Config) {
        self.background.spawn(Arc::clone(function).watchdog());
        let (closing, connections) = (self.closing.clone(), self.connections.clone());
        let host = config.runtime_host.as_deref();
        let host = host.map(|pattern| LocalHost::new(pattern, function.name(), system_resolver()));
        self.background.spawn(runtime_api::serve(Arc::clone(function), host, listener, closing, connections));
        let dispatcher = Dispatcher {
            function: Arc::clone(function),
            registry: Arc::clone(&self.registry),
            queue: self.queue.clone(),
            delays: Arc::new(config.retries.clone()),
            process_wait: config.limits.process_wait,
            stop: self.stopping.clone(),
        };
        self.dispatchers.spawn(dispatcher.run());
    }

    /// Where invocations come in.
    #[must_use]
    pub fn invoke_addr(&self) -> SocketAddr {
        self.invoke_addr
    }

    /// Where health, readiness and metrics are.
    #[must_use]
    pub fn metrics_addr(&self) -> SocketAddr {
        self.metrics_addr
    }

    /// The Runtime API of each function, in the order of the template.
    #[must_use]
    pub fn runtime_addrs(&self) -> &[(String, SocketAddr)] {
        &self.runtime_addrs
    }

    /// Takes no more work, finishes what is running up to its deadline, then stops the functions' processes.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        let functions = self.registry.all();
        let longest = functions.iter().map(|function| function.spec.timeout).max().unwrap_or_default();
        let drained = join_all(functions.iter().map(|function| function.drain()));
        if timeout(longest + LAST_ANSWERS, drained).await.is_err() {
            tracing::warn!("stopped although some callers still waited for a process");
        }
        let noted = async { while self.dispatchers.join_next().await.is_some() {} };
        if timeout(LAST_ANSWERS, noted).await.is_err() {
            tracing::warn!("could not note how some events ended; they run again after the next start");
        }
        join_all(functions.iter().map(|function| function.stop_process())).await;
        self.closing.cancel();
        self.connections.close();
        let _ = timeout(LAST_ANSWERS, self.connections.wait()).await;
        self.queue.close().await;
        tracing::info!("emulator stopped");
    }
}

fn listen(
    address: SocketAddr,
    what: &'static str,
    variable: &'static str,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { what, variable, address, source };
    let listener = listener::bind(address).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// The first port plus the function's place in the template; any free port if the first is 0.
fn runtime_addr(first: SocketAddr, index: usize) -> Result<SocketAddr, StartError> {
    if first.port() == 0 {
        return Ok(first);
    }
    let port = u16::try_from(index).ok().and_then(|index| first.port().checked_add(index));
    port.map(|port| SocketAddr::new(first.ip(), port)).ok_or(StartError::Ports(index + 1))
}
