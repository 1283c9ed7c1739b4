//! The one place where host programs read the time of day and make up identifiers.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The current time.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the host programs' clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Milliseconds since the epoch, the form databases and the Runtime API use.
#[must_use]
pub fn now_ms() -> i64 {
    now().timestamp_millis()
}

/// A fresh random identifier.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the host programs' source of identifiers")]
pub fn new_id() -> Uuid {
    Uuid::new_v4()
}
