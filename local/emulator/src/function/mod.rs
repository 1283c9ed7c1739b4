//! One function: brings events and processes together and decides how each invocation ends.

mod conclusion;
mod counters;
mod delivery;
mod name;
mod outcome;
mod process;
mod registry;
mod state;
mod tail;
mod watchdog;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use leitwarte_host::clock;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use crate::config::Limits;
use conclusion::End;
pub(crate) use counters::{BUCKETS_MS, Counters};
use delivery::Delivery;
pub use outcome::MAX_PAYLOAD;
pub(crate) use outcome::{Finished, NotRun, Outcome};
pub(crate) use outcome::{error_document, too_large_error};
pub(crate) use process::{ProcessObserver, ProcessReport};
pub(crate) use registry::Registry;
pub(crate) use state::ConnectionId;
use state::State;
pub(crate) use state::{Invocation, Lane};
pub(crate) use tail::Report;

/// A function with its queues and its process.
pub(crate) struct Function {
    pub(crate) spec: leitwarte_template::Function,
    pub(crate) arn: String,
    pub(crate) arn_header: HeaderValue,
    pub(crate) counters: Counters,
    pub(crate) tail: tail::Tail,
    /// Rings when a process is there that may take asynchronous events.
    pub(crate) capacity: Notify,
    state: Mutex<State>,
    process: process::Process,
    /// Rings when the watchdog has to look earlier than it planned.
    hurry: Notify,
    /// Rings when the last invocation ended.
    quiet: Notify,
    stopping: AtomicBool,
    connection_ids: AtomicU64,
    crash_grace: Duration,
    /// Closing connections of this function's client do not mean that its process died.
    connections_tell_nothing: AtomicBool,
    /// The last invocation given up because its connection closed.
    last_lost: Mutex<Option<Uuid>>,
}

