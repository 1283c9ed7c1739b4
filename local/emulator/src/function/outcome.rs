//! How an invocation ended.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use uuid::Uuid;

/// Largest request and response of a synchronous invocation, in bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MAX_PAYLOAD: usize = 6 * 1024 * 1024 + 100;

/// How an invocation ended.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// The function answered.
    Success(Bytes),
    /// The function failed; the bytes are the error document its caller gets.
    Error(Bytes),
    /// The function never got the event.
    NotRun(NotRun),
}

/// Why an event never reached a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRun {
    /// Too many callers wait, or this one waited too long.
    Throttled,
    /// The emulator is stopping.
    Stopping,
    /// The function's processes end before they ask for work.
    NotStarting,
}

/// A finished invocation as its caller sees it.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// Time between handing the event over and the end.
    pub(crate) duration: Duration,
    /// Where the process's output stood when the event was handed over.
    pub(crate) output_mark: u64,
}

impl Finished {
    /// The end of an event that never reached a function.
    pub(crate) fn not_run(reason: NotRun) -> Self {
        Self { outcome: Outcome::NotRun(reason), duration: Duration::ZERO, output_mark: u64::MAX }
    }
}

/// The document AWS returns when a function failed outside its own code.
#[derive(Debug, Serialize)]
struct HostError<'a> {
    #[serde(rename = "errorType")]
    error_type: &'a str,
    #[serde(rename = "errorMessage")]
    error_message: &'a str,
}

/// An error document with AWS's two fields.
pub(crate) fn error_document(error_type: &str, error_message: &str) -> Bytes {
    serde_json::to_vec(&HostError { error_type, error_message }).unwrap_or_default().into()
}

/// The process ended while it worked on the request; `reason` is like `exit status 1` or `signal: killed`.
pub(crate) fn exit_error(request_id: Uuid, reason: &str) -> Bytes {
    let message = if reason == "exit status 0" {
        format!("RequestId: {request_id} Error: Runtime exited without providing a reason")
    } else {
        format!("RequestId: {request_id} Error: Runtime exited with error: {reason}")
    };
    error_document("Runtime.ExitError", &message)
}

/// The function took longer than its timeout.
pub(crate) fn timeout_error(request_id: Uuid, timeout: Duration, now: DateTime<Utc>) -> Bytes {
    let time = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    let message = format!("{time} {request_id} Task timed out after {:.2} seconds", timeout.as_secs_f64());
    error_document("Sandbox.Timedout", &message)
}

/// The function answered more than [`MAX_PAYLOAD`].
pub(crate) fn too_large_error(size: usize) -> Bytes {
    let message =
        format!("Response payload size ({size} bytes) exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes).");
    error_document("Function.ResponseSizeTooLarge", &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_process_is_worded_as_aws_does() {
        let body = exit_error(Uuid::nil(), "signal: killed");
        insta::assert_snapshot!(String::from_utf8_lossy(&body), @r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 00000000-0000-0000-0000-000000000000 Error: Runtime exited with error: signal: killed"}"#);
    }

    #[test]
    fn a_timeout_names_time_request_and_seconds() {
        let body = timeout_error(Uuid::nil(), Duration::from_millis(2500), DateTime::UNIX_EPOCH);
        insta::assert_snapshot!(String::from_utf8_lossy(&body), @r#"{"errorType":"Sandbox.Timedout","errorMessage":"1970-01-01T00:00:00.000Z 00000000-0000-0000-0000-000000000000 Task timed out after 2.50 seconds"}"#);
    }
}
