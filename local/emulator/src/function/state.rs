//! The state of one function: who waits, who works. Every decision is made here, under one lock, without waiting.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use super::delivery::Delivery;
use super::outcome::{Finished, NotRun, Outcome};

/// One event on its way to a function.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// Identifies the invocation to its caller, to the function and in logs; the same on every retry.
    pub(crate) request_id: Uuid,
    /// The event, valid JSON.
    pub(crate) payload: Bytes,
    /// The caller's client context, as JSON.
    pub(crate) client_context: Option<HeaderValue>,
    /// The caller's trace header.
    pub(crate) trace_id: Option<HeaderValue>,
}

/// Which queue an event waits in. The two take turns, so that neither starves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A caller waits for the answer.
    Sync,
    /// An event from the durable queue.
    Async,
}

/// Number of an open Runtime API connection.
pub(crate) type ConnectionId = u64;

/// Bounds of one function's queues.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) waiting_callers: usize,
    /// How long an event waits while no process is there.
    pub(crate) process_wait: Duration,
    /// How long a process that ran into a timeout may finish its other invocations.
    pub(crate) drain: Duration,
}

#[derive(Debug, Clone, Copy)]
enum Condemned {
    Draining { until: Instant },
    Killed,
}

pub(crate) struct Waiting {
    pub(crate) invocation: Arc<Invocation>,
    pub(crate) reply: oneshot::Sender<Finished>,
    queued_at: Instant,
}

pub(crate) struct Running {
    pub(crate) invocation: Arc<Invocation>,
    pub(crate) attempt: u64,
    pub(crate) connection: ConnectionId,
    pub(crate) deadline: Instant,
    reply: oneshot::Sender<Finished>,
    pub(crate) lane: Lane,
    queued_at: Instant,
    pub(crate) started: Instant,
    output_mark: u64,
}

impl Running {
    /// Tells the caller, if it still listens.
    pub(crate) fn finish(self, outcome: Outcome, now: Instant) {
        let duration = now - self.started;
        let _ = self.reply.send(Finished { outcome, duration, output_mark: self.output_mark });
    }

    /// How long it waited for a process.
    pub(crate) fn waited(&self) -> Duration {
        self.started - self.queued_at
    }
}

/// A process that asked for work.
struct Idle {
    work: oneshot::Sender<Delivery>,
    connection: ConnectionId,
}

pub(crate) struct State {
    limits: Limits,
    idle: Vec<Idle>,
    callers: VecDeque<Waiting>,
    events: VecDeque<Waiting>,
    running: HashMap<Uuid, Running>,
    attempts: u64,
    last_lane: Lane,
    /// Open Runtime API connections and where they come from.
    pub(crate) connections: HashMap<ConnectionId, IpAddr>,
    /// Since when no process is there to work.
    absent_since: Option<Instant>,
    /// The process is going to be killed and gets no more work.
    condemned: Option<Condemned>,
    /// When the watchdog looks next.
    pub(crate) watched_until: Option<Instant>,
}

impl State {
    pub(crate) fn new(limits: Limits, now: Instant) -> Self {
        Self {
            limits,
            idle: Vec::new(),
            callers: VecDeque::new(),
            events: VecDeque::new(),
            running: HashMap::new(),
            attempts: 0,
            last_lane: Lane::Async,
            connections: HashMap::new(),
            absent_since: Some(now),
            condemned: None,
            watched_until: None,
        }
    }

    /// Queues an event and gives it to a waiting process, if there is one. Returns whether there was room.
    pub(crate) fn place(
        &mut self,
        lane: Lane,
        invocation: Arc<Invocation>,
        reply: oneshot::Sender<Finished>,
        now: Instant,
    ) -> bool {
        if lane == Lane::Sync && self.callers.len() >= self.limits.waiting_callers {
            self.callers.retain(|waiting| !waiting.reply.is_closed());
            if self.callers.len() >= self.limits.waiting_callers {
                return false;
            }
        }
        self.queue(lane).push_back(Waiting { invocation, reply, queued_at: now });
        true
    }

