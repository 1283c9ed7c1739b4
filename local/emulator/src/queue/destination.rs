//! The record a destination gets about a finished asynchronous event.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::function::Outcome;

/// Destinations a chain of events may pass, so that functions that lead to each other do not run for ever. AWS
/// stops such loops after about 16 rounds, too.
pub(crate) const MAX_HOPS: i64 = 16;

/// What a destination record tells about.
#[derive(Debug)]
pub(crate) struct Ending<'a> {
    pub(crate) request_id: uuid::Uuid,
    pub(crate) function_arn: &'a str,
    /// `Success`, `RetriesExhausted` or `EventAgeExceeded`.
    pub(crate) condition: &'a str,
    pub(crate) invoke_count: i64,
    pub(crate) request: &'a str,
    pub(crate) outcome: Option<&'a Outcome>,
    pub(crate) at: DateTime<Utc>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    version: &'a str,
    timestamp: String,
    request_context: RequestContext<'a>,
    request_payload: Payload<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_context: Option<ResponseContext>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_payload: Option<Payload<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    request_id: String,
    function_arn: String,
    condition: &'a str,
    approximate_invoke_count: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContext {
    status_code: u16,
    executed_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_error: Option<&'static str>,
}

/// JSON as it is; what is not JSON becomes a string.
#[derive(Serialize)]
#[serde(untagged)]
enum Payload<'a> {
    Json(&'a RawValue),
    Text(String),
}

impl<'a> Payload<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        serde_json::from_slice(bytes)
            .map_or_else(|_| Self::Text(String::from_utf8_lossy(bytes).into_owned()), Payload::Json)
    }
}

/// The record as JSON.
pub(crate) fn record(ending: &Ending<'_>) -> String {
    let response = ending.outcome.and_then(|outcome| match outcome {
        Outcome::Success(body) => Some((None, body)),
        Outcome::Error(body) => Some((Some("Unhandled"), body)),
        Outcome::NotRun(_) => None,
    });
    let record = Record {
        version: "1.0",
        timestamp: ending.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        request_context: RequestContext {
            request_id: ending.request_id.to_string(),
            function_arn: format!("{}:$LATEST", ending.function_arn),
            condition: ending.condition,
            approximate_invoke_count: ending.invoke_count,
        },
        request_payload: Payload::of(ending.request.as_bytes()),
        response_context: response.map(|(function_error, _)| ResponseContext {
            status_code: 200,
            executed_version: "$LATEST",
            function_error,
        }),
        response_payload: response.map(|(_, body)| Payload::of(body)),
    };
    serde_json::to_string(&record).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(outcome: Option<&Outcome>, condition: &str) -> String {
        record(&Ending {
            request_id: uuid::Uuid::nil(),
            function_arn: "arn:aws:lambda:local-1:000000000000:function:poll",
            condition,
            invoke_count: 3,
            request: r#"{"tenant":"contoso"}"#,
            outcome,
            at: DateTime::UNIX_EPOCH,
        })
    }

    #[test]
    fn a_failure_is_recorded_as_aws_does() {
        let outcome = Outcome::Error(r#"{"errorType":"X","errorMessage":"no"}"#.into());
        insta::assert_snapshot!(render(Some(&outcome), "RetriesExhausted"), @r#"{"version":"1.0","timestamp":"1970-01-01T00:00:00.000Z","requestContext":{"requestId":"00000000-0000-0000-0000-000000000000","functionArn":"arn:aws:lambda:local-1:000000000000:function:poll:$LATEST","condition":"RetriesExhausted","approximateInvokeCount":3},"requestPayload":{"tenant":"contoso"},"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"responsePayload":{"errorType":"X","errorMessage":"no"}}"#);
    }

    #[test]
    fn an_event_that_never_ran_has_no_response() {
        let record = render(None, "EventAgeExceeded");
        assert!(!record.contains("responseContext") && !record.contains("responsePayload"), "{record}");
    }

    #[test]
    fn an_answer_that_is_not_json_becomes_a_string() {
        let outcome = Outcome::Success("plain text".into());
        assert!(render(Some(&outcome), "Success").contains(r#""responsePayload":"plain text""#));
    }
}
