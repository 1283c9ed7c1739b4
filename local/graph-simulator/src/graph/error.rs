//! Graph's error answers.
//!
//! Source: Microsoft Learn, "Microsoft Graph error responses and resource types".

use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::graph::with_request_ids;
use crate::seen::Seen;
use crate::sharepoint::ChangeError;

/// Why Graph refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after_seconds: Option<u64>,
    /// SharePoint's resource units in all, when they are used up.
    used_up_units: Option<u32>,
}

impl From<ChangeError> for GraphError {
    fn from(error: ChangeError) -> Self {
        let status = match error {
            ChangeError::UnknownField(_) | ChangeError::ReadOnlyField(_) | ChangeError::WrongType(_) => {
                StatusCode::BAD_REQUEST
            }
            ChangeError::NoItem => StatusCode::NOT_FOUND,
            ChangeError::Outdated => StatusCode::PRECONDITION_FAILED,
            ChangeError::NameTaken(_) => StatusCode::CONFLICT,
        };
        Self { message: error.to_string(), ..Self::of_sharepoint_status(status) }
    }
}

impl GraphError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after_seconds: None, used_up_units: None }
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

    /// SharePoint's resource units are used up for so many seconds.
    pub(crate) fn no_units_left(units: u32, retry_after_seconds: u64) -> Self {
        let (retry_after_seconds, used_up_units) = (Some(retry_after_seconds), Some(units));
        Self { retry_after_seconds, used_up_units, ..Self::of_sharepoint_status(StatusCode::TOO_MANY_REQUESTS) }
    }

    /// SharePoint cannot make sense of what was asked.
    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalidRequest", message)
    }

    /// SharePoint does not have it.
    pub(crate) fn item_not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "itemNotFound", message)
    }

    /// What SharePoint says with this status when it says nothing else. Its codes are spelled unlike the directory's.
    pub(crate) fn of_sharepoint_status(status: StatusCode) -> Self {
        let (code, message) = match status.as_u16() {
            400 => ("invalidRequest", "Invalid request"),
            403 => ("accessDenied", "Access denied"),
            404 => ("itemNotFound", "The resource could not be found."),
            409 => ("nameAlreadyExists", "The specified name already exists."),
            412 => ("resourceModified", "The resource has changed since the caller last read it."),
            429 => ("activityLimitReached", "The request has been throttled"),
            500 => ("generalException", "General exception while processing"),
            503 => ("serviceNotAvailable", "The service is not available. Try the request again after a delay."),
            _ => return Self::of_status(status),
        };
        Self::new(status, code, message)
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

    pub(crate) fn into_response(self, seen: &Seen) -> Response {
        let body = json!({
            "error": {
                "code": self.code,
                "message": self.message,
                "innerError": {
                    "date": seen.now.format("%Y-%m-%dT%H:%M:%S").to_string(),
                    "request-id": seen.request_id,
                    "client-request-id": seen.correlation_id(),
                },
            },
        });
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"\""));
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert("retry-after", HeaderValue::from(seconds));
            if let Some(units) = self.used_up_units {
                headers.insert("ratelimit-limit", HeaderValue::from(units));
                headers.insert("ratelimit-remaining", HeaderValue::from(0));
                headers.insert("ratelimit-reset", HeaderValue::from(seconds));
            }
        }
        with_request_ids(response, seen)
    }
}
