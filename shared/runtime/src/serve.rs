//! Serving events of the Lambda Runtime API until told to stop.
//!
//! `lambda_runtime`'s own loop ends when the host is away, and its concurrent mode retries without a
//! pause. So `WORKERS` independent loops run here, each with its own connection, and each starts anew with
//! a growing pause while the host is away.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use lambda_runtime::{LambdaEvent, LambdaInvocation, Runtime, tower::Service};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tracing::Instrument;

use crate::watchdog::Watchdog;
use crate::{Config, FunctionError, clock, health, link, logging};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a handler may know of its invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// AWS request id; the same on every retry of an asynchronous event.
    pub request_id: String,
    /// When the host gives up on this invocation.
    pub deadline: Instant,
}

/// The whole of a function's `main`: logging, configuration, `init`, then events until SIGTERM or Ctrl-C.
///
/// `init` opens what the handler needs. If it fails, the host is told (Runtime API `init/error`), so that
/// callers learn the reason, and the process ends with 1.
pub fn main<Init, Handler, Event, Answer, Handling>(init: Init) -> ExitCode
where
    Init: AsyncFnOnce(Config) -> anyhow::Result<Handler>,
    Handler: Fn(Event, Invocation) -> Handling + Clone + Send + Sync + 'static,
    Handling: Future<Output = Result<Answer, FunctionError>> + Send + 'static,
    Event: DeserializeOwned + Send + 'static,
    Answer: Serialize + Send + 'static,
{
    if health::is_asked() {
        return health::ask_running();
    }
    logging::start();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "cannot start the async runtime");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(async {
        if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
            tracing::error!(
                "AWS_LAMBDA_RUNTIME_API is not set: this program is a Lambda function; start it with `leitwarte up`"
            );
            return ExitCode::FAILURE;
        }
        let ready = async {
            let config = Config::from_env().context("bad setting in the environment")?;
            health::answer_if_set().await?;
            let workers = config.workers;
            anyhow::Ok((init(config).await?, workers))
        };
        match ready.await {
            Ok((handler, workers)) => {
                serve(handler, workers).await;
                ExitCode::SUCCESS
            }
            Err(error) => {
                tracing::error!("cannot start: {error:#}");
                report_init_error(&format!("{error:#}")).await;
                ExitCode::FAILURE
            }
        }
    })
}

async fn serve<Handler, Event, Answer, Handling>(handler: Handler, workers: usize)
where
    Handler: Fn(Event, Invocation) -> Handling + Clone + Send + Sync + 'static,
    Handling: Future<Output = Result<Answer, FunctionError>> + Send + 'static,
    Event: DeserializeOwned + Send + 'static,
    Answer: Serialize + Send + 'static,
{
    let (stop, stopped) = watch::channel(false);
    let watchdog = Watchdog::start_for_process();
    let host = Arc::new(HostLink::default());
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_default();
    let outage = link::watch_host(address, link::Rhythm::default());
    let loops = (0..workers).map(|_| {
        let (busy, idle) = watch::channel(false);
        let tracked = TrackedLayer { busy: Arc::new(busy), watchdog: Arc::clone(&watchdog), host: Arc::clone(&host) };
        work(handler.clone(), tracked, Arc::clone(&host), outage.clone(), idle, stopped.clone())
    });
    let stopping = async {
        shutdown().await;
        let _ = stop.send(true);
    };
    // The loops only carry messages; the handlers themselves are spawned and use every core.
    tokio::join!(futures::future::join_all(loops), stopping);
}

