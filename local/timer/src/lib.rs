//! The timer: fires the schedules of `template.yaml` as asynchronous invocations.

pub mod event;
pub mod plan;
mod run;

pub use run::run;
