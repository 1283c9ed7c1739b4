//! The response a function's answer stands for: payload format 2.0 with its shorthand.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.response>

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

/// The connection's business, not the function's; the length follows from the body.
const NOT_TAKEN_OVER: [HeaderName; 7] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::CONTENT_LENGTH,
    HeaderName::from_static("keep-alive"),
];

/// Why an answer is no response; the client gets 500, as AWS does.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum AnswerError {
    #[error("the answer is not JSON")]
    NotJson,
    #[error("statusCode is not a number from 200 to 599")]
    Status,
    #[error("body is neither a text nor null")]
    Body,
    #[error("body is not the base64 that isBase64Encoded says")]
    Base64,
    #[error("the header `{0}` or its value is not allowed in HTTP")]
    Header(String),
    #[error("cookies is not a list of texts, or one of them is not allowed in HTTP")]
    Cookies,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: Value,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    cookies: Value,
    #[serde(default)]
    body: Value,
    #[serde(default)]
    is_base64_encoded: Value,
}

/// Turns the payload of a successful invocation into the response.
pub(crate) fn to_response(payload: Bytes) -> Result<Response<Full<Bytes>>, AnswerError> {
    // Only an object can have a status code; serde would read a list as the fields in their order.
    let is_object = payload.trim_ascii_start().starts_with(b"{");
    let Some(answer) = is_object.then(|| serde_json::from_slice::<Answer>(&payload).ok()).flatten() else {
        return shorthand(payload);
    };
    let body = body(answer.body, answer.is_base64_encoded == true)?;
    let has_body = !body.is_empty();
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status(&answer.status_code)?;
    let headers = response.headers_mut();
    for (name, value) in answer.headers.unwrap_or_default() {
        add_header(headers, &name, &value)?;
    }
    add_cookies(headers, &answer.cookies)?;
    if has_body {
        headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    Ok(response)
}

/// Without a status code the answer itself is the body; of a JSON string, its text.
fn shorthand(payload: Bytes) -> Result<Response<Full<Bytes>>, AnswerError> {
    let body = match serde_json::from_slice::<Value>(&payload) {
        Ok(Value::String(text)) => Bytes::from(text),
        // It has one, but the rest is not as it has to be.
        Ok(Value::Object(object)) if object.contains_key("statusCode") => {
            return Err(AnswerError::Header("headers".to_owned()));
        }
        Ok(_) => payload,
        Err(_) => return Err(AnswerError::NotJson),
    };
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn status(value: &Value) -> Result<StatusCode, AnswerError> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number
        .and_then(|number| u16::try_from(number).ok())
        .filter(|number| (200..=599).contains(number))
        .and_then(|number| StatusCode::from_u16(number).ok())
        .ok_or(AnswerError::Status)
}

fn body(value: Value, base64: bool) -> Result<Bytes, AnswerError> {
    match value {
        Value::Null => Ok(Bytes::new()),
        Value::String(text) if base64 => BASE64_STANDARD.decode(text).map(Bytes::from).map_err(|_| AnswerError::Base64),
        Value::String(text) => Ok(Bytes::from(text)),
        _ => Err(AnswerError::Body),
    }
}

fn add_header(headers: &mut HeaderMap, name: &str, value: &Value) -> Result<(), AnswerError> {
    let not_allowed = || AnswerError::Header(name.chars().filter(char::is_ascii_graphic).take(64).collect());
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return Err(not_allowed()),
    };
    let name = HeaderName::try_from(name).map_err(|_| not_allowed())?;
    let value = HeaderValue::try_from(text).map_err(|_| not_allowed())?;
    if !NOT_TAKEN_OVER.contains(&name) {
        headers.append(name, value);
    }
    Ok(())
}

fn add_cookies(headers: &mut HeaderMap, cookies: &Value) -> Result<(), AnswerError> {
    let cookies = match cookies {
        Value::Null => return Ok(()),
        Value::Array(cookies) => cookies,
        _ => return Err(AnswerError::Cookies),
    };
    for cookie in cookies {
        let value = cookie.as_str().and_then(|text| HeaderValue::try_from(text).ok()).ok_or(AnswerError::Cookies)?;
        headers.append(header::SET_COOKIE, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
