//! Fires what is due, one task for each schedule.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use leitwarte_host::clock;
use leitwarte_host::invoke::{InvokeClient, Slot};
use leitwarte_host::process::Backoff;
use leitwarte_template::{Schedule, Template};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::event::payload;
use crate::plan::decide;
use crate::pulse::Pulse;

/// Longest sleep: the machine's clock may be set while this program waits.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
const FIRST_RETRY: Duration = Duration::from_millis(200);
const LONGEST_RETRY: Duration = Duration::from_secs(10);

/// Fires every schedule of the template until cancelled.
///
/// The emulator remembers the slots, so this program keeps no state: a second timer beside it, or a restart at
/// any moment, fires no slot twice. Every look at a schedule is a beat of `pulse`.
pub async fn run(template: &Template, client: &InvokeClient, region: &str, pulse: &Pulse, stop: &CancellationToken) {
    let mut tasks = JoinSet::new();
    for function in &template.functions {
        for schedule in function.schedules.iter().filter(|schedule| schedule.enabled) {
            tracing::info!(schedule = schedule.name, function = function.name, when = %schedule.expression, "watching a schedule");
            let one = Firing {
                schedule: schedule.clone(),
                function: function.name.clone(),
                client: client.clone(),
                region: region.to_owned(),
                started: clock::now(),
                pulse: pulse.clone(),
            };
            one.beat();
            let stop = stop.clone();
            tasks.spawn(async move { stop.run_until_cancelled(one.forever()).await });
        }
    }
    if tasks.is_empty() {
        tracing::warn!("the template has no enabled schedule; nothing will be fired");
        stop.cancelled().await;
    }
    while tasks.join_next().await.is_some() {}
}

/// One schedule on its way through time.
struct Firing {
    schedule: Schedule,
    function: String,
    client: InvokeClient,
    region: String,
    started: DateTime<Utc>,
    pulse: Pulse,
}

impl Firing {
    async fn forever(self) {
        let mut retry = Retry::default();
        let mut last = loop {
            self.beat();
            match self.client.last_slot(&self.schedule.name).await {
                Ok(last) => break last.and_then(DateTime::from_timestamp_millis),
                Err(error) => retry.wait(&self.schedule.name, &error).await,
            }
        };
        loop {
            self.beat();
            let decision = decide(&self.schedule, last, self.started, clock::now());
            if let Some(slot) = decision.fire {
                match self.fire(slot).await {
                    Ok(()) => {
                        last = Some(slot);
                        retry.succeeded();
                    }
                    Err(error) => retry.wait(&self.schedule.name, &error).await,
                }
                continue;
            }
            let Some(wake_at) = decision.wake_at else {
                tracing::warn!(schedule = self.schedule.name, "the schedule has no further slot");
                self.pulse.end(&self.schedule.name);
                return;
            };
            let left = (wake_at - clock::now()).to_std().unwrap_or(Duration::ZERO);
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
    }

    fn beat(&self) {
        self.pulse.beat(&self.schedule.name, Instant::now());
    }

    async fn fire(&self, slot: DateTime<Utc>) -> Result<(), leitwarte_host::invoke::InvokeError> {
        let event = payload(&self.schedule, slot, clock::new_id(), &self.region);
        let at = Slot { schedule: &self.schedule.name, at_ms: slot.timestamp_millis() };
        let accepted = self.client.enqueue(&self.function, Bytes::from(event.to_string()), Some(at)).await?;
        let (schedule, slot) = (&self.schedule.name, words(slot));
        if accepted.duplicate {
            tracing::debug!(schedule, slot, "this slot had been fired already");
        } else {
            let request_id = accepted.request_id.unwrap_or_default();
            tracing::debug!(schedule, slot, function = self.function, request_id, "fired");
        }
        Ok(())
    }
}

fn words(slot: DateTime<Utc>) -> String {
    slot.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Pauses between tries that fail, and says so once.
struct Retry {
    backoff: Backoff,
    said: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self { backoff: Backoff::new(FIRST_RETRY, LONGEST_RETRY), said: false }
    }
}

impl Retry {
    async fn wait(&mut self, schedule: &str, error: &(dyn std::error::Error + Send + Sync)) {
        if !self.said {
            tracing::warn!(schedule, "cannot fire: {error}; trying again until it works");
            self.said = true;
        }
        tokio::time::sleep(self.backoff.delay()).await;
    }

    fn succeeded(&mut self) {
        if self.said {
            tracing::info!("firing works again");
        }
        *self = Self::default();
    }
}
