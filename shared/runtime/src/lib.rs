//! What every function's `main.rs` needs: configuration, logging, and serving events until told to stop.
//!
//! A function's `main.rs` is a composition root:
//!
//! ```no_run
//! use leitwarte_runtime::{Invocation, FunctionError};
//!
//! fn main() -> std::process::ExitCode {
//!     leitwarte_runtime::main(async |_config| {
//!         Ok(|event: serde_json::Value, _invocation: Invocation| async move { Ok::<_, FunctionError>(event) })
//!     })
//! }
//! ```

pub mod access;
pub mod clock;
pub mod config;
mod error;
mod health;
pub mod invoke;
mod link;
mod logging;
pub mod profiles;
mod profiles_folder;
pub mod role_files;
mod serve;
pub mod sharepoint_profiles;
pub mod text_file;
mod watchdog;

pub use config::Config;
pub use error::FunctionError;
pub use profiles_folder::{ProfilesFolder, UNREADABLE as PROFILES_UNREADABLE};
pub use serve::{Invocation, main};
