//! Runs the events of one function: find what is due, run each, note how it ended.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use leitwarte_host::clock;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::destination::{Ending, MAX_HOPS, record};
use super::event::{Claimed, DeathReason, NewEvent};
use super::held::Held;
use super::policy::{Decision, Progress, decide};
use super::{Change, Grave, Queue, QueueError, causes};
use crate::config::RetryDelays;
use crate::function::{Counters, Finished, Function, Invocation, Lane, NotRun, Outcome, Registry, summary};

/// Longest time between two looks at the queue, in case another emulator left something.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The same where emulators share a queue: nobody tells this one about an event that came in at another, and it should
/// not wait longer than a person would. A look reads one row of an index. (PostgreSQL could notify, but sqlx's
/// `Any` driver, which gives both databases one SQL text, cannot listen.)
const LOOK_AT_SHARED_EVERY: Duration = Duration::from_secs(1);
/// How often events that became too old are looked for while no process is there to run any.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Events that are taken at once only to be given up, while no process is there to run any.
const EXPIRED_AT_ONCE: usize = 100;
/// How much longer than the longest possible work a lease lasts.
const LEASE_MARGIN: Duration = Duration::from_mins(1);
/// Pause after the database failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// How much of an error document a dead letter keeps.
const MAX_ERROR: usize = 16 * 1024;

/// Runs the events of one function.
#[derive(Clone)]
pub(crate) struct Dispatcher {
    pub(crate) function: Arc<Function>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) queue: Queue,
    pub(crate) delays: Arc<RetryDelays>,
    pub(crate) process_wait: Duration,
    pub(crate) stop: CancellationToken,
}

/// What one look at the queue leaves to the next.
#[derive(Default)]
struct Look {
    held: Held,
    /// When events that became too old were last looked for.
    swept_at: Option<Instant>,
    /// A claim was begun and its answer was lost: it may have taken events that would wait for the end of its lease.
    claim_unknown: bool,
}

