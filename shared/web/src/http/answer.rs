//! An answer, independent of how Lambda carries it.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, LOCATION, SET_COOKIE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::{Coding, ETag, gzip};

/// What Lambda carries of one answer, headers and JSON around the body included.
/// Source: AWS Lambda quotas, "Invocation payload (request and response)": 6 MB each.
pub const PAYLOAD_LIMIT_BYTES: usize = 6 * 1024 * 1024;

/// Room for headers and the JSON around a body.
const ENVELOPE_BYTES: usize = 16 * 1024;

/// Bodies below this are not worth compressing.
const SMALL_BODY_BYTES: usize = 1024;

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// None.
    Empty,
    /// UTF-8 text.
    Text(String),
    /// Anything else; travels as base64.
    Bytes(Bytes),
}

/// An answer to an HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Body,
}

impl Answer {
    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::Empty }
    }

    /// Sends a browser on to an address, which it then gets with `GET`. Nobody keeps that.
    #[must_use]
    pub fn see_other(address: &str) -> Self {
        let mut answer = Self::empty(StatusCode::SEE_OTHER);
        // An address of ours has no byte that a header could not carry; the start page stands in for one that has.
        let location = HeaderValue::try_from(address).unwrap_or(HeaderValue::from_static("/"));
        answer.headers.insert(LOCATION, location);
        answer.header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    /// The same with a cookie set.
    #[must_use]
    pub fn cookie(mut self, set_cookie: HeaderValue) -> Self {
        self.headers.append(SET_COOKIE, set_cookie);
        self
    }

    /// An answer of text.
    #[must_use]
    pub fn text(status: StatusCode, content_type: &'static str, text: String) -> Self {
        Self::with_body(status, content_type, Body::Text(text))
    }

    /// An answer of bytes.
    #[must_use]
    pub fn bytes(status: StatusCode, content_type: &'static str, bytes: Bytes) -> Self {
        Self::with_body(status, content_type, Body::Bytes(bytes))
    }

    fn with_body(status: StatusCode, content_type: &'static str, body: Body) -> Self {
        let mut answer = Self { status, headers: HeaderMap::new(), body };
        answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        answer
    }

    /// The same with a header set.
    #[must_use]
    pub fn header(mut self, name: http::HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same with the headers of another answer that this one does not have.
    #[must_use]
    pub fn with_headers_of(mut self, other: Self) -> Self {
        for (name, value) in other.headers {
            if let Some(name) = name.filter(|name| !self.headers.contains_key(name)) {
                self.headers.insert(name, value);
            }
        }
        self
    }

    /// The same, marked as already compressed.
    #[must_use]
    pub fn coded(self, coding: Coding) -> Self {
        match coding {
            Coding::Identity => self,
            Coding::Gzip => self.header(CONTENT_ENCODING, HeaderValue::from_static("gzip")),
        }
    }

    /// The same with a text body compressed, if that is wanted and worth it.
    #[must_use]
    pub fn compressed(mut self, coding: Coding) -> Self {
        match self.body {
            Body::Text(text) if coding == Coding::Gzip && text.len() >= SMALL_BODY_BYTES => {
                self.body = Body::Bytes(gzip(text.as_bytes()).into());
                self.coded(Coding::Gzip)
            }
            body => Self { body, ..self },
        }
    }

    /// The same under an entity tag: 304 without a body when the caller has the content already. Call it
    /// before compressing, so that nothing is compressed for nobody.
    #[must_use]
    pub fn tagged(mut self, tag: &ETag, request: &HeaderMap) -> Self {
        self.headers.insert(ETAG, tag.header());
        if self.status == StatusCode::OK && tag.matches(request) {
            self.status = StatusCode::NOT_MODIFIED;
            self.headers.remove(CONTENT_TYPE);
            self.headers.remove(CONTENT_ENCODING);
            self.body = Body::Empty;
        }
        self
    }

    /// The same, already tagged, for another caller: 304 without a body when that one has the content already.
    #[must_use]
    pub fn unless_known(self, request: &HeaderMap) -> Self {
        match self.headers.get(ETAG).and_then(super::ETag::parse) {
            Some(tag) => self.tagged(&tag, request),
            None => self,
        }
    }

    /// The body as text; empty if it is none.
    #[must_use]
    pub fn body_text(&self) -> &str {
        match &self.body {
            Body::Text(text) => text,
            Body::Empty | Body::Bytes(_) => "",
        }
    }

    /// Whether Lambda can carry it.
    #[must_use]
    pub fn fits(&self) -> bool {
        let size = match &self.body {
            Body::Empty => 0,
            Body::Text(text) => text.len() + text.bytes().map(json_escape_bytes).sum::<usize>(),
            Body::Bytes(bytes) => bytes.len().div_ceil(3) * 4,
        };
        size + ENVELOPE_BYTES <= PAYLOAD_LIMIT_BYTES
    }

    /// The form Lambda carries (API Gateway payload format 2.0). `HEAD` gets the headers alone.
    #[must_use]
    pub fn into_lambda(self, method: &http::Method) -> ApiGatewayV2httpResponse {
        let mut response = ApiGatewayV2httpResponse::default();
        response.status_code = i64::from(self.status.as_u16());
        // Of a header that comes more than once, Lambda carries the last; cookies go beside the headers.
        let cookies = self.headers.get_all(SET_COOKIE).iter();
        response.cookies = cookies.filter_map(|cookie| cookie.to_str().ok().map(str::to_owned)).collect();
        response.headers = self.headers;
        response.headers.remove(SET_COOKIE);
        response.headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        match self.body {
            _ if method == http::Method::HEAD => {}
            Body::Empty => {}
            Body::Text(text) => response.body = Some(encodings::Body::Text(text)),
            Body::Bytes(bytes) => {
                response.is_base64_encoded = true;
                response.body = Some(encodings::Body::Binary(bytes.into()));
            }
        }
        response
    }
}

/// How many bytes longer one byte gets inside a JSON string as `serde_json` writes it.
fn json_escape_bytes(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0x00..=0x1f => 5,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use http::header::IF_NONE_MATCH;

    use super::*;

    fn text(text: &str) -> Answer {
        Answer::text(StatusCode::OK, "text/plain", text.to_owned())
    }

    #[test]
    fn bytes_travel_as_base64_and_text_as_it_is() {
        let lambda =
            Answer::bytes(StatusCode::OK, "image/x", Bytes::from_static(b"\xff\x00")).into_lambda(&Method::GET);
        let json = serde_json::to_value(&lambda).unwrap();
        assert_eq!((&json["body"], &json["isBase64Encoded"]), (&"/wA=".into(), &true.into()));
        let json = serde_json::to_value(text("ü").into_lambda(&Method::GET)).unwrap();
        assert_eq!((&json["body"], &json["isBase64Encoded"]), (&"ü".into(), &false.into()));
        assert_eq!(json["headers"]["x-content-type-options"], "nosniff");
    }

    #[test]
    fn cookies_travel_beside_the_headers() {
        let cookie = |text: &'static str| HeaderValue::from_static(text);
        let lambda = Answer::see_other("/overview").cookie(cookie("a=1")).cookie(cookie("b=2"));
        let json = serde_json::to_value(lambda.into_lambda(&Method::GET)).unwrap();
        assert_eq!((&json["statusCode"], &json["headers"]["location"]), (&303.into(), &"/overview".into()));
        assert_eq!(json["cookies"], serde_json::json!(["a=1", "b=2"]));
        assert!(json["headers"].get("set-cookie").is_none());
    }

    #[test]
    fn head_gets_the_headers_alone() {
        let lambda = text("long").into_lambda(&Method::HEAD);
        assert_eq!(lambda.body, None);
        assert_eq!(lambda.headers[CONTENT_TYPE], "text/plain");
    }

    #[test]
    fn content_the_caller_has_is_not_sent_again() {
        let tag = ETag::of(b"x");
        let request = HeaderMap::from_iter([(IF_NONE_MATCH, tag.header())]);
        let answer = text("x").tagged(&tag, &request);
        assert_eq!((answer.status, answer.body), (StatusCode::NOT_MODIFIED, Body::Empty));
        let answer = text("x").tagged(&tag, &HeaderMap::new());
        assert_eq!((answer.status, &answer.headers[ETAG]), (StatusCode::OK, &tag.header()));
    }

    #[test]
    fn a_kept_answer_is_not_sent_to_who_has_it() {
        let kept = text("x").tagged(&ETag::of(b"x"), &HeaderMap::new());
        let knows = HeaderMap::from_iter([(IF_NONE_MATCH, ETag::of(b"x").header())]);
        assert_eq!(kept.clone().unless_known(&knows).status, StatusCode::NOT_MODIFIED);
        assert_eq!(kept.unless_known(&HeaderMap::new()).status, StatusCode::OK);
        assert_eq!(text("untagged").unless_known(&knows).status, StatusCode::OK);
    }

    #[test]
    fn an_error_is_never_turned_into_not_modified() {
        let request = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static("*"))]);
        let mut answer = text("x");
        answer.status = StatusCode::NOT_FOUND;
        assert_eq!(answer.tagged(&ETag::of(b"x"), &request).status, StatusCode::NOT_FOUND);
    }

    #[test]
    fn only_text_worth_it_is_compressed() {
        assert!(matches!(text("short").compressed(Coding::Gzip).body, Body::Text(_)));
        let long = "x".repeat(5000);
        assert!(matches!(text(&long).compressed(Coding::Identity).body, Body::Text(_)));
        let answer = text(&long).compressed(Coding::Gzip);
        assert!(matches!(&answer.body, Body::Bytes(bytes) if bytes.len() < 100));
        assert_eq!(answer.headers[CONTENT_ENCODING], "gzip");
    }

    #[test]
    fn the_size_is_that_of_the_json_lambda_carries() {
        let quotes = "\"\\\n\u{1}ü".repeat(1000);
        let body = text(&quotes);
        let carried = serde_json::to_string(&quotes).unwrap().len() - 2;
        let Body::Text(inner) = &body.body else { unreachable!() };
        assert_eq!(inner.len() + inner.bytes().map(json_escape_bytes).sum::<usize>(), carried);
    }

    #[test]
    fn the_limit_is_lambdas() {
        let room = PAYLOAD_LIMIT_BYTES - ENVELOPE_BYTES;
        assert!(text(&"x".repeat(room)).fits());
        assert!(!text(&"x".repeat(room + 1)).fits());
        assert!(!text(&"\"".repeat(room / 2 + 1)).fits());
        let bytes = |len| Answer::bytes(StatusCode::OK, "x", Bytes::from(vec![0; len]));
        assert!(bytes(room / 4 * 3).fits());
        assert!(!bytes(room / 4 * 3 + 3).fits());
    }
}
