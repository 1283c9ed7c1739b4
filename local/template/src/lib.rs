//! Reads `template.yaml`, the one list of functions, routes and schedules.
//!
//! The file is an AWS SAM template. Emulator, gateway and timer all read it through this crate.

mod error;
mod events;
mod function;
mod intrinsic;
mod location;
mod node;
pub mod schedule;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

pub use error::TemplateError;
pub use schedule::{Expression, ExpressionError};

/// Region of the on-premises host, as in ARNs and `AWS_REGION`.
pub const REGION: &str = "local-1";
/// Account of the on-premises host, as in ARNs and events.
pub const ACCOUNT_ID: &str = "000000000000";

/// The ARN of a function of this host.
#[must_use]
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}")
}

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
    /// `Handler`; `bootstrap` where the template leaves it out. What it means is up to the runtime.
    pub handler: String,
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
    pub expression: Expression,
    /// IANA time zone for `cron(…)`; UTC by default.
    pub time_zone: chrono_tz::Tz,
    /// Fixed payload instead of the scheduled-event document.
    pub input: Option<serde_json::Value>,
    /// `State: DISABLED` turns it off.
    pub enabled: bool,
}

impl Template {
    /// Reads and checks a template file.
    ///
    /// # Errors
    /// The file cannot be read, is not YAML, or holds something this host cannot run. The chain of causes names the
    /// file, the line where it is known, the property and what is expected there.
    pub fn load(path: &Path) -> Result<Self, TemplateError> {
        let in_file = |source| TemplateError::File { path: path.to_owned(), source: Box::new(source) };
        let text = std::fs::read_to_string(path).map_err(|source| in_file(TemplateError::Read(source)))?;
        Self::parse(&text).map_err(in_file)
    }

    /// Reads and checks the text of a template.
    ///
    /// # Errors
    /// As [`Template::load`], without the file's name.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let root: serde_norway::Value = serde_norway::from_str(text).map_err(TemplateError::Syntax)?;
        function::read_all(&root).map_err(|problem| TemplateError::Invalid {
            line: location::line_of(text, &problem.path),
            property: problem.path.join("."),
            message: problem.message,
        })
    }

    /// The function of this name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }
}
