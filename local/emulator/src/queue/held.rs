//! The events a dispatcher works on.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

/// Which events are worked on. After the answer to a write was lost, or a lease ended while the database was gone, the
/// queue may hand one out again.
#[derive(Debug, Clone, Default)]
pub(super) struct Held(Arc<Mutex<HashSet<Uuid>>>);

/// One event that is worked on, until it is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    id: Uuid,
    held: Held,
}

impl Held {
    /// Nothing when it is worked on already.
    pub(super) fn take(&self, id: Uuid) -> Option<Hold> {
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        new.then(|| Hold { id, held: self.clone() })
    }

    /// All that are worked on now.
    pub(super) fn all(&self) -> HashSet<Uuid> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_worked_on_once_at_a_time() {
        let (held, id) = (Held::default(), Uuid::nil());
        let first = held.take(id);
        assert!(first.is_some() && held.take(id).is_none());
        drop(first);
        assert!(held.take(id).is_some());
    }
}