    /// Gives waiting events to waiting processes.
    pub(crate) fn match_up(
        &mut self,
        (now, output_mark): (Instant, u64),
        delivery: impl Fn(Arc<Invocation>, u64) -> Delivery,
    ) {
        while self.condemned.is_none() {
            let Some(idle) = self.pop_idle() else { return };
            let Some((lane, waiting)) = self.pop() else { return self.idle.push(idle) };
            let (invocation, attempt) = self.start(lane, waiting, idle.connection, now, output_mark);
            let request_id = invocation.request_id;
            if let Err(returned) = idle.work.send(delivery(invocation, attempt)) {
                // The process hung up between the check and the hand-over.
                returned.disarm();
                self.put_back(request_id);
            }
        }
    }

    /// The next event for a process that asks for work. Events whose caller is gone are dropped.
    pub(crate) fn take(
        &mut self,
        connection: ConnectionId,
        now: Instant,
        output_mark: u64,
    ) -> Option<(Arc<Invocation>, u64)> {
        self.absent_since = None;
        if self.condemned.is_some() {
            return None;
        }
        let (lane, waiting) = self.pop()?;
        Some(self.start(lane, waiting, connection, now, output_mark))
    }

    /// Remembers a process that asks for work while there is none.
    pub(crate) fn wait_for_work(&mut self, connection: ConnectionId, work: oneshot::Sender<Delivery>) {
        self.idle.retain(|idle| !idle.work.is_closed());
        self.idle.push(Idle { work, connection });
    }

    fn pop_idle(&mut self) -> Option<Idle> {
        while let Some(idle) = self.idle.pop() {
            if !idle.work.is_closed() {
                return Some(idle);
            }
        }
        None
    }

    fn queue(&mut self, lane: Lane) -> &mut VecDeque<Waiting> {
        match lane {
            Lane::Sync => &mut self.callers,
            Lane::Async => &mut self.events,
        }
    }

    fn pop(&mut self) -> Option<(Lane, Waiting)> {
        while self.callers.front().is_some_and(|waiting| waiting.reply.is_closed()) {
            self.callers.pop_front();
        }
        let lane = match (self.callers.is_empty(), self.events.is_empty()) {
            (true, true) => return None,
            (true, false) => Lane::Async,
            (false, false) if self.last_lane == Lane::Sync => Lane::Async,
            (false, _) => Lane::Sync,
        };
        self.queue(lane).pop_front().map(|waiting| (lane, waiting))
    }

    fn start(
        &mut self,
        lane: Lane,
        waiting: Waiting,
        connection: ConnectionId,
        now: Instant,
        output_mark: u64,
    ) -> (Arc<Invocation>, u64) {
        self.attempts += 1;
        self.last_lane = lane;
        let invocation = Arc::clone(&waiting.invocation);
        let running = Running {
            invocation: waiting.invocation,
            attempt: self.attempts,
            connection,
            deadline: now + self.limits.timeout,
            reply: waiting.reply,
            lane,
            queued_at: waiting.queued_at,
            started: now,
            output_mark,
        };
        self.running.insert(invocation.request_id, running);
        (invocation, self.attempts)
    }

    /// Returns an event that was never sent to the head of its queue.
    pub(crate) fn put_back(&mut self, request_id: Uuid) {
        if let Some(running) = self.running.remove(&request_id) {
            let waiting = Waiting { invocation: running.invocation, reply: running.reply, queued_at: running.started };
            self.queue(running.lane).push_front(waiting);
        }
    }

    /// The invocation a process reports about; nothing when it is not running (any more). `attempt` tells a
    /// retry from the attempt before, where the process says which one it means.
    pub(crate) fn complete(&mut self, request_id: Uuid, attempt: Option<u64>) -> Option<Running> {
        let running = self.running.get(&request_id)?;
        if attempt.is_some_and(|attempt| attempt != running.attempt) {
            return None;
        }
        self.running.remove(&request_id)
    }

    /// Every invocation that a process which ended was working on.
    pub(crate) fn process_ended(&mut self, now: Instant) -> Vec<Running> {
        self.idle.clear();
        self.condemned = None;
        self.absent_since.get_or_insert(now);
        self.running.drain().map(|(_, running)| running).collect()
    }

