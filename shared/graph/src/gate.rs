//! How many calls are under way at once.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::budget::Budget;

/// A limit of calls in flight over all tenants. A call that waits for its answer longer than `patience` no longer
/// counts: it costs a socket but no work, and fifty tenants whose calls hang must not hold up the healthy ones.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Semaphore,
    patience: Duration,
}

impl Gate {
    pub(crate) fn new(places: usize, patience: Duration) -> Self {
        Self { places: Semaphore::new(places), patience }
    }

    /// Runs `call` once there is a place; `None` when the deadline came before.
    pub(crate) async fn pass<T>(&self, budget: &Budget, call: impl Future<Output = T>) -> Option<T> {
        let place = tokio::time::timeout_at(budget.deadline(), self.places.acquire()).await.ok()?.ok()?;
        let mut place = Some(place);
        let patience_ends = Instant::now() + self.patience;
        tokio::pin!(call);
        loop {
            tokio::select! {
                biased;
                answer = &mut call => return Some(answer),
                () = tokio::time::sleep_until(patience_ends), if place.is_some() => drop(place.take()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Arc;

    use super::*;

    fn budget() -> Budget {
        Budget::of(Duration::from_mins(1))
    }

    #[tokio::test(start_paused = true)]
    async fn calls_beyond_the_limit_wait_for_a_place() {
        let gate = Arc::new(Gate::new(1, Duration::from_secs(30)));
        let (done, first_may_end) = tokio::sync::oneshot::channel::<()>();
        let first = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.pass(&budget(), first_may_end).await }
        });
        tokio::task::yield_now().await;
        let second = tokio::time::timeout(Duration::from_secs(1), gate.pass(&budget(), ready(2))).await;
        assert!(second.is_err(), "the second call did not wait");
        done.send(()).unwrap();
        first.await.unwrap();
        assert_eq!(gate.pass(&budget(), ready(3)).await, Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_call_gives_its_place_away() {
        let gate = Arc::new(Gate::new(1, Duration::from_millis(500)));
        let hanging = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.pass(&budget(), pending::<()>()).await }
        });
        tokio::task::yield_now().await;
        let began = Instant::now();
        assert_eq!(gate.pass(&budget(), ready(2)).await, Some(2));
        assert!(began.elapsed() <= Duration::from_millis(501), "waited {:?}", began.elapsed());
        hanging.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn no_place_before_the_deadline_is_no_call() {
        let gate = Arc::new(Gate::new(1, Duration::from_hours(1)));
        let hanging = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.pass(&Budget::of(Duration::from_hours(2)), pending::<()>()).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(gate.pass(&budget(), ready(())).await, None);
        hanging.abort();
    }
}
