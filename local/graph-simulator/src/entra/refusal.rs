//! Entra's error answers.
//!
//! Source: Microsoft Learn, "Microsoft Entra authentication and authorization error codes".

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::seen::Seen;

/// Why Entra refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// OAuth's word (RFC 6749, 5.2).
    error: &'static str,
    /// The number behind `AADSTS`.
    pub(crate) code: u32,
    text: String,
}

impl Refusal {
    pub(crate) fn new(code: u32, text: impl Into<String>) -> Self {
        let (status, error) = kind_of(code);
        Self { status, error, code, text: text.into() }
    }

    /// A refusal by its number alone.
    pub(crate) fn of_code(code: u32) -> Self {
        let text = match code {
            53003 => "Access has been blocked by Conditional Access policies.",
            700_016 => "Application was not found in the directory.",
            700_024 => "Client assertion is not within its valid time range.",
            700_027 => "Client assertion failed signature validation.",
            7_000_214 => "Certificate has been revoked.",
            7_000_215 => "Invalid client secret provided.",
            7_000_222 => "The provided client secret keys are expired.",
            _ => "The simulator was told to refuse this request.",
        };
        Self::new(code, text)
    }

    /// A failure that has nothing to do with the request.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (error, code, text) = match status.as_u16() {
            401 => ("invalid_client", 700_027, "Client assertion failed signature validation."),
            429 => ("temporarily_unavailable", 90055, "There are too many incoming requests."),
            500.. => ("temporarily_unavailable", 90033, "A transient error has occurred. Please try again."),
            _ => ("invalid_request", 900_144, "The request is malformed."),
        };
        Self { status, error, code, text: text.to_owned() }
    }

    pub(crate) fn into_response(self, seen: &Seen) -> Response {
        let (trace_id, correlation_id) = (seen.request_id.to_string(), seen.correlation_id());
        let timestamp = seen.now.format("%Y-%m-%d %H:%M:%SZ").to_string();
        let Self { status, error, code, text } = self;
        let description = format!(
            "AADSTS{code}: {text} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}"
        );
        let body = json!({
            "error": error,
            "error_description": description,
            "error_codes": [code],
            "timestamp": timestamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": format!("{}/error?code={code}", seen.base),
        });
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        if let Ok(id) = HeaderValue::from_str(&trace_id) {
            headers.insert("x-ms-request-id", id);
        }
        response
    }
}

/// Status and OAuth error of a code: bad credentials are `invalid_client` and 401, the rest is 400.
fn kind_of(code: u32) -> (StatusCode, &'static str) {
    match code {
        700_016 => (StatusCode::BAD_REQUEST, "unauthorized_client"),
        70003 => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
        1_002_012 => (StatusCode::BAD_REQUEST, "invalid_scope"),
        500_011 => (StatusCode::BAD_REQUEST, "invalid_resource"),
        53003 => (StatusCode::BAD_REQUEST, "access_denied"),
        54005 | 70008 | 500_112 | 501_481 | 9_002_313 => (StatusCode::BAD_REQUEST, "invalid_grant"),
        90002 | 90014 | 90023 | 900_144 => (StatusCode::BAD_REQUEST, "invalid_request"),
        _ => (StatusCode::UNAUTHORIZED, "invalid_client"),
    }
}
