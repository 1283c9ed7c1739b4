use std::net::IpAddr;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request};
use leitwarte_template::Template;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Incoming, RequestId};
use crate::RouteTable;

const TEMPLATE: &str = "Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Parameter: {Type: HttpApi, Properties: {Method: GET, Path: '/t/{tenant}'}}
        Rest: {Type: HttpApi}";

/// A request to `example.com` from 192.0.2.1.
struct Sample {
    method: Method,
    path: &'static str,
    query: &'static str,
    headers: HeaderMap,
    body: Bytes,
    client: IpAddr,
    tls: bool,
}

impl Sample {
    fn new(method: Method, path: &'static str, headers: &[(&'static str, &'static str)]) -> Self {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let client = "192.0.2.1".parse().unwrap();
        Self { method, path, query: "", headers: map, body: Bytes::new(), client, tls: true }
    }

    fn bytes(&self) -> Vec<u8> {
        let routes = RouteTable::new(&Template::parse(TEMPLATE).unwrap());
        let received: DateTime<Utc> = "2020-03-12T19:03:58.390Z".parse().unwrap();
        Incoming {
            id: &RequestId::new(Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)),
            received,
            route: &routes.find(self.method.as_str(), self.path).unwrap(),
            method: &self.method,
            path: self.path,
            query: self.query,
            domain: "id.execute-api.us-east-1.amazonaws.com",
            protocol: "HTTP/1.1",
            headers: &self.headers,
            body: &self.body,
            client: self.client,
            port: 8443,
            tls: self.tls,
        }
        .to_event()
    }

    fn event(&self) -> Value {
        serde_json::from_slice(&self.bytes()).unwrap()
    }
}

/// The request behind the example of the developer guide, "Payload format structure", format 2.0.
fn documented() -> Sample {
    let headers = [
        ("cookie", "cookie1; cookie2"),
        ("header1", "value1"),
        ("header2", "value1"),
        ("header2", "value2"),
        ("user-agent", "agent"),
        ("content-type", "text/plain"),
    ];
    let mut sample = Sample::new(Method::POST, "/my/path", &headers);
    sample.query = "parameter1=value1&parameter1=value2&parameter2=value";
    sample.body = Bytes::from_static(b"Hello from Lambda");
    sample
}

#[test]
fn the_documented_example() {
    insta::assert_json_snapshot!(documented().event());
}

/// Everything the guide's example has and a plain HTTP API sends; `authentication` (mutual TLS), `authorizer` and
/// `stageVariables` only exist where they are configured.
#[test]
fn the_event_agrees_with_the_documented_example() {
    let event = documented().event();
    let expected = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/path",
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
        "cookies": ["cookie1", "cookie2"],
        "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
        "body": "Hello from Lambda",
        "isBase64Encoded": false,
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&event[key], value, "{key}");
    }
    assert_eq!(
        (&event["headers"]["header1"], &event["headers"]["header2"]),
        (&json!("value1"), &json!("value1,value2"))
    );
    let context = &event["requestContext"];
    assert_eq!(context["domainName"], "id.execute-api.us-east-1.amazonaws.com");
    assert_eq!(context["domainPrefix"], "id");
    assert_eq!(context["time"], "12/Mar/2020:19:03:58 +0000");
    assert_eq!(context["timeEpoch"], 1_584_039_838_390_i64);
    assert_eq!(context["stage"], "$default");
    assert_eq!(
        context["http"],
        json!({"method": "POST", "path": "/my/path", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "agent"})
    );
    assert!(event.get("stageVariables").is_none());
}

#[test]
fn the_types_functions_use_can_read_it() {
    let mut sample = documented();
    sample.method = Method::GET;
    sample.path = "/t/contoso";
    let event: ApiGatewayV2httpRequest = serde_json::from_slice(&sample.bytes()).unwrap();
    assert_eq!(event.route_key.as_deref(), Some("GET /t/{tenant}"));
    assert_eq!(event.request_context.http.method, Method::GET);
    assert_eq!(event.path_parameters["tenant"], "contoso");
    assert_eq!(event.cookies.unwrap(), ["cookie1", "cookie2"]);
}

