//! The timer: fires the schedules of `template.yaml` as asynchronous invocations.

pub mod event;
pub mod plan;
mod pulse;
mod run;

pub use pulse::Pulse;
pub use run::run;