impl Dispatcher {
    /// Works until the stop; then finishes what is running.
    pub(crate) async fn run(self) {
        let mut running = JoinSet::new();
        let mut look = Look::default();
        while !self.stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            let pause = match self.start_due(&mut running, &mut look).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(
                        function = self.function.name(),
                        error = causes(&error),
                        "cannot take events from the queue; trying again"
                    );
                    FAILURE_PAUSE
                }
            };
            tokio::select! {
                Some(_) = running.join_next() => {}
                () = self.function.capacity.notified() => {}
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Starts what is due and returns how long nothing else is.
    async fn start_due(&self, running: &mut JoinSet<()>, look: &mut Look) -> Result<Duration, QueueError> {
        let look_every = if self.queue.is_shared() { LOOK_AT_SHARED_EVERY } else { LOOK_EVERY };
        let room = self.function.event_room(running.len(), self.queue.is_shared());
        if room == Some(0) {
            return Ok(look_every);
        }
        // While no process is there, only the age of events matters, and looking for it can be slow.
        if room.is_none() {
            if look.swept_at.is_some_and(|at| at.elapsed() < SWEEP_EVERY) {
                return Ok(look_every);
            }
            look.swept_at = Some(Instant::now());
        }
        let name = self.function.name();
        if look.claim_unknown {
            self.queue.give_back(name, look.held.all()).await?;
            look.claim_unknown = false;
        }
        let now_ms = clock::now_ms();
        let due_ms = self.queue.next_due_ms(name, now_ms).await?;
        let pause = |due_ms: i64| Duration::from_millis(u64::try_from(due_ms - now_ms).unwrap_or(0)).min(look_every);
        match due_ms {
            None => return Ok(look_every),
            Some(due_ms) if due_ms > now_ms => return Ok(pause(due_ms)),
            Some(_) => {}
        }
        let limit = room.unwrap_or(EXPIRED_AT_ONCE);
        let lease = 2 * self.function.spec.timeout + self.process_wait + LEASE_MARGIN;
        let claim = Change::Claim {
            function: name.to_owned(),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            now_ms,
            lease_until_ms: now_ms.saturating_add(millis(lease)),
            only_expired: room.is_none(),
        };
        look.claim_unknown = true;
        let claimed = self.queue.claim(claim).await?;
        look.claim_unknown = false;
        let full = claimed.len() >= limit;
        for event in claimed {
            if let Some(hold) = look.held.take(event.event.id) {
                // Brought to its function here, not in the task, so that the next look counts it as waiting.
                let finished = self.begin(&event);
                let dispatcher = self.clone();
                running.spawn(async move {
                    dispatcher.work_on(event, finished).await;
                    drop(hold);
                });
            }
        }
        Ok(if full || room.is_none() { look_every } else { Duration::ZERO })
    }

    /// Brings an event to its function, if it is not too old.
    fn begin(&self, claimed: &Claimed) -> Result<oneshot::Receiver<Finished>, NotRun> {
        let event = &claimed.event;
        if event.expires_at_ms <= clock::now_ms() {
            return Err(NotRun::Throttled);
        }
        let invocation = Invocation {
            request_id: event.id,
            payload: event.payload.clone().into(),
            client_context: event
                .client_context
                .as_ref()
                .and_then(|text| HeaderValue::from_bytes(text.as_bytes()).ok()),
            trace_id: None,
        };
        self.function.invoke(Lane::Async, invocation)
    }

    async fn work_on(&self, claimed: Claimed, finished: Result<oneshot::Receiver<Finished>, NotRun>) {
        let finished = match finished {
            Ok(finished) => finished.await.unwrap_or_else(|_| Finished::not_run(NotRun::Stopping)),
            Err(reason) => Finished::not_run(reason),
        };
        if matches!(finished.outcome, Outcome::NotRun(NotRun::Stopping)) {
            return;
        }
        let progress = Progress {
            attempts: claimed.attempts,
            throttles: claimed.throttles,
            expires_at_ms: claimed.event.expires_at_ms,
        };
        let policy = &self.function.spec.asynchronous;
        let decision = decide(&finished.outcome, progress, policy, &self.delays, clock::now_ms());
        self.note(&claimed, &finished.outcome, decision).await;
    }

    /// Writes down what happens next, as often as it takes: an event that ran must not run again only because the
    /// disk was full for a moment.
    async fn note(&self, claimed: &Claimed, outcome: &Outcome, decision: Decision) {
        loop {
            match self.write(claimed, outcome, decision).await {
                Ok(true) => return,
                Ok(false) => {
                    tracing::warn!(request_id = %claimed.event.id, "another emulator took this event over while it ran");
                    return;
                }
                Err(error) => {
                    tracing::warn!(request_id = %claimed.event.id, error = causes(&error), "cannot note how an event ended; trying again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(FAILURE_PAUSE) => {}
                // The event runs again after the next start.
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn write(&self, claimed: &Claimed, outcome: &Outcome, decision: Decision) -> Result<bool, QueueError> {
        let (id, name) = (claimed.event.id, self.function.name());
        let policy = &self.function.spec.asynchronous;
        let (change, follow_up) = match decision {
            Decision::Retry { at_ms, attempts, throttles } => {
                tracing::debug!(function = name, request_id = %id, attempts, throttles, "event will be tried again");
                return self.queue.change(Change::Retry { id, at_ms, attempts, throttles }).await;
            }
            Decision::Succeeded => {
                let count = claimed.attempts + 1;
                let follow_up = self.follow_up(policy.on_success.as_deref(), claimed, outcome, "Success", count);
                (Change::Finish { id, function: name.to_owned(), follow_up: follow_up.clone() }, follow_up)
            }
            Decision::GiveUp { reason, attempts } => {
                let target = policy.on_failure.as_deref();
                let follow_up = self.follow_up(target, claimed, outcome, reason.as_str(), attempts);
                let grave = Grave { reason, attempts, error: error_of(outcome), dead_at_ms: clock::now_ms() };
                (Change::Bury { id, function: name.to_owned(), grave, follow_up: follow_up.clone() }, follow_up)
            }
        };
        let follower = follow_up.map(|event| event.function);
        let ended = self.queue.change(change).await?;
        if ended && let Some(function) = follower.and_then(|name| self.registry.named(&name)) {
            function.capacity.notify_one();
        }
        if ended && let Decision::GiveUp { reason, attempts } = decision {
            self.report_death(claimed, outcome, reason, attempts);
        }
        Ok(ended)
    }

    fn report_death(&self, claimed: &Claimed, outcome: &Outcome, reason: DeathReason, attempts: i64) {
        Counters::add(&self.function.counters.dead_letters);
        let error = match outcome {
            Outcome::Error(document) => summary(document),
            Outcome::Success(_) | Outcome::NotRun(_) => "no process took it".to_owned(),
        };
        tracing::warn!(
            function = self.function.name(),
            request_id = %claimed.event.id,
            reason = reason.as_str(),
            attempts,
            error,
            "event given up; see `leitwarte dead-letters list`"
        );
    }

    /// The event for a destination.
    fn follow_up(
        &self,
        target: Option<&str>,
        claimed: &Claimed,
        outcome: &Outcome,
        condition: &str,
        invoke_count: i64,
    ) -> Option<NewEvent> {
        let target = target?;
        let Some(function) = self.registry.named(target) else {
            tracing::error!(function = self.function.name(), target, "the template has no such destination");
            return None;
        };
        if claimed.event.hops >= MAX_HOPS {
            tracing::error!(
                function = self.function.name(),
                target,
                "destinations lead in a circle; the chain was cut after {MAX_HOPS} events"
            );
            return None;
        }
        let now = clock::now();
        let record = record(&Ending {
            request_id: claimed.event.id,
            function_arn: &self.function.arn,
            condition,
            invoke_count,
            request: &claimed.event.payload,
            outcome: Some(outcome),
            at: now,
        });
        let age_ms = millis(function.spec.asynchronous.maximum_event_age);
        Some(NewEvent {
            id: clock::new_id(),
            function: function.name().to_owned(),
            payload: record,
            client_context: None,
            accepted_at_ms: now.timestamp_millis(),
            expires_at_ms: now.timestamp_millis().saturating_add(age_ms),
            hops: claimed.event.hops + 1,
        })
    }
}

fn error_of(outcome: &Outcome) -> Option<String> {
    let Outcome::Error(document) = outcome else { return None };
    let end = document.len().min(MAX_ERROR);
    Some(String::from_utf8_lossy(&document[..end]).replace('\0', "\u{fffd}"))
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