/// One worker: takes an event, answers it, takes the next; starts over while the host is away, and when it was.
async fn work<Handler, Event, Answer, Handling>(
    handler: Handler,
    tracked: TrackedLayer,
    host: Arc<HostLink>,
    mut outage: link::LastOutage,
    mut busy: watch::Receiver<bool>,
    mut stopped: watch::Receiver<bool>,
) where
    Handler: Fn(Event, Invocation) -> Handling + Clone + Send + Sync + 'static,
    Handling: Future<Output = Result<Answer, FunctionError>> + Send + 'static,
    Event: DeserializeOwned + Send + 'static,
    Answer: Serialize + Send + 'static,
{
    let mut idle = busy.clone();
    let stopped_and_idle = async {
        let _ = stopped.wait_for(|stopped| *stopped).await;
        let _ = busy.wait_for(|busy| !busy).await;
    };
    let serving = async {
        let mut pause = FIRST_PAUSE;
        loop {
            let started = Instant::now();
            let runtime = Runtime::new(HandlerService(handler.clone())).layer(tracked.clone());
            let renewed = async {
                link::outlived_by(&mut outage, tokio::time::Instant::from_std(started)).await;
                let _ = idle.wait_for(|busy| !busy).await;
            };
            tokio::select! {
                // First, so that an event that has just come makes the worker busy.
                biased;
                ended = runtime.run() => {
                    if let Err(error) = ended {
                        host.lost(error.as_ref());
                    }
                }
                () = renewed => tracing::debug!("the network to the Lambda host was away; connecting anew"),
            }
            if started.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    };
    tokio::select! {
        () = serving => {}
        () = stopped_and_idle => {}
    }
}

/// Turns Lambda's deadline (milliseconds since the epoch) into a moment of this process's own clock.
fn deadline(epoch_ms: u64) -> Instant {
    let left = i64::try_from(epoch_ms).unwrap_or(i64::MAX).saturating_sub(clock::now().timestamp_millis());
    // A day is far beyond Lambda's longest time-out and keeps the addition in range.
    Instant::now() + Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(Duration::from_hours(24))
}

/// A handler as `lambda_runtime` wants it, each call in a task of its own.
struct HandlerService<Handler>(Handler);

impl<Handler, Event, Answer, Handling> Service<LambdaEvent<Event>> for HandlerService<Handler>
where
    Handler: Fn(Event, Invocation) -> Handling,
    Handling: Future<Output = Result<Answer, FunctionError>> + Send + 'static,
    Answer: Send + 'static,
{
    type Response = Answer;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, FunctionError>>>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, event: LambdaEvent<Event>) -> Self::Future {
        let LambdaEvent { payload, context } = event;
        let deadline = deadline(context.deadline);
        let handling = (self.0)(payload, Invocation { request_id: context.request_id, deadline });
        let handled = tokio::spawn(handling.in_current_span());
        Box::pin(async move {
            // A panic goes on here, where `lambda_runtime` turns it into an error answer.
            handled.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
        })
    }
}

/// Whether the host answers, so that its absence is logged once and not once per worker and try.
#[derive(Debug, Default)]
struct HostLink {
    away: AtomicBool,
}

impl HostLink {
    fn lost(&self, error: &(dyn std::error::Error + Send + Sync)) {
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "the Lambda host does not answer; trying again until it does");
        }
    }

    fn back(&self) {
        if self.away.swap(false, Ordering::Relaxed) {
            tracing::info!("the Lambda host answers again");
        }
    }
}

/// Wraps a worker's service so that everything from taking an event to having answered it counts as busy,
/// is under the watchdog, and logs with its request id.
#[derive(Clone)]
struct TrackedLayer {
    busy: Arc<watch::Sender<bool>>,
    watchdog: Arc<Watchdog>,
    host: Arc<HostLink>,
}

impl<S> tower::Layer<S> for TrackedLayer {
    type Service = Tracked<S>;

    fn layer(&self, inner: S) -> Tracked<S> {
        Tracked { inner, layer: self.clone() }
    }
}

struct Tracked<S> {
    inner: S,
    layer: TrackedLayer,
}

/// Invocations of this process, counted.
static INVOCATIONS: AtomicU64 = AtomicU64::new(0);

impl<S> Service<LambdaInvocation> for Tracked<S>
where
    S: Service<LambdaInvocation, Response = ()>,
    S::Future: 'static,
    S::Error: Debug,
{
    type Response = ();
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), S::Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        self.layer.host.back();
        let id = INVOCATIONS.fetch_add(1, Ordering::Relaxed);
        let watched = self.layer.watchdog.watch(id, deadline(invocation.context.deadline));
        let busy = Arc::clone(&self.layer.busy);
        busy.send_replace(true);
        let span = tracing::info_span!("invocation", request_id = %invocation.context.request_id);
        let answered = self.inner.call(invocation);
        Box::pin(
            async move {
                let result = answered.await;
                drop(watched);
                busy.send_replace(false);
                result
            }
            .instrument(span),
        )
    }
}

/// Completes on SIGTERM or Ctrl-C.
async fn shutdown() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("cannot listen for SIGTERM; this process can only be killed");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Tells the host why this process cannot start. Failing to do so changes nothing: the exit tells it too.
async fn report_init_error(message: &str) {
    let Ok(host) = std::env::var("AWS_LAMBDA_RUNTIME_API") else { return };
    let address = format!("http://{host}/2018-06-01/runtime/init/error");
    let body = serde_json::json!({ "errorType": "InitError", "errorMessage": message, "stackTrace": [] });
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build();
    if let Ok(client) = client {
        let _ = client
            .post(address)
            .header("Lambda-Runtime-Function-Error-Type", "Runtime.InitError")
            .json(&body)
            .send()
            .await;
    }
}
