//! Keeps in touch with the emulators that share a queue: shows that this one lives, frees the events of dead ones, and
//! learns how many events there are in all.

use std::sync::atomic::Ordering;

use leitwarte_host::clock;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::change::{Change, Changed};
use super::liveness::{Peer, Rhythm, Watch};
use super::{Queue, QueueError, causes};

/// Events are counted each time this many beats have passed: often enough for the bound of pending events.
const BEATS_PER_COUNT: u32 = 2;

impl Queue {
    /// Works until it is dropped; rings `freed` when events of a dead emulator can be taken.
    pub(crate) async fn keep_in_touch(self, rhythm: Rhythm, freed: impl Fn()) {
        let mut beat = interval(rhythm.beat_every);
        // After a time without a database, beats that were missed are of no use to anybody.
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watch = Watch::new(rhythm.dead_after);
        let mut silent = false;
        for beats in 0_u32.. {
            beat.tick().await;
            match self.beat(&mut watch, beats.is_multiple_of(BEATS_PER_COUNT), &freed).await {
                Ok(()) if silent => {
                    silent = false;
                    tracing::info!("the queue's database is back");
                }
                Ok(()) => {}
                Err(_) if silent => {}
                // Said once: whoever uses the queue meanwhile says so, too.
                Err(error) => {
                    silent = true;
                    tracing::warn!(
                        error = causes(&error),
                        "cannot tell the other emulators that this one lives; they will take its events over"
                    );
                }
            }
        }
    }

    async fn beat(&self, watch: &mut Watch, count: bool, freed: &impl Fn()) -> Result<(), QueueError> {
        self.writer.apply(Change::Beat { now_ms: clock::now_ms() }).await?;
        let peers = self.peers().await?;
        for peer in watch.dead(Instant::now(), &peers) {
            self.take_over(peer, freed).await?;
        }
        if count {
            // Other emulators bring events in and finish them, so what was counted here drifts.
            self.writer.apply(Change::Count).await?;
        }
        Ok(())
    }

    async fn take_over(&self, peer: Peer, freed: &impl Fn()) -> Result<(), QueueError> {
        let Peer { run, host, beats } = peer;
        if let Changed::Done = self.writer.apply(Change::TakeOver { run, beats }).await? {
            self.taken_over.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(host, "another emulator is dead or cut off; the events it worked on run again");
            freed();
        }
        Ok(())
    }
}
