//! Whether every schedule is still looked after: what the health check asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longest time between two beats of a schedule that is looked after. A turn of its loop takes at most the longest
/// sleep (30 s), or an answer that does not come (10 s) and the longest pause between tries (10 s).
const LONGEST_SILENCE: Duration = Duration::from_secs(90);

/// The last beat of each watched schedule. Clones are one pulse.
#[derive(Debug, Clone, Default)]
pub struct Pulse {
    beats: Arc<Mutex<HashMap<String, Instant>>>,
}

impl Pulse {
    /// The schedule was looked at.
    pub fn beat(&self, schedule: &str, now: Instant) {
        let mut beats = self.lock();
        match beats.get_mut(schedule) {
            Some(beat) => *beat = now,
            None => {
                beats.insert(schedule.to_owned(), now);
            }
        }
    }

    /// The schedule has no further slot and is watched no longer. A loop that ends otherwise just falls silent.
    pub fn end(&self, schedule: &str) {
        self.lock().remove(schedule);
    }

    /// Whether every watched schedule was looked at recently. One whose emulator is away counts: it is tried again.
    #[must_use]
    pub fn is_well(&self, now: Instant) -> bool {
        self.lock().values().all(|beat| now.saturating_duration_since(*beat) <= LONGEST_SILENCE)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.beats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_schedule_that_falls_silent_is_enough_to_be_unwell_until_it_beats_again() {
        let (pulse, start) = (Pulse::default(), Instant::now());
        let late = start + LONGEST_SILENCE + Duration::from_secs(1);
        pulse.beat("a", start);
        pulse.beat("b", start);
        assert!(pulse.is_well(start + LONGEST_SILENCE));
        pulse.beat("a", late);
        assert!(!pulse.is_well(late), "b is silent");
        pulse.beat("b", late);
        assert!(pulse.is_well(late));
    }

    #[test]
    fn a_schedule_without_further_slots_is_not_waited_for() {
        let (pulse, start) = (Pulse::default(), Instant::now());
        pulse.beat("once", start);
        pulse.end("once");
        assert!(pulse.is_well(start + 2 * LONGEST_SILENCE));
    }
}
