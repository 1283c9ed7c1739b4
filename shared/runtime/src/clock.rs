//! The one place where functions read the clock and make ids and secrets.

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

/// Bytes that nobody can guess.
///
/// # Panics
/// If the system gives no randomness, without which nothing that follows would be secret.
#[must_use]
pub fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system gives randomness");
    bytes
}
