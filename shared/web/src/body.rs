//! JSON bodies of requests that change something: checked before they are believed, and refused with the name of what is
//! wrong.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::{Problem, ProblemKind};

/// Longest body that is read; ours are a few hundred bytes.
pub const LONGEST_BODY_BYTES: usize = 16 * 1024;
/// What a caller sent is repeated in an answer up to here.
const SHOWN_CHARACTERS: usize = 200;

/// Reads the body of a request. Fields that `T` does not know are refused when it denies them
/// (`#[serde(deny_unknown_fields)]`).
///
/// # Errors
/// 415 when it is not said to be JSON, 413 when it is too long, 400 when it is not what it has to be.
pub fn json<T: DeserializeOwned>(request: &ApiGatewayV2httpRequest) -> Result<T, Problem> {
    if !is_json(&request.headers) {
        return Err(Problem::new(
            ProblemKind::UnsupportedMediaType,
            "This address takes JSON. Send `Content-Type: application/json` and a JSON object.",
        ));
    }
    read(&bytes(request)?)
}

/// Checks that a request has no body, or an empty JSON object.
///
/// # Errors
/// As [`json`].
pub fn none(request: &ApiGatewayV2httpRequest) -> Result<(), Problem> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    if request.body.as_deref().unwrap_or_default().is_empty() {
        return Ok(());
    }
    json::<Nothing>(request).map(|Nothing {}| ())
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let essence = line.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// The body as it was sent: the gateway passes what is no text as base64.
fn bytes(request: &ApiGatewayV2httpRequest) -> Result<Vec<u8>, Problem> {
    let body = request.body.as_deref().unwrap_or_default();
    let most = if request.is_base64_encoded { LONGEST_BODY_BYTES.div_ceil(3) * 4 } else { LONGEST_BODY_BYTES };
    if body.len() > most {
        return Err(Problem::new(
            ProblemKind::BodyTooLarge,
            format!("The body is longer than the {LONGEST_BODY_BYTES} bytes that this address takes."),
        ));
    }
    if request.is_base64_encoded {
        return STANDARD.decode(body).map_err(|_| bad("it is not UTF-8 text"));
    }
    Ok(body.as_bytes().to_vec())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // An array would be read as a struct's fields in their order.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(bad("it is not a JSON object"));
    }
    serde_json::from_slice(body).or_else(|error| {
        let whole = with_whole_numbers(body).and_then(|value| T::deserialize(value).ok());
        whole.ok_or_else(|| bad(&error.to_string()))
    })
}

/// The body with `2.0` written as `2`, which is the same integer in JSON Schema; `None` if it has no such number.
fn with_whole_numbers(body: &[u8]) -> Option<Value> {
    let mut value: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let mut found = false;
    for number in value.values_mut() {
        // Up to 2^53 each integer has a float of its own.
        if let Some(float) =
            number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15)
        {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
            let whole = float as i64;
            *number = whole.into();
            found = true;
        }
    }
    found.then_some(Value::Object(value))
}

/// A 400 problem about the body; `problem` goes on after "The body cannot be used: ".
#[must_use]
pub fn bad(problem: &str) -> Problem {
    let problem: String = problem.chars().take(SHOWN_CHARACTERS).collect();
    Problem::new(ProblemKind::BadBody, format!("The body cannot be used: {problem}."))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Switch {
        enabled: bool,
    }

    fn request(content_type: &str, body: &str) -> ApiGatewayV2httpRequest {
        let mut request = ApiGatewayV2httpRequest::default();
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
        request.body = Some(body.to_owned());
        request
    }

    fn problem(body: &str) -> String {
        json::<Switch>(&request("application/json", body)).unwrap_err().into_answer("r").body_text().to_owned()
    }

    #[test]
    fn json_is_read_whatever_its_charset() {
        for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
            assert_eq!(json(&request(content_type, r#"{"enabled":true}"#)), Ok(Switch { enabled: true }));
        }
        let mut coded = request("application/json", &STANDARD.encode(r#"{"enabled":false}"#));
        coded.is_base64_encoded = true;
        assert_eq!(json(&coded), Ok(Switch { enabled: false }));
    }

    #[test]
    fn what_a_form_of_another_site_can_send_is_no_json() {
        for content_type in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonx"]
        {
            let problem = json::<Switch>(&request(content_type, r#"{"enabled":true}"#)).unwrap_err();
            assert_eq!(problem.kind(), ProblemKind::UnsupportedMediaType, "{content_type}");
        }
        let mut unsaid = ApiGatewayV2httpRequest::default();
        unsaid.body = Some("{}".to_owned());
        assert_eq!(json::<Switch>(&unsaid).unwrap_err().kind(), ProblemKind::UnsupportedMediaType);
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        assert!(problem(r#"{"enabled":true,"admin":true}"#).contains("unknown field `admin`, expected `enabled`"));
        assert!(problem(r#"{"enabled":"yes"}"#).contains("invalid type"));
        assert!(problem("{}").contains("missing field `enabled`"));
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Order {
            quantity: i64,
        }
        let read = |body: &str| json::<Order>(&request("application/json", body)).ok();
        assert_eq!(read(r#"{"quantity":25.0}"#), Some(Order { quantity: 25 }));
        assert_eq!(read(r#"{"quantity":25.5}"#), None);
        assert_eq!(read(r#"{"quantity":1e300}"#), None);
    }

    #[test]
    fn what_is_no_object_is_refused_and_a_long_one_unread() {
        for body in ["", "[true]", "true", "{", "null"] {
            assert!(problem(body).contains("bad-body"), "{body}");
        }
        let long = request("application/json", &" ".repeat(LONGEST_BODY_BYTES + 1));
        assert_eq!(json::<Switch>(&long).unwrap_err().kind(), ProblemKind::BodyTooLarge);
        let name = format!(r#"{{"{}":1}}"#, "x".repeat(5000));
        assert!(problem(&name).len() < 500, "what was sent is not repeated in full");
    }

    #[test]
    fn where_nothing_is_expected_nothing_or_an_empty_object_will_do() {
        assert_eq!(none(&ApiGatewayV2httpRequest::default()), Ok(()));
        assert_eq!(none(&request("application/json", " {} ")), Ok(()));
        assert_eq!(none(&request("application/json", r#"{"a":1}"#)).unwrap_err().kind(), ProblemKind::BadBody);
        assert_eq!(none(&request("text/plain", "x")).unwrap_err().kind(), ProblemKind::UnsupportedMediaType);
    }
}
