//! How an invocation divides its time.

use std::time::Duration;

use tokio::time::Instant;

/// Kept for storing the last results and answering.
const RESERVE: Duration = Duration::from_secs(5);

/// A poll that would have less than this is not begun: it would only call a healthy tenant failed.
const SHORTEST_POLL: Duration = Duration::from_secs(5);

/// No poll takes longer: time for one call that hangs until its own limit of 30 s, and one more.
const LONGEST_POLL: Duration = Duration::from_mins(1);

/// No invocation begins polls for longer, whatever the host allows, so that the leases of one that dies soon run out.
const LONGEST_TICK: Duration = Duration::from_mins(2);

/// When what has to be over. Unlike the wall clock, these moments do not jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    polls_end: Instant,
}

impl Times {
    /// Divides what is left until `deadline`; `None` if that is too little for any poll.
    pub(crate) fn until(deadline: Instant, now: Instant) -> Option<Self> {
        let polls_end = deadline.checked_sub(RESERVE)?.min(now + LONGEST_TICK);
        let times = Self { polls_end };
        (now <= times.last_start()).then_some(times)
    }

    /// No poll begins later.
    pub(crate) fn last_start(&self) -> Instant {
        self.polls_end - SHORTEST_POLL
    }

    /// When a poll that begins now has to be over.
    pub(crate) fn poll_end(&self, now: Instant) -> Instant {
        self.polls_end.min(now + LONGEST_POLL)
    }

    /// When the last result has to be stored.
    pub(crate) fn stored_by(&self) -> Instant {
        self.polls_end + RESERVE
    }

    /// How long the claims made now must hold: until everything is stored.
    pub(crate) fn lease(&self, now: Instant) -> Duration {
        self.stored_by().saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn results_are_stored_before_the_deadline() {
        let now = Instant::now();
        let times = Times::until(now + seconds(30), now).unwrap();
        assert_eq!(times.stored_by(), now + seconds(30));
        assert_eq!(times.poll_end(now), now + seconds(25));
        assert_eq!(times.last_start(), now + seconds(20));
        assert_eq!(times.lease(now), seconds(30));
    }

    #[test]
    fn a_long_deadline_makes_neither_polls_nor_leases_long() {
        let now = Instant::now();
        let times = Times::until(now + seconds(900), now).unwrap();
        assert_eq!(times.poll_end(now), now + seconds(60));
        assert_eq!(times.poll_end(now + seconds(100)), now + seconds(120));
        assert_eq!(times.lease(now), seconds(125));
    }

    #[test]
    fn too_little_time_is_no_time() {
        let now = Instant::now();
        assert!(Times::until(now + seconds(10), now).is_some());
        assert_eq!(Times::until(now + seconds(9), now), None);
        assert_eq!(Times::until(now, now + seconds(9)), None);
    }
}
