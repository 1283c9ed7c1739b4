//! Events given up are kept for people to look at, but not for ever.

use std::time::Duration;

use leitwarte_host::clock;
use tokio::time::{MissedTickBehavior, interval};

use super::change::{Change, Changed};
use super::{Queue, causes};

/// How many dead letters are kept, and how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retention {
    pub(crate) kept: Duration,
    pub(crate) per_function: u32,
    pub(crate) look_every: Duration,
}

impl Queue {
    /// Works until it is dropped. Emulators that share a queue do it each; what one has forgotten, another does not find.
    pub(crate) async fn forget_dead_letters(self, retention: Retention) {
        let mut look = interval(retention.look_every);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            let kept_ms = i64::try_from(retention.kept.as_millis()).unwrap_or(i64::MAX);
            let before_ms = clock::now_ms().saturating_sub(kept_ms);
            let per_function = i64::from(retention.per_function);
            match self.writer.apply(Change::Forget { before_ms, per_function }).await {
                Ok(Changed::Forgotten(letters @ 1..)) => {
                    tracing::warn!(
                        letters,
                        "dead letters that were too old, or too many of one function, are forgotten"
                    );
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(error = causes(&error), "old dead letters cannot be forgotten"),
            }
        }
    }
}
