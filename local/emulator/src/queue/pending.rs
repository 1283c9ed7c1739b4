//! How many events of each function are not finished, and the bound of that number.
//!
//! The one writer counts what it commits. Other emulators on a shared queue change the numbers, too, so there they are
//! read again now and then, also by the writer: between two of its own transactions.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Counts for the functions of the template; others are not counted.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    functions: Arc<HashMap<String, Arc<Count>>>,
    max: i64,
}

#[derive(Debug, Default)]
struct Count {
    /// Events in the database.
    kept: AtomicI64,
    /// Events on their way into it.
    coming: AtomicI64,
}

impl Count {
    fn all(&self) -> i64 {
        self.kept.load(Ordering::Relaxed).max(0) + self.coming.load(Ordering::Relaxed)
    }
}

/// The place of an event on its way into the database; free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place(Option<Arc<Count>>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(count) = &self.0 {
            count.coming.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Pending {
    pub(super) fn new(functions: &[&str], max: u64) -> Self {
        let functions = functions.iter().map(|name| ((*name).to_owned(), Arc::default())).collect();
        Self { functions: Arc::new(functions), max: i64::try_from(max).unwrap_or(i64::MAX) }
    }

    /// A place for one more event, if there is one. Taken before the write, so that a burst cannot overrun the bound
    /// while it waits for the disk.
    pub(super) fn reserve(&self, function: &str) -> Option<Place> {
        let Some(count) = self.functions.get(function) else { return Some(Place(None)) };
        count.coming.fetch_add(1, Ordering::Relaxed);
        let place = Place(Some(Arc::clone(count)));
        (count.all() <= self.max).then_some(place)
    }

    /// Events of a function.
    pub(super) fn of(&self, function: &str) -> u64 {
        self.functions.get(function).map_or(0, |count| u64::try_from(count.all()).unwrap_or(0))
    }

    /// The database holds `by` events more than before.
    pub(super) fn add(&self, function: &str, by: i64) {
        if let Some(count) = self.functions.get(function) {
            count.kept.fetch_add(by, Ordering::Relaxed);
        }
    }

    /// The database holds these.
    pub(super) fn set(&self, counts: &[(String, i64)]) {
        for (function, count) in self.functions.iter() {
            let kept = counts.iter().find(|(name, _)| name == function).map_or(0, |(_, kept)| *kept);
            count.kept.store(kept, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_on_their_way_count_until_they_are_in_or_given_up() {
        let pending = Pending::new(&["work"], 2);
        let first = pending.reserve("work").unwrap();
        let second = pending.reserve("work").unwrap();
        assert!(pending.reserve("work").is_none());
        assert_eq!(pending.of("work"), 2, "who was refused takes no place");
        drop(first);
        pending.add("work", 1);
        assert_eq!(pending.of("work"), 2);
        drop(second);
        assert_eq!(pending.of("work"), 1);
        assert!(pending.reserve("work").is_some());
    }

    #[test]
    fn counting_anew_wins_over_what_was_known() {
        let pending = Pending::new(&["work", "rest"], 10);
        pending.add("rest", 4);
        pending.set(&[("work".to_owned(), 7), ("gone".to_owned(), 1)]);
        assert_eq!((pending.of("work"), pending.of("rest"), pending.of("gone")), (7, 0, 0));
    }
}
