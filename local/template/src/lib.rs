//! Reads `template.yaml`, the one list of functions, routes and schedules.
//!
//! The file is an AWS SAM template. Emulator, gateway and timer all read it through this crate.

use std::collections::BTreeMap;
use std::time::Duration;

/// A whole template: what the on-premises host has to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Functions in the order of the file.
    pub functions: Vec<Function>,
}

/// One Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Name in the template's `Resources`.
    pub logical_id: String,
    /// Name to invoke it by (`FunctionName`, else the logical id).
    pub name: String,
    /// How long one invocation may take (`Timeout`).
    pub timeout: Duration,
    /// `MemorySize` in MiB.
    pub memory_mb: u32,
    /// `Environment.Variables`; a variable already set in the host's environment wins.
    pub environment: BTreeMap<String, String>,
    /// `EventInvokeConfig`.
    pub asynchronous: AsyncPolicy,
    /// HTTP API routes that lead here.
    pub routes: Vec<Route>,
    /// Schedules that start it.
    pub schedules: Vec<Schedule>,
}

/// What happens to asynchronous invocations (`EventInvokeConfig`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsyncPolicy {
    /// Retries after a function error, 0 to 2.
    pub maximum_retry_attempts: u32,
    /// Age at which an event that never succeeded goes to the dead letters.
    pub maximum_event_age: Duration,
    /// Function to invoke with the outcome of a success.
    pub on_success: Option<String>,
    /// Function to invoke with the outcome of a failure.
    pub on_failure: Option<String>,
}

/// One route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Upper-case method, or `ANY`.
    pub method: String,
    /// Path with `{parameter}` and `{proxy+}`.
    pub path: String,
}

/// One schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Unique name: `Name` property, else logical id of the function, a dash and the event's name.
    pub name: String,
    /// `rate(…)` or `cron(…)`.
    pub expression: String,
    /// IANA time zone for `cron(…)`; UTC by default.
    pub time_zone: chrono_tz::Tz,
    /// Fixed payload instead of the scheduled-event document.
    pub input: Option<serde_json::Value>,
    /// `State: DISABLED` turns it off.
    pub enabled: bool,
}
