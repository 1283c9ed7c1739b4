//! Errors of the Invoke API as AWS words them.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors>

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use leitwarte_host::clock;
use serde::Serialize;
use thiserror::Error;
use uuid::Uuid;

/// Header with the kind of an error.
pub(crate) const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// Header with the request's id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// An error answer of the Invoke API.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ApiError {
    #[error("Function not found: {0}")]
    FunctionNotFound(String),
    #[error("{0}")]
    NotFound(String),
    #[error("Could not parse request body into json: {0}")]
    InvalidJson(String),
    #[error("{0}")]
    InvalidParameter(String),
    #[error("Request must be smaller than {limit} bytes for the {kind} operation")]
    TooLarge { limit: usize, kind: &'static str },
    #[error("{0}")]
    TooManyRequests(&'static str),
    #[error("{0}")]
    AccessDenied(&'static str),
    #[error("{0}")]
    Service(&'static str),
    #[error("the emulator is stopping; try again when it runs again")]
    Stopping,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "Type")]
    kind: &'a str,
    #[serde(rename = "Message")]
    message: String,
    #[serde(rename = "Reason", skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl ApiError {
    fn classify(&self) -> (StatusCode, &'static str) {
        match self {
            Self::FunctionNotFound(_) | Self::NotFound(_) => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
            Self::InvalidJson(_) => (StatusCode::BAD_REQUEST, "InvalidRequestContentException"),
            Self::InvalidParameter(_) => (StatusCode::BAD_REQUEST, "InvalidParameterValueException"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException"),
            Self::TooManyRequests(_) => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
            Self::AccessDenied(_) => (StatusCode::FORBIDDEN, "AccessDeniedException"),
            Self::Service(_) => (StatusCode::INTERNAL_SERVER_ERROR, "ServiceException"),
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException"),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, error_type) = self.classify();
        let document = Document {
            kind: if status.is_server_error() { "Service" } else { "User" },
            message: self.to_string(),
            reason: matches!(self, Self::TooManyRequests(_))
                .then_some("ReservedFunctionConcurrentInvocationLimitExceeded"),
        };
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (ERROR_TYPE, HeaderValue::from_static(error_type)),
            (REQUEST_ID, id_header(clock::new_id())),
        ];
        let mut response = (status, headers, serde_json::to_vec(&document).unwrap_or_default()).into_response();
        if matches!(self, Self::TooManyRequests(_)) {
            // Callers that flood one function must not keep the connections that callers of others need.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// An identifier as a header value.
pub(crate) fn id_header(id: Uuid) -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)).unwrap_or_else(|_| HeaderValue::from_static(""))
}
