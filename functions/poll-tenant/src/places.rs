//! How many polls run side by side, and why hanging ones do not hold up the others.
//!
//! There are 64 places. A poll that has not ended after its patience gives its place away and goes on without: it
//! waits for somebody's answer, which costs a connection and some memory but no work, while the next tenant gets its
//! turn. Of a thousand tenants that take 200 ms each, fifty that begin to hang cost the others 7 % once; at the next
//! tick they are known and stand at the end of the line.
//!
//! So that connections and memory stay bounded, no more than 256 polls are in flight in all, those without a place
//! among them. Up to 192 that hang at once leave the others all 64 places. More of them do hold up the others until
//! they end, after a minute at the most; those then are known, too.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Polls side by side, as long as all are quick.
pub const PLACES: usize = 64;

/// Polls in flight in all, those that gave their place away included.
pub const IN_FLIGHT: usize = 256;

/// How long a poll keeps its place. Shorter than a call to Microsoft may take; such a call only means that a few more
/// polls run at a time, up to [`IN_FLIGHT`].
const PATIENCE: Duration = Duration::from_millis(300);

/// The places of one process, shared by its invocations.
#[derive(Debug)]
pub struct Places {
    free: Arc<Semaphore>,
    in_flight: Arc<Semaphore>,
}

/// A place taken.
#[derive(Debug)]
pub struct Place {
    place: OwnedSemaphorePermit,
    in_flight: OwnedSemaphorePermit,
}

impl Default for Places {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(PLACES)), in_flight: Arc::new(Semaphore::new(IN_FLIGHT)) }
    }
}

impl Places {
    /// Waits for a place, first come, first served; `None` if there is none until `latest`.
    pub async fn take(&self, latest: Instant) -> Option<Place> {
        let taking = async {
            // In this order, so that nobody keeps a place from others while waiting.
            let in_flight = Arc::clone(&self.in_flight).acquire_owned().await.ok()?;
            let place = Arc::clone(&self.free).acquire_owned().await.ok()?;
            Some(Place { place, in_flight })
        };
        tokio::time::timeout_at(latest, taking).await.ok()?
    }
}

impl Place {
    /// Does the work, and gives the place away when it is done or takes too long. It is in flight until it is done.
    pub async fn hold_for<T>(self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        let quick = tokio::time::timeout(PATIENCE, &mut work).await;
        drop(self.place);
        let done = match quick {
            Ok(done) => done,
            Err(_) => work.await,
        };
        drop(self.in_flight);
        done
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    const CALL: Duration = Duration::from_millis(200);
    const HANG: Duration = Duration::from_mins(1);

    /// Polls as many tenants as `hangs` has entries, in that order; when was the last healthy one done?
    async fn last_healthy(hangs: Vec<bool>) -> Duration {
        let began = Instant::now();
        let places = Places::default();
        let mut polls = JoinSet::new();
        for hangs in hangs {
            let place = places.take(began + HANG).await.unwrap();
            polls.spawn(async move {
                place.hold_for(tokio::time::sleep(if hangs { HANG } else { CALL })).await;
                if hangs { Duration::ZERO } else { began.elapsed() }
            });
        }
        polls.join_all().await.into_iter().max().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_polls_run_at_once_than_there_are_places() {
        assert_eq!(last_healthy(vec![false; 640]).await, CALL * 10);
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_hanging_of_a_thousand_hold_up_the_healthy_by_less_than_a_tenth() {
        let alone = last_healthy(vec![false; 950]).await;
        let spread = last_healthy((0..1000).map(|number| number % 20 == 0).collect()).await;
        let first = last_healthy((0..1000).map(|number| number < 50).collect()).await;
        let limit = alone.mul_f64(1.1);
        assert!(spread <= limit && first <= limit, "alone {alone:?}, spread {spread:?}, first {first:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn more_hanging_polls_than_places_do_not_stop_the_others() {
        let hanging = IN_FLIGHT - PLACES;
        let took = last_healthy((0..1000).map(|number| number < hanging).collect()).await;
        assert!(took < Duration::from_secs(5), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn polls_that_gave_their_place_away_count_until_they_end() {
        let places = Places::default();
        let mut polls = JoinSet::new();
        for _ in 0..IN_FLIGHT {
            let place = places.take(Instant::now() + HANG).await.unwrap();
            polls.spawn(place.hold_for(tokio::time::sleep(HANG)));
        }
        assert!(places.take(Instant::now() + CALL * 10).await.is_none(), "one more than may be in flight");
        polls.abort_all();
        while polls.join_next().await.is_some() {}
        assert!(places.take(Instant::now() + CALL).await.is_some(), "those that ended count no more");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gets_no_place_in_time_does_not_get_one_late() {
        let places = Places::default();
        let mut taken = Vec::new();
        for _ in 0..PLACES {
            taken.push(places.take(Instant::now()).await.unwrap());
        }
        assert!(places.take(Instant::now() + CALL).await.is_none());
        taken.pop();
        assert!(places.take(Instant::now() + CALL).await.is_some());
    }
}
