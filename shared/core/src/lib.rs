//! The domain of Leitwarte: licences, tenants, polls and how to judge them.
//!
//! Everything here is pure. Nothing reads a clock, an environment variable, a file or a network: time
//! and ids come in as arguments, so every rule can be tested by calling it.

pub mod auth_profile;
pub mod catalogue;
pub mod certificate;
pub mod change;
pub mod forecast;
pub mod happening;
pub mod hosts;
pub mod incident;
pub mod message;
pub mod notifications;
pub mod poll;
pub mod profile;
pub mod replay;
pub mod retention;
pub mod roles;
pub mod rules;
pub mod series;
pub mod session;
pub mod sharepoint;
pub mod status;
pub mod stock;
pub mod subscription;
pub mod threshold;

pub use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
pub use uuid::Uuid;