    /// The invocations handed out over a connection that closed, unless its peer has others open.
    pub(crate) fn lost(&mut self, connection: ConnectionId, peer: IpAddr) -> Vec<Running> {
        if self.connections.values().any(|other| *other == peer) {
            return Vec::new();
        }
        self.running.extract_if(|_, running| running.connection == connection).map(|(_, running)| running).collect()
    }

    /// Notes that a connection closed. Returns whether an invocation was handed out over it.
    pub(crate) fn connection_closed(&mut self, connection: ConnectionId, now: Instant) -> bool {
        self.connections.remove(&connection);
        if self.connections.is_empty() {
            self.absent_since.get_or_insert(now);
        }
        self.running.values().any(|running| running.connection == connection)
    }

    /// The process gets no more work and is killed as soon as its other invocations are done, or after
    /// [`Limits::drain`].
    pub(crate) fn condemn(&mut self, now: Instant) {
        self.condemned.get_or_insert(Condemned::Draining { until: now + self.limits.drain });
    }

    /// Whether the condemned process is to be killed now; says so once.
    pub(crate) fn execute_condemned(&mut self, now: Instant) -> bool {
        let Some(Condemned::Draining { until }) = self.condemned else { return false };
        let due = self.running.is_empty() || until <= now;
        if due {
            self.condemned = Some(Condemned::Killed);
        }
        due
    }

    /// Whether a condemned process has nothing left to finish.
    pub(crate) fn is_drained(&self) -> bool {
        matches!(self.condemned, Some(Condemned::Draining { .. })) && self.running.is_empty()
    }

    /// Removes the invocations whose time is up.
    pub(crate) fn overdue(&mut self, now: Instant) -> Vec<Running> {
        self.running.extract_if(|_, running| running.deadline <= now).map(|(_, running)| running).collect()
    }

    /// Removes the events that waited too long for a process.
    pub(crate) fn expired(&mut self, now: Instant) -> Vec<Waiting> {
        let mut expired = Vec::new();
        for lane in [Lane::Sync, Lane::Async] {
            while self.front_expires_at(lane).is_some_and(|expiry| expiry <= now) {
                expired.extend(self.queue(lane).pop_front());
            }
        }
        expired
    }

    /// Removes everybody who waits, when no process can be expected.
    pub(crate) fn give_up(&mut self) -> (Vec<Waiting>, Vec<Waiting>) {
        (self.callers.drain(..).collect(), self.events.drain(..).collect())
    }

    /// Removes the queued events of the durable queue: another emulator, or the next one, runs them.
    pub(crate) fn release_events(&mut self) {
        for waiting in self.events.drain(..) {
            let _ = waiting.reply.send(Finished::not_run(NotRun::Stopping));
        }
    }

    /// When a deadline or a waiting time is up next.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let deadlines = self.running.values().map(|running| running.deadline);
        let waits = [Lane::Sync, Lane::Async].into_iter().filter_map(|lane| self.front_expires_at(lane));
        let drain = self.condemned.and_then(|condemned| match condemned {
            Condemned::Draining { until } => Some(until),
            Condemned::Killed => None,
        });
        deadlines.chain(waits).chain(drain).min()
    }

    /// The first in a queue waited longest, and all of one queue have the same patience.
    fn front_expires_at(&self, lane: Lane) -> Option<Instant> {
        let queue = match lane {
            Lane::Sync => &self.callers,
            Lane::Async => &self.events,
        };
        let queued_at = queue.front()?.queued_at;
        let busy = queued_at + self.limits.timeout + self.limits.process_wait;
        Some(self.absent_since.map_or(busy, |since| busy.min(queued_at.max(since) + self.limits.process_wait)))
    }

    pub(crate) fn has_process(&self) -> bool {
        self.absent_since.is_none()
    }

    pub(crate) fn idle_count(&self) -> usize {
        self.idle.iter().filter(|idle| !idle.work.is_closed()).count()
    }

    pub(crate) fn running_count(&self) -> usize {
        self.running.len()
    }

    pub(crate) fn callers_waiting(&self) -> usize {
        self.callers.len()
    }

    pub(crate) fn events_waiting(&self) -> usize {
        self.events.len()
    }
}

#[cfg(test)]
mod tests;
