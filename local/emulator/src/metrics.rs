//! Health, readiness and Prometheus metrics of the host.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use leitwarte_host::clock;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::function::{BUCKETS_MS, Counters, Function, Registry};
use crate::http::listener;
use crate::queue::{Queue, QueueError, causes};

/// How long the queue's database may take to answer; Prometheus waits for ten seconds in all.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) registry: Arc<Registry>,
    pub(crate) queue: Queue,
    /// Cancelled when no more work is taken.
    pub(crate) stopping: CancellationToken,
}

/// Serves until `stop`.
pub(crate) async fn serve(watched: Watched, listener: TcpListener, stop: CancellationToken, tracker: TaskTracker) {
    let router = Router::new()
        .route("/health", get(|| async { "ok\n" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(watched);
    let stop_connections = stop.clone();
    listener::accept(listener, stop, tracker, move |stream, _| {
        let service = TowerToHyperService::new(router.clone());
        let stop = stop_connections.clone();
        async move {
            tokio::select! {
                _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service) => {}
                () = stop.cancelled() => {}
            }
        }
    })
    .await;
}

/// Whether every function has asked for work, else which have not.
async fn ready(State(watched): State<Watched>) -> Response {
    let missing: Vec<_> = watched
        .registry
        .all()
        .iter()
        .filter_map(|function| {
            let report = function.process_report();
            (report.state != "ready")
                .then(|| json!({ "name": function.name(), "state": report.state, "last_error": report.last_error }))
        })
        .collect();
    let stopping = watched.stopping.is_cancelled();
    if missing.is_empty() && !stopping {
        Json(json!({ "ready": true })).into_response()
    } else {
        let document = json!({ "ready": false, "stopping": stopping, "waiting_for": missing });
        (StatusCode::SERVICE_UNAVAILABLE, Json(document)).into_response()
    }
}

async fn metrics(State(watched): State<Watched>) -> impl IntoResponse {
    let stored = Stored::read(&watched).await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], render(&watched, stored.as_ref()))
}

/// What only the queue's database knows.
struct Stored {
    /// For each function, how long the event that waits longest has been due.
    oldest_due: Vec<Duration>,
    dead_letters: Vec<(String, i64)>,
}

impl Stored {
    /// Nothing when the database does not answer in time; the rest of the metrics tells so then.
    async fn read(watched: &Watched) -> Option<Self> {
        match timeout(PATIENCE, Self::ask(watched)).await {
            Ok(Ok(stored)) => Some(stored),
            Ok(Err(error)) => {
                tracing::warn!(error = causes(&error), "cannot read the queue for the metrics");
                None
            }
            Err(_) => {
                tracing::warn!("the queue did not answer within {} s for the metrics", PATIENCE.as_secs());
                None
            }
        }
    }

    async fn ask(watched: &Watched) -> Result<Self, QueueError> {
        let now_ms = clock::now_ms();
        let mut oldest_due = Vec::with_capacity(watched.registry.all().len());
        for function in watched.registry.all() {
            let due_ms = watched.queue.next_due_ms(function.name(), now_ms).await?;
            let age_ms = due_ms.and_then(|due_ms| u64::try_from(now_ms - due_ms).ok()).unwrap_or(0);
            oldest_due.push(Duration::from_millis(age_ms));
        }
        Ok(Self { oldest_due, dead_letters: watched.queue.dead_letter_counts().await? })
    }
}

struct Metric<'a> {
    name: &'a str,
    kind: &'a str,
    help: &'a str,
}

fn render(watched: &Watched, stored: Option<&Stored>) -> String {
    let mut text = String::new();
    let functions = watched.registry.all();
    let mut each = |name, kind, help, value: &dyn Fn(&Function) -> Vec<(String, String)>| {
        head(&mut text, &Metric { name, kind, help });
        for function in functions {
            for (labels, value) in value(function) {
                let _ = writeln!(text, "{name}{{function=\"{}\"{labels}}} {value}", function.name());
            }
        }
    };
    let one = |value: u64| vec![(String::new(), value.to_string())];
    each("emulator_invocations_total", "counter", "Invocations by how they ended.", &outcomes);
    each("emulator_callers_waiting", "gauge", "Callers that wait for a process.", &|f| one(f.load().callers as u64));
    each("emulator_invocations_running", "gauge", "Invocations a process works on.", &|f| one(f.load().running as u64));
    each("emulator_events_pending", "gauge", "Asynchronous events not finished.", &|f| {
        one(watched.queue.pending(f.name()))
    });
    each("emulator_process_restarts_total", "counter", "Ends of the function's process.", &|f| {
        one(f.process_report().restarts)
    });
    each("emulator_function_ready", "gauge", "1 when the function asks for work.", &|f| {
        one(u64::from(f.process_report().state == "ready"))
    });
    head(
        &mut text,
        &Metric {
            name: "emulator_duration_seconds",
            kind: "histogram",
            help: "Time from handing an event over to its end.",
        },
    );
    for function in functions {
        durations(&mut text, function);
    }
    queue(&mut text, watched, stored);
    text
}

