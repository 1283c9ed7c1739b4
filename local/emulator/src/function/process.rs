//! The process of a function that the emulator starts itself.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use leitwarte_host::process::{Exit, Observer, Supervised, UnreadOutput, print_line};
use serde::Serialize;
use tokio::time::Instant;

use super::{End, Function, Outcome, outcome, reject, summary};

/// A process that ran this long had started well, even if it never got an event.
const STARTED_WELL: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Process {
    spawned: bool,
    asked: AtomicBool,
    worked: AtomicBool,
    restarts: AtomicU64,
    details: Mutex<Details>,
}

#[derive(Default)]
struct Details {
    supervised: Option<Supervised>,
    last_error: Option<String>,
    init_error: Option<Bytes>,
    failed: bool,
}

/// What an operator sees of a function's process.
#[derive(Debug, Serialize)]
pub(crate) struct ProcessReport {
    pub(crate) state: &'static str,
    pub(crate) connected: usize,
    pub(crate) restarts: u64,
    pub(crate) last_error: Option<String>,
}

impl Process {
    pub(super) fn new(spawned: bool) -> Self {
        Self { spawned, ..Self::default() }
    }

    /// Whether the emulator starts the process itself, so that its supervisor tells its end.
    pub(super) fn is_spawned(&self) -> bool {
        self.spawned
    }

    fn details(&self) -> std::sync::MutexGuard<'_, Details> {
        self.details.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn asked_for_work(&self, function: &str) {
        if !self.asked.load(Ordering::Relaxed) && !self.asked.swap(true, Ordering::Relaxed) {
            self.details().failed = false;
            tracing::info!(function, "function ready");
        }
    }

    pub(super) fn took_work(&self) {
        self.worked.store(true, Ordering::Relaxed);
    }

    pub(super) fn init_failed(&self, document: &Bytes) {
        let mut details = self.details();
        details.last_error = Some(summary(document));
        details.init_error = Some(document.clone());
        details.failed = true;
    }

    /// Kills the process; its supervisor starts it again.
    pub(super) fn kill(&self) {
        if let Some(supervised) = &self.details().supervised {
            supervised.kill();
        }
    }
}

impl Function {
    /// Puts the function's process under this function's control.
    pub(crate) fn supervised_by(&self, supervised: Supervised) {
        self.process.details().supervised = Some(supervised);
    }

    /// Stops the process for good, and fails what it was still working on.
    pub(crate) async fn stop_process(&self) {
        let supervised = self.process.details().supervised.take();
        if let Some(supervised) = supervised {
            supervised.stop().await;
        }
        self.fail_running("signal: terminated");
        reject(self.lock().give_up(), |_| Outcome::NotRun(super::NotRun::Stopping));
    }

    fn fail_running(&self, reason: &str) -> usize {
        let now = Instant::now();
        let running = self.lock().process_ended(now);
        let count = running.len();
        for running in running {
            let document = outcome::exit_error(running.invocation.request_id, reason);
            self.conclude(running, End::Crashed, Outcome::Error(document), now);
        }
        self.quiet.notify_one();
        self.hurry.notify_one();
        count
    }

    /// What an operator sees of the process.
    pub(crate) fn process_report(&self) -> ProcessReport {
        let (has_process, connected) = {
            let state = self.lock();
            (state.has_process(), state.connections.len())
        };
        let details = self.process.details();
        let was_there = self.process.asked.load(Ordering::Relaxed);
        let state = match (has_process, details.failed || was_there) {
            (true, _) => "ready",
            (false, true) => "down",
            (false, false) => "starting",
        };
        ProcessReport {
            state,
            connected,
            restarts: self.process.restarts.load(Ordering::Relaxed),
            last_error: details.last_error.clone(),
        }
    }
}

/// What the supervisor of a function's process reports to the function.
pub(crate) struct ProcessObserver(pub(crate) Arc<Function>);

impl Observer for ProcessObserver {
    fn started(&self, pid: u32, output: UnreadOutput) {
        tracing::debug!(function = self.0.name(), pid, "process started");
        self.0.tail.attach(pid, output);
    }

    fn line(&self, line: &str) {
        self.0.tail.push(line);
        print_line(self.0.name(), line);
    }

    fn exited(&self, exit: &Exit) -> bool {
        let function = &self.0;
        let process = &function.process;
        let asked = process.asked.swap(false, Ordering::Relaxed);
        let worked = process.worked.swap(false, Ordering::Relaxed);
        process.restarts.fetch_add(1, Ordering::Relaxed);
        let init_error = {
            let mut details = process.details();
            details.failed = true;
            let init_error = details.init_error.take();
            if init_error.is_none() {
                details.last_error = Some(exit.reason.clone());
            }
            init_error
        };
        let interrupted = function.fail_running(&exit.reason);
        let reason = &exit.reason;
        if asked {
            tracing::warn!(function = function.name(), %reason, interrupted, "process ended; starting it again");
        } else {
            tracing::warn!(
                function = function.name(),
                %reason,
                "process ended before it asked for work; see its output above; trying again"
            );
            reject(function.lock().give_up(), |request_id| {
                Outcome::Error(init_error.clone().unwrap_or_else(|| outcome::exit_error(request_id, reason)))
            });
        }
        worked || exit.ran_for >= STARTED_WELL
    }
}
