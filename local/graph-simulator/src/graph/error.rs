//! Graph's error answers.
//!
//! Source: Microsoft Learn, "Microsoft Graph error responses and resource types".

use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::graph::with_request_ids;
use crate::seen::Seen;

/// Why Graph refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after_seconds: Option<u64>,
}

impl GraphError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after_seconds: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    pub(crate) fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
    }

    pub(crate) fn too_many_requests(retry_after_seconds: u64) -> Self {
        let retry_after_seconds = Some(retry_after_seconds);
        Self { retry_after_seconds, ..Self::of_status(StatusCode::TOO_MANY_REQUESTS) }
    }

    /// What Graph says with this status when it says nothing else.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status.as_u16() {
            401 => ("InvalidAuthenticationToken", "Access token validation failure."),
            403 => ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
            404 => ("Request_ResourceNotFound", "Resource does not exist."),
            429 => ("TooManyRequests", "Too many requests."),
            500 => ("InternalServerError", "The server encountered an internal error."),
            502 => ("BadGateway", "The server received an invalid answer from upstream."),
            503 => ("ServiceUnavailable", "The service is temporarily unavailable. Please try again later."),
            504 => ("GatewayTimeout", "The server did not receive a timely answer from upstream."),
            _ => ("UnknownError", "The simulator was told to refuse this request."),
        };
        Self::new(status, code, message)
    }

    /// Status, headers and body as they stand in a batch.
    pub(crate) fn into_parts(self, seen: &Seen) -> (u16, Value, Value) {
        let mut headers = json!({ "Content-Type": "application/json" });
        if let Some(seconds) = self.retry_after_seconds {
            headers["Retry-After"] = json!(seconds.to_string());
        }
        (self.status.as_u16(), headers, self.body(seen))
    }

    fn body(&self, seen: &Seen) -> Value {
        json!({
            "error": {
                "code": self.code,
                "message": self.message,
                "innerError": {
                    "date": seen.now.format("%Y-%m-%dT%H:%M:%S").to_string(),
                    "request-id": seen.request_id,
                    "client-request-id": seen.correlation_id(),
                },
            },
        })
    }

    pub(crate) fn into_response(self, seen: &Seen) -> Response {
        let mut response = (self.status, self.body(seen).to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"\""));
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert("retry-after", HeaderValue::from(seconds));
        }
        with_request_ids(response, seen)
    }
}