#[test]
fn what_a_request_does_not_have_is_left_out() {
    let event = Sample::new(Method::GET, "/", &[]).event();
    for key in ["cookies", "queryStringParameters", "body", "pathParameters", "stageVariables"] {
        assert!(event.get(key).is_none(), "{key}");
    }
    assert_eq!(event["rawQueryString"], "");
    assert_eq!(event["requestContext"]["http"]["userAgent"], "");
    assert_eq!(event["headers"]["content-length"], "0");
}

#[test]
fn query_parameters_are_decoded_and_the_raw_query_is_not() {
    let mut sample = Sample::new(Method::GET, "/", &[]);
    sample.query = "q=a%20b+c&q=%C3%A4&empty=&bare";
    let event = sample.event();
    assert_eq!(event["rawQueryString"], "q=a%20b+c&q=%C3%A4&empty=&bare");
    assert_eq!(event["queryStringParameters"], json!({"q": "a b c,ä", "empty": "", "bare": ""}));
}

#[test]
fn the_clients_own_address_is_the_connections_whatever_it_claims() {
    let headers = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "gopher"), ("x-forwarded-port", "1")];
    let mut sample = Sample::new(Method::GET, "/", &headers);
    sample.client = "2001:db8::1".parse().unwrap();
    sample.tls = false;
    let event = sample.event();
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "2001:db8::1");
    assert_eq!(event["headers"]["x-forwarded-for"], "203.0.113.9, 2001:db8::1");
    assert_eq!(event["headers"]["x-forwarded-proto"], "http");
    assert_eq!(event["headers"]["x-forwarded-port"], "8443");
}

#[test]
fn headers_of_the_connection_stay_with_it() {
    let headers =
        [("connection", "keep-alive"), ("transfer-encoding", "chunked"), ("te", "trailers"), ("accept", "*/*")];
    let event = Sample::new(Method::GET, "/", &headers).event();
    let names: Vec<_> = event["headers"].as_object().unwrap().keys().cloned().collect();
    let expected =
        ["accept", "content-length", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"];
    assert_eq!(names, expected);
}

#[test]
fn a_trace_is_continued_or_begun() {
    let begun = Sample::new(Method::GET, "/", &[]).event();
    assert_eq!(begun["headers"]["x-amzn-trace-id"], "Root=1-5e6a879e-0123456789abcdef01234567");
    let continued = Sample::new(Method::GET, "/", &[("x-amzn-trace-id", "Root=1-67891233-abc")]).event();
    assert_eq!(continued["headers"]["x-amzn-trace-id"], "Root=1-67891233-abc");
}

#[test]
fn text_goes_as_it_is_and_all_else_as_base64() {
    let sent = |content_type: &'static str, encoding: Option<&'static str>, body: &'static [u8]| {
        let mut headers = vec![("content-type", content_type)];
        headers.extend(encoding.map(|encoding| ("content-encoding", encoding)));
        let mut sample = Sample::new(Method::POST, "/", &headers);
        sample.body = Bytes::from_static(body);
        let event = sample.event();
        (event["body"].as_str().unwrap().to_owned(), event["isBase64Encoded"].as_bool().unwrap())
    };
    for text in [
        "application/json",
        "APPLICATION/JSON; charset=utf-8",
        "text/csv",
        "application/problem+json",
        "application/soap+xml",
    ] {
        assert_eq!(sent(text, None, b"{\"a\":\"\xc3\xa4\"}"), ("{\"a\":\"ä\"}".to_owned(), false), "{text}");
    }
    let encoded = ("YT0x".to_owned(), true);
    assert_eq!(sent("application/x-www-form-urlencoded", None, b"a=1"), encoded);
    assert_eq!(sent("application/octet-stream", None, b"a=1"), encoded);
    assert_eq!(sent("application/json", Some("gzip"), b"a=1"), encoded);
    assert_eq!(sent("text/plain", None, b"\xff"), ("/w==".to_owned(), true));
}

#[test]
fn ids_look_like_api_gateways() {
    let id = RequestId::new(Uuid::from_u128(u128::MAX));
    assert_eq!(id.as_str(), "______________8=");
    // They go into a header as they are.
    assert!(Request::builder().header("apigw-requestid", id.as_str()).body(()).is_ok());
}
