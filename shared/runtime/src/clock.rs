//! The one place where functions read the clock and make ids.

use chrono::{DateTime, Utc};
use leitwarte_core::Uuid;

/// The time now.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock that others are handed")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A new random id.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the source of ids that others are handed")]
pub fn new_id() -> Uuid {
    Uuid::new_v4()
}