fn queue(text: &mut String, watched: &Watched, stored: Option<&Stored>) {
    let mut total = |name, kind, help, value: u64| {
        head(text, &Metric { name, kind, help });
        let _ = writeln!(text, "{name} {value}");
    };
    let readable = u64::from(stored.is_some());
    total("emulator_queue_readable", "gauge", "1 when the queue's database answers.", readable);
    let help = "Changes to the queue that its database refused.";
    total("emulator_queue_write_errors_total", "counter", help, watched.queue.write_errors());
    let help = "Dead emulators on the same queue whose events this one freed.";
    total("emulator_takeovers_total", "counter", help, watched.queue.taken_over());

    let Some(stored) = stored else { return };
    let name = "emulator_events_oldest_due_seconds";
    head(text, &Metric { name, kind: "gauge", help: "How long the event that waits longest has been due." });
    for (function, age) in watched.registry.all().iter().zip(&stored.oldest_due) {
        let _ = writeln!(text, "{name}{{function=\"{}\"}} {}", function.name(), age.as_secs_f64());
    }
    let name = "emulator_dead_letters";
    head(text, &Metric { name, kind: "gauge", help: "Events given up and kept for operators." });
    for function in watched.registry.all() {
        let kept = stored.dead_letters.iter().find(|(name, _)| name == function.name()).map_or(0, |(_, kept)| *kept);
        let _ = writeln!(text, "{name}{{function=\"{}\"}} {kept}", function.name());
    }
    // Those of functions that the template has no more want to be seen, too.
    for (function, kept) in stored.dead_letters.iter().filter(|(name, _)| watched.registry.named(name).is_none()) {
        let _ = writeln!(text, "{name}{{function=\"{function}\"}} {kept}");
    }
}

fn head(text: &mut String, metric: &Metric<'_>) {
    let _ = writeln!(text, "# HELP {0} {1}\n# TYPE {0} {2}", metric.name, metric.help, metric.kind);
}

fn outcomes(function: &Function) -> Vec<(String, String)> {
    let counters = &function.counters;
    [
        ("success", &counters.succeeded),
        ("error", &counters.failed),
        ("timeout", &counters.timed_out),
        ("crash", &counters.crashed),
        ("throttle", &counters.throttled),
        ("dead_letter", &counters.dead_letters),
    ]
    .map(|(outcome, counter)| (format!(",outcome=\"{outcome}\""), Counters::get(counter).to_string()))
    .into()
}

fn durations(text: &mut String, function: &Function) {
    let (name, counters) = (function.name(), &function.counters);
    let mut below = 0;
    for (bound_ms, bucket) in BUCKETS_MS.iter().zip(&counters.buckets) {
        below += Counters::get(bucket);
        let bound = Duration::from_millis(*bound_ms).as_secs_f64();
        let _ = writeln!(text, "emulator_duration_seconds_bucket{{function=\"{name}\",le=\"{bound}\"}} {below}");
    }
    let count = Counters::get(&counters.succeeded)
        + Counters::get(&counters.failed)
        + Counters::get(&counters.timed_out)
        + Counters::get(&counters.crashed);
    let sum = Duration::from_micros(Counters::get(&counters.duration_us)).as_secs_f64();
    let _ = writeln!(text, "emulator_duration_seconds_bucket{{function=\"{name}\",le=\"+Inf\"}} {count}");
    let _ = writeln!(text, "emulator_duration_seconds_sum{{function=\"{name}\"}} {sum}");
    let _ = writeln!(text, "emulator_duration_seconds_count{{function=\"{name}\"}} {count}");
}
