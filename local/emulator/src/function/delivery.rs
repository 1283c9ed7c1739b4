//! Hands an event to the connection of a waiting process without losing it when that process hangs up.

use std::sync::Arc;

use super::Function;
use super::state::Invocation;

/// An event on its way to a process. Dropped before [`Delivery::take`], the event returns to the head of its queue.
pub(crate) struct Delivery {
    function: Arc<Function>,
    event: Option<(Arc<Invocation>, u64)>,
}

impl Delivery {
    pub(crate) fn new(function: Arc<Function>, invocation: Arc<Invocation>, attempt: u64) -> Self {
        Self { function, event: Some((invocation, attempt)) }
    }

    /// The event and the number of the attempt, which from now on counts as begun.
    pub(crate) fn take(mut self) -> Option<(Arc<Invocation>, u64)> {
        self.event.take()
    }

    /// Forgets the event; whoever calls this takes care of it.
    pub(crate) fn disarm(mut self) {
        self.event = None;
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some((invocation, _)) = self.event.take() {
            self.function.put_back(invocation.request_id);
        }
    }
}
