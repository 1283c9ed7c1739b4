//! The on-premises Lambda host: runs unmodified Lambda functions for callers that speak the Invoke API.
//!
//! It has a Runtime API listener per function, one Invoke API for callers, a durable queue for asynchronous events,
//! and, if asked to, starts the functions' processes itself. Its semantics are those of AWS Lambda.

mod children;
mod config;
mod emulator;
mod function;
mod http;
mod invoke_api;
mod metrics;
mod queue;
mod runtime_api;

pub use config::{Config, ConfigError, Limits, RetryDelays};
pub use emulator::{Emulator, StartError};
pub use function::MAX_PAYLOAD;
pub use invoke_api::KeyError;
pub use queue::{OpenError, TABLES};
