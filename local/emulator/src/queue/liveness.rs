//! Which of the emulators that share a queue are dead.
//!
//! Clocks of different machines are never compared: each emulator raises a counter of its own, and the others watch by
//! their own monotonic clocks whether it moves.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// How often an emulator shows that it lives, and how long its silence may last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rhythm {
    pub(crate) beat_every: Duration,
    pub(crate) dead_after: Duration,
}

/// An emulator as the database shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) run: String,
    pub(super) host: String,
    pub(super) beats: i64,
}

/// What one emulator has seen of the others.
#[derive(Debug)]
pub(super) struct Watch {
    dead_after: Duration,
    /// Counters and since when each stands where it is.
    seen: HashMap<String, (i64, Instant)>,
    looked_at: Option<Instant>,
}

impl Watch {
    pub(super) fn new(dead_after: Duration) -> Self {
        Self { dead_after, seen: HashMap::new(), looked_at: None }
    }

    /// Those of `peers` whose counter has not moved for too long.
    ///
    /// Only time during which this emulator really watched counts: when the database was gone, or this program stood
    /// still, the others could not show that they live, or could but were not looked at.
    pub(super) fn dead(&mut self, now: Instant, peers: &[Peer]) -> Vec<Peer> {
        let watched = self.looked_at.replace(now).is_some_and(|at| now - at <= self.dead_after / 3);
        self.seen.retain(|run, _| peers.iter().any(|peer| peer.run == *run));
        for peer in peers {
            let seen = self.seen.entry(peer.run.clone()).or_insert((peer.beats, now));
            if !watched || seen.0 != peer.beats {
                *seen = (peer.beats, now);
            }
        }
        let silent = |peer: &&Peer| self.seen.get(&peer.run).is_some_and(|(_, since)| now - *since >= self.dead_after);
        peers.iter().filter(silent).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEAD_AFTER: Duration = Duration::from_secs(15);
    const STEP: Duration = Duration::from_secs(2);

    fn peer(run: &str, beats: i64) -> Peer {
        Peer { run: run.to_owned(), host: String::new(), beats }
    }

    /// Shows the counters one after the other, a step apart, and returns who was taken for dead at which second.
    fn watch(start: Instant, counters: impl Iterator<Item = Vec<Peer>>) -> Option<(u64, String)> {
        let mut watch = Watch::new(DEAD_AFTER);
        let mut now = start;
        for peers in counters {
            if let Some(dead) = watch.dead(now, &peers).pop() {
                return Some(((now - start).as_secs(), dead.run));
            }
            now += STEP;
        }
        None
    }

    #[test]
    fn who_keeps_counting_lives() {
        assert_eq!(watch(Instant::now(), (0..100).map(|n| vec![peer("a", n)])), None);
    }

    #[test]
    fn who_counts_slowly_lives_too() {
        assert_eq!(watch(Instant::now(), (0..100).map(|n| vec![peer("a", n / 7)])), None);
    }

    #[test]
    fn who_stands_still_is_dead_after_fifteen_seconds_and_only_that_one() {
        let counters = (0..100).map(|n| vec![peer("alive", n), peer("dead", n.min(3))]);
        assert_eq!(watch(Instant::now(), counters), Some((6 + 16, "dead".to_owned())));
    }

    #[test]
    fn who_was_dead_before_we_came_is_watched_as_long_as_anybody_else() {
        assert_eq!(watch(Instant::now(), (0..100).map(|_| vec![peer("dead", 5)])), Some((16, "dead".to_owned())));
    }

    #[test]
    fn a_counter_that_begins_anew_is_a_sign_of_life() {
        let counters = (0..100).map(|n| vec![peer("a", if n < 5 { 40 } else { n % 2 })]);
        assert_eq!(watch(Instant::now(), counters), None);
    }

    #[test]
    fn nobody_dies_of_a_database_that_was_gone_or_of_our_own_sleep() {
        let mut watch = Watch::new(DEAD_AFTER);
        let start = Instant::now();
        assert_eq!(watch.dead(start, &[peer("a", 1)]), []);
        for seconds in [20, 22, 24, 26, 28, 30, 32, 34] {
            assert_eq!(watch.dead(start + Duration::from_secs(seconds), &[peer("a", 1)]), [], "after {seconds} s");
        }
        assert_eq!(watch.dead(start + Duration::from_secs(35), &[peer("a", 1)]), [peer("a", 1)]);
    }
}