impl Function {
    pub(crate) fn new(spec: leitwarte_template::Function, limits: &Limits, spawned: bool) -> Arc<Self> {
        let arn = leitwarte_template::function_arn(&spec.name);
        let limits_of_state = state::Limits {
            timeout: spec.timeout,
            waiting_callers: limits.waiting_callers,
            process_wait: limits.process_wait,
            drain: limits.timeout_drain,
        };
        Arc::new(Self {
            arn_header: HeaderValue::from_str(&arn).unwrap_or_else(|_| HeaderValue::from_static("invalid")),
            arn,
            counters: Counters::default(),
            tail: tail::Tail::default(),
            capacity: Notify::new(),
            state: Mutex::new(State::new(limits_of_state, Instant::now())),
            process: process::Process::new(spawned),
            hurry: Notify::new(),
            quiet: Notify::new(),
            stopping: AtomicBool::new(false),
            connection_ids: AtomicU64::new(0),
            crash_grace: limits.crash_grace,
            connections_tell_nothing: AtomicBool::new(false),
            last_lost: Mutex::new(None),
            spec,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings an event in. The receiver tells how it ended; dropping it before the event was handed over takes the
    /// event back.
    pub(crate) fn invoke(
        self: &Arc<Self>,
        lane: Lane,
        invocation: Invocation,
    ) -> Result<oneshot::Receiver<Finished>, NotRun> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(NotRun::Stopping);
        }
        let (reply, finished) = oneshot::channel();
        let now = Instant::now();
        let mut state = self.lock();
        let request_id = invocation.request_id;
        if !state.place(lane, Arc::new(invocation), reply, now) {
            drop(state);
            tracing::debug!(function = self.name(), %request_id, outcome = "throttle", "too many callers wait");
            Counters::add(&self.counters.throttled);
            return Err(NotRun::Throttled);
        }
        self.match_up(&mut state, now);
        Ok(finished)
    }

    fn match_up(self: &Arc<Self>, state: &mut State, now: Instant) {
        state.match_up((now, self.tail.mark()), |invocation, attempt| {
            Delivery::new(Arc::clone(self), invocation, attempt)
        });
        self.watch(state);
    }

    /// Wakes the watchdog if something is due before it would look.
    fn watch(&self, state: &State) {
        let due = state.next_due();
        if due.is_some_and(|due| state.watched_until.is_none_or(|until| due < until)) {
            self.hurry.notify_one();
        }
    }

    /// The next event for a process, as soon as there is one. Nothing when that process has meanwhile ended.
    pub(crate) async fn next(self: &Arc<Self>, connection: ConnectionId) -> Option<(Arc<Invocation>, u64)> {
        self.process.asked_for_work(self.name());
        let work = {
            let now = Instant::now();
            let mut state = self.lock();
            if let Some(event) = state.take(connection, now, self.tail.mark()) {
                self.watch(&state);
                drop(state);
                self.process.took_work();
                return Some(event);
            }
            let (sender, work) = oneshot::channel();
            state.wait_for_work(connection, sender);
            work
        };
        self.capacity.notify_one();
        let event = work.await.ok()?.take();
        self.process.took_work();
        event
    }

    fn put_back(self: &Arc<Self>, request_id: Uuid) {
        let mut state = self.lock();
        state.put_back(request_id);
        self.match_up(&mut state, Instant::now());
    }

    /// A process reports how an invocation ended. False when nobody waits for that any more.
    pub(crate) fn report(&self, request_id: Uuid, attempt: Option<u64>, outcome: Outcome) -> bool {
        let (running, hurry, quiet) = {
            let mut state = self.lock();
            (state.complete(request_id, attempt), state.is_drained(), state.running_count() == 0)
        };
        if hurry {
            self.hurry.notify_one();
        }
        let Some(running) = running else {
            self.learn_from_late_answer(request_id);
            return false;
        };
        self.conclude(running, End::Reported, outcome, Instant::now());
        if quiet {
            self.quiet.notify_one();
        }
        true
    }

    /// A process could not initialise itself: everybody who waits for it learns why.
    pub(crate) fn init_failed(&self, document: &bytes::Bytes) {
        self.process.init_failed(document);
        tracing::warn!(function = self.name(), error = %summary(document), "initialisation failed; fix the function");
        let waiting = self.lock().give_up();
        reject(waiting, |_| Outcome::Error(document.clone()));
    }

    /// A connection to the Runtime API opened.
    pub(crate) fn connection_opened(&self, peer: IpAddr) -> ConnectionId {
        let id = self.connection_ids.fetch_add(1, Ordering::Relaxed);
        self.lock().connections.insert(id, peer);
        id
    }

    /// A connection to the Runtime API closed. Where functions run elsewhere this is how a crash is noticed; a
    /// child's end is seen by its supervisor, and its connections mean nothing.
    pub(crate) async fn connection_closed(&self, connection: ConnectionId, peer: IpAddr) {
        let in_use = self.lock().connection_closed(connection, Instant::now());
        self.hurry.notify_one();
        if !in_use || self.process.is_spawned() || self.connections_tell_nothing.load(Ordering::Relaxed) {
            return;
        }
        tokio::time::sleep(self.crash_grace).await;
        let lost = self.lock().lost(connection, peer);
        for running in lost {
            let request_id = running.invocation.request_id;
            *self.last_lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(request_id);
            let document = outcome::exit_error(request_id, "connection closed");
            self.conclude(running, End::Crashed, Outcome::Error(document), Instant::now());
        }
        self.quiet.notify_one();
    }

    /// A client that opens a connection per request looks as if it died. Its late answer tells otherwise.
    fn learn_from_late_answer(&self, request_id: Uuid) {
        let mut last_lost = self.last_lost.lock().unwrap_or_else(PoisonError::into_inner);
        if last_lost.take_if(|lost| *lost == request_id).is_some()
            && !self.connections_tell_nothing.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                function = self.name(),
                "this function's client closes connections while it works; from now on only the timeout tells a crash"
            );
        }
    }

    /// Takes no more events; resolves when none is queued by a caller or running.
    pub(crate) async fn drain(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        loop {
            let (running, waiting) = {
                let mut state = self.lock();
                state.release_events();
                (state.running_count(), state.callers_waiting())
            };
            if running == 0 && waiting == 0 {
                return;
            }
            tokio::select! {
                () = self.quiet.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
        }
    }

    /// How many more asynchronous events this function may take from the queue when it holds `held`; nothing while no
    /// process is there.
    pub(crate) fn event_room(&self, held: usize, shared: bool) -> Option<usize> {
        let state = self.lock();
        if !state.has_process() || self.stopping.load(Ordering::Relaxed) {
            return None;
        }
        Some(if shared {
            // As many as can start at once: what waits here could be running at another emulator.
            state.idle_count().saturating_sub(state.events_waiting())
        } else {
            // Twice what the processes can work on, so that a process finds the next one when it is done.
            (2 * (state.idle_count() + state.running_count())).clamp(2, 128).saturating_sub(held)
        })
    }

    /// How much waits for a process and how much one works on.
    pub(crate) fn load(&self) -> Load {
        let state = self.lock();
        Load { callers: state.callers_waiting(), events: state.events_waiting(), running: state.running_count() }
    }
}

/// How busy a function is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) callers: usize,
    /// Events of the durable queue that are next in turn.
    pub(crate) events: usize,
    pub(crate) running: usize,
}

/// Tells everybody who waits; events of the durable queue are tried again later.
fn reject((callers, events): (Vec<state::Waiting>, Vec<state::Waiting>), outcome: impl Fn(Uuid) -> Outcome) {
    for waiting in callers {
        let outcome = outcome(waiting.invocation.request_id);
        let _ = waiting.reply.send(Finished { outcome, ..Finished::not_run(NotRun::NotStarting) });
    }
    for waiting in events {
        let _ = waiting.reply.send(Finished::not_run(NotRun::NotStarting));
    }
}

/// An error document in a log line: its type and the beginning of its message.
pub(crate) fn summary(document: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Fields {
        #[serde(rename = "errorType", default)]
        error_type: String,
        #[serde(rename = "errorMessage", default)]
        error_message: String,
    }
    match serde_json::from_slice::<Fields>(document) {
        Ok(fields) => {
            let message: String = fields.error_message.chars().take(300).collect();
            format!("{}: {message}", fields.error_type)
        }
        Err(_) => "an error document that is not JSON".to_owned(),
    }
}

/// Milliseconds since the epoch at which an invocation that starts now has to be done.
pub(crate) fn deadline_ms(timeout: Duration) -> i64 {
    clock::now_ms().saturating_add(i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX))
}
