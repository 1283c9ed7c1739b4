//! The event a function gets: payload format 2.0.
//!
//! Written out here and not taken from `aws_lambda_events`, whose types are made to read events: they serialise one value
//! per header and add fields that API Gateway does not send. A test reads our events with those types.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine as _};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{self, HeaderName};
use http::{HeaderMap, Method};
use leitwarte_template::ACCOUNT_ID;
use serde::Serialize;
use uuid::Uuid;

use crate::routes::Match;

/// Says nothing about the request itself, or is written anew by the gateway.
const NOT_HANDED_ON: [HeaderName; 10] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
    header::CONTENT_LENGTH,
    header::COOKIE,
    HeaderName::from_static("keep-alive"),
];
const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PORT: &str = "x-forwarded-port";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const TRACE_ID: &str = "x-amzn-trace-id";
const API_ID: &str = "local";

/// A request as it came in, with what the gateway found out about it.
#[derive(Debug, Clone)]
pub(crate) struct Incoming<'a> {
    pub(crate) id: &'a RequestId,
    pub(crate) received: DateTime<Utc>,
    pub(crate) route: &'a Match<'a>,
    pub(crate) method: &'a Method,
    /// Decoded path.
    pub(crate) path: &'a str,
    /// Query string as sent, without `?`.
    pub(crate) query: &'a str,
    /// `Host` without the port.
    pub(crate) domain: &'a str,
    pub(crate) protocol: &'static str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    pub(crate) client: IpAddr,
    /// Port the gateway listens on.
    pub(crate) port: u16,
    pub(crate) tls: bool,
}

/// Identifies a request in log, event and response.
#[derive(Debug, Clone)]
pub(crate) struct RequestId {
    random: Uuid,
    text: String,
}

impl RequestId {
    /// In the form of API Gateway's ids: 16 characters of base64, the last one `=`.
    pub(crate) fn new(random: Uuid) -> Self {
        Self { random, text: BASE64_URL_SAFE.encode(&random.as_bytes()[..11]) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// A new root for AWS X-Ray's trace header.
    fn trace(&self, received: DateTime<Utc>) -> String {
        let random = self.random.simple().to_string();
        format!("Root=1-{:08x}-{}", received.timestamp(), &random[..24])
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<Cow<'a, str>>,
    headers: BTreeMap<&'a str, Cow<'a, str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    request_context: Context<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: &'a BTreeMap<&'a str, &'a str>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    account_id: &'static str,
    api_id: &'static str,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'a str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'static str,
    source_ip: String,
    user_agent: Cow<'a, str>,
}

impl Incoming<'_> {
    /// The event as JSON.
    pub(crate) fn to_event(&self) -> Vec<u8> {
        let (body, is_base64_encoded) = self.body_text();
        let event = Event {
            version: "2.0",
            route_key: self.route.key,
            raw_path: self.path,
            raw_query_string: self.query,
            cookies: self.cookies(),
            headers: self.event_headers(),
            query_string_parameters: query_parameters(self.query),
            request_context: Context {
                account_id: ACCOUNT_ID,
                api_id: API_ID,
                domain_name: self.domain,
                domain_prefix: self.domain.split('.').next().unwrap_or_default(),
                http: Http {
                    method: self.method.as_str(),
                    path: self.path,
                    protocol: self.protocol,
                    source_ip: self.client.to_string(),
                    user_agent: self.headers.get(header::USER_AGENT).map(text).unwrap_or_default(),
                },
                request_id: self.id.as_str(),
                route_key: self.route.key,
                stage: "$default",
                time: self.received.format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
                time_epoch: self.received.timestamp_millis(),
            },
            body,
            path_parameters: &self.route.parameters,
            is_base64_encoded,
        };
        serde_json::to_vec(&event).unwrap_or_default()
    }

    fn cookies(&self) -> Vec<Cow<'_, str>> {
        let lines = self.headers.get_all(header::COOKIE).iter().map(text);
        let split = lines.flat_map(|line| line.split(';').map(|cookie| cookie.trim().to_owned()).collect::<Vec<_>>());
        split.filter(|cookie| !cookie.is_empty()).map(Cow::Owned).collect()
    }

    /// Lower-case names; the values of a repeated name joined by commas.
    fn event_headers(&self) -> BTreeMap<&str, Cow<'_, str>> {
        let mut headers = BTreeMap::new();
        for name in self.headers.keys().filter(|name| !NOT_HANDED_ON.contains(name)) {
            let mut values = self.headers.get_all(name).iter().map(text);
            let Some(mut joined) = values.next() else { continue };
            for value in values {
                let joined = joined.to_mut();
                joined.push(',');
                joined.push_str(&value);
            }
            headers.insert(name.as_str(), joined);
        }
        // As AWS does: our peer comes last, so whatever a client wrote before it proves nothing.
        let client = self.client.to_string();
        let forwarded_for = match headers.get(FORWARDED_FOR) {
            Some(claimed) => format!("{claimed}, {client}"),
            None => client,
        };
        headers.insert(FORWARDED_FOR, forwarded_for.into());
        headers.insert(FORWARDED_PORT, self.port.to_string().into());
        headers.insert(FORWARDED_PROTO, if self.tls { "https" } else { "http" }.into());
        headers.insert("content-length", self.body.len().to_string().into());
        headers.entry(TRACE_ID).or_insert_with(|| self.id.trace(self.received).into());
        headers
    }

    /// The body and whether it is base64: text of a known kind goes as it is, all else encoded.
    fn body_text(&self) -> (Option<Cow<'_, str>>, bool) {
        if self.body.is_empty() {
            return (None, false);
        }
        if is_text(self.headers)
            && let Ok(text) = std::str::from_utf8(self.body)
        {
            return (Some(Cow::Borrowed(text)), false);
        }
        (Some(Cow::Owned(BASE64_STANDARD.encode(self.body))), true)
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return false;
    }
    let kind = headers.get(header::CONTENT_TYPE).map(text).unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.starts_with("text/")
        || matches!(kind, "application/json" | "application/xml" | "application/javascript")
        || (kind.starts_with("application/") && (kind.ends_with("+json") || kind.ends_with("+xml")))
}

/// Decoded names and values; those of a repeated name joined by commas.
fn query_parameters(query: &str) -> BTreeMap<Cow<'_, str>, Cow<'_, str>> {
    let mut parameters: BTreeMap<Cow<'_, str>, Cow<'_, str>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match parameters.get_mut(&name) {
            Some(joined) => {
                let joined = joined.to_mut();
                joined.push(',');
                joined.push_str(&value);
            }
            None => {
                parameters.insert(name, value);
            }
        }
    }
    parameters
}

fn text(value: &http::HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

#[cfg(test)]
mod tests;
