use bytes::Bytes;
use http::{Response, header};
use http_body_util::{BodyExt as _, Full};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{AnswerError, to_response};

fn response(answer: &Value) -> Result<Response<Full<Bytes>>, AnswerError> {
    to_response(answer.to_string().into())
}

/// Status, content type and body of an answer that is in order.
fn parts(answer: &Value) -> (u16, String, Bytes) {
    let response = response(answer).unwrap();
    let status = response.status().as_u16();
    let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
    (status, kind.unwrap_or_default(), body(response))
}

fn body(response: Response<Full<Bytes>>) -> Bytes {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(response.into_body().collect()).unwrap().to_bytes()
}

/// The examples of the developer guide, "Lambda function response for format 2.0".
#[test]
fn without_a_status_code_the_answer_is_the_body() {
    let expect = |body: &'static str| (200, "application/json".to_owned(), Bytes::from_static(body.as_bytes()));
    assert_eq!(parts(&json!("Hello from Lambda!")), expect("Hello from Lambda!"));
    assert_eq!(parts(&json!({"message": "Hello from Lambda!"})), expect(r#"{"message":"Hello from Lambda!"}"#));
    assert_eq!(parts(&json!([1, 2])), expect("[1,2]"));
    // Lists whose members could be taken for a response's fields in their order.
    assert_eq!(parts(&json!([{"id": 1}])), expect(r#"[{"id":1}]"#));
    assert_eq!(parts(&json!([204])), expect("[204]"));
    assert_eq!(parts(&json!([301, {"location": "/x"}])), expect(r#"[301,{"location":"/x"}]"#));
    assert_eq!(parts(&Value::Null), expect("null"));
}

#[test]
fn a_full_answer_is_taken_as_it_says() {
    let answer = json!({
        "cookies": ["a=1; HttpOnly", "b=2"],
        "isBase64Encoded": true,
        "statusCode": 201,
        "headers": {"Content-Type": "application/octet-stream", "x-count": 3, "x-flag": true},
        "body": "AP8=",
    });
    let response = response(&answer).unwrap();
    assert_eq!(response.status(), 201);
    let cookies: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["a=1; HttpOnly", "b=2"]);
    assert_eq!(
        (&response.headers()["x-count"], &response.headers()["x-flag"]),
        (&"3".parse().unwrap(), &"true".parse().unwrap())
    );
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/octet-stream");
    assert_eq!(body(response), Bytes::from_static(b"\0\xff"));
}

#[test]
fn a_body_without_a_type_is_plain_text_and_no_body_has_none() {
    let text = parts(&json!({"statusCode": 200, "body": "hi"}));
    assert_eq!(text, (200, "text/plain;charset=UTF-8".to_owned(), Bytes::from_static(b"hi")));
    assert_eq!(parts(&json!({"statusCode": "204"})), (204, String::new(), Bytes::new()));
}

#[test]
fn headers_of_the_connection_are_the_gateways() {
    let answer = json!({"statusCode": 200, "headers": {
        "Connection": "close", "Transfer-Encoding": "chunked", "Content-Length": "9999", "ETag": "\"1\"",
    }});
    let response = response(&answer).unwrap();
    let names: Vec<_> = response.headers().keys().map(header::HeaderName::as_str).collect();
    assert_eq!(names, ["etag"]);
}

#[test]
fn what_is_no_response_is_an_error() {
    let error = |answer: Value| response(&answer).unwrap_err();
    for status in [json!(99), json!(101), json!(600), json!(200.5), json!("ok"), json!(null), json!(-200)] {
        assert_eq!(error(json!({"statusCode": status})), AnswerError::Status, "{status}");
    }
    assert_eq!(error(json!({"statusCode": 200, "body": {"a": 1}})), AnswerError::Body);
    assert_eq!(error(json!({"statusCode": 200, "body": "?", "isBase64Encoded": true})), AnswerError::Base64);
    assert_eq!(error(json!({"statusCode": 200, "cookies": "a=1"})), AnswerError::Cookies);
    assert_eq!(error(json!({"statusCode": 200, "cookies": ["a=1\r\nx: y"]})), AnswerError::Cookies);
    let named = |name: &str| AnswerError::Header(name.to_owned());
    assert_eq!(error(json!({"statusCode": 200, "headers": {"x-a": "1\r\nSet-Cookie: b=2"}})), named("x-a"));
    assert_eq!(error(json!({"statusCode": 200, "headers": {"a b": "1"}})), named("ab"));
    assert_eq!(error(json!({"statusCode": 200, "headers": {"x-a": ["1"]}})), named("x-a"));
    assert_eq!(error(json!({"statusCode": 200, "headers": ["x"]})), named("headers"));
    assert_eq!(to_response(Bytes::from_static(b"<html>")).unwrap_err(), AnswerError::NotJson);
    assert_eq!(to_response(Bytes::new()).unwrap_err(), AnswerError::NotJson);
}

proptest! {
    #[test]
    fn no_payload_panics(payload in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = to_response(payload.into());
    }

    #[test]
    fn a_text_body_arrives_unchanged(text in ".{0,64}") {
        let (_, _, body) = parts(&json!({"statusCode": 200, "body": text}));
        prop_assert_eq!(body, text.as_bytes());
    }
}
