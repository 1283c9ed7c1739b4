//! One HTTP exchange: bounded in time and size, without redirects, only with allowed hosts.

use std::error::Error as _;
use std::sync::Arc;

use leitwarte_core::{DateTime, Utc, Uuid};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, redirect};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::{Host, Url};

use crate::budget::Budget;
use crate::config::{Config, Limits};
use crate::error::{BadAnswer, GraphError, Peer};
use crate::hosts::{AllowedHosts, Service};
use crate::retry::{Fault, Nature, Passing, asked_pause};

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

pub(crate) struct Transport {
    http: reqwest::Client,
    /// For hosts on this machine, which no proxy can reach.
    direct: reqwest::Client,
    hosts: AllowedHosts,
    limits: Limits,
    /// Calls under way at once, over all tenants.
    places: Semaphore,
    now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    new_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
}

/// A whole answer, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Transport {
    pub(crate) fn new(config: &Config) -> Result<Self, GraphError> {
        let direct = build(builder(config).no_proxy())?;
        let http = if config.use_environment_proxy { build(builder(config))? } else { direct.clone() };
        Ok(Self {
            http,
            direct,
            hosts: config.allowed_hosts.clone(),
            limits: config.limits,
            places: Semaphore::new(config.limits.max_in_flight),
            now: Arc::clone(&config.now),
            new_id: Arc::clone(&config.new_id),
        })
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    pub(crate) fn new_id(&self) -> Uuid {
        (self.new_id)()
    }

    /// Reads an address and checks that it may be called.
    pub(crate) fn allowed(&self, service: Service, address: &str) -> Result<(Url, Peer), GraphError> {
        let url = self.hosts.check(service, address)?;
        let peer = Peer { service, host: url.host_str().unwrap_or_default().to_owned() };
        Ok((url, peer))
    }

    /// A request with the headers all have in common.
    pub(crate) fn request(&self, method: Method, url: Url) -> reqwest::RequestBuilder {
        let http = if is_loopback(&url) { &self.direct } else { &self.http };
        http.request(method, url).header(ACCEPT, HeaderValue::from_static("application/json"))
    }

    /// Sends a request and reads the whole answer. A status that may pass by itself (429, 5xx), a lost connection
    /// and a call that takes too long are passing faults; a redirect, too large an answer or the end of the time
    /// are final.
    pub(crate) async fn send(
        &self,
        peer: &Peer,
        budget: &Budget,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, Fault> {
        let timeout = || Fault::Final(GraphError::Timeout { peer: peer.clone() });
        if budget.left().is_zero() {
            return Err(timeout());
        }
        let call = async {
            let ends = budget.deadline().min(Instant::now() + self.limits.call_timeout);
            match tokio::time::timeout_at(ends, self.exchange(peer, budget, request)).await {
                Ok(outcome) => outcome,
                Err(_) if ends == budget.deadline() => Err(timeout()),
                Err(_) => Err(unavailable(format!("no answer within {} s", self.limits.call_timeout.as_secs()))),
            }
        };
        let Ok(Ok(place)) = tokio::time::timeout_at(budget.deadline(), self.places.acquire()).await else {
            return Err(timeout());
        };
        let answer = call.await?;
        drop(place);
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS => Err(self.passing(Nature::Throttled, &answer.headers)),
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                Err(self.passing(Nature::Unavailable(format!("HTTP {}", status.as_u16())), &answer.headers))
            }
            status if status.is_redirection() => Err(bad(peer, BadAnswer::Redirect(status.as_u16())).into()),
            _ => Ok(answer),
        }
    }

    fn passing(&self, nature: Nature, headers: &HeaderMap) -> Fault {
        Fault::Passing(Passing { nature, asked: asked_pause(headers, self.now()) })
    }

    async fn exchange(&self, peer: &Peer, budget: &Budget, request: reqwest::RequestBuilder) -> Result<Answer, Fault> {
        budget.count_request();
        let client_request_id = self.new_id();
        let began = Instant::now();
        let sent = request.header(CLIENT_REQUEST_ID, client_request_id.to_string()).send().await;
        let mut response = sent.map_err(|error| unavailable(reason(&error)))?;
        let status = response.status();
        tracing::debug!(
            %peer,
            status = status.as_u16(),
            duration_ms = began.elapsed().as_millis(),
            request_id = header(response.headers(), "request-id").or(header(response.headers(), "x-ms-request-id")),
            %client_request_id,
            "answer"
        );
        let max = self.limits.max_body_bytes;
        let announced = response.content_length().unwrap_or(0);
        if announced > max as u64 {
            return Err(bad(peer, BadAnswer::TooLarge(max)).into());
        }
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
        let broken = |_| Fault::Passing(Passing { nature: Nature::Broken, asked: None });
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > max {
                return Err(bad(peer, BadAnswer::TooLarge(max)).into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }
}

fn builder(config: &Config) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(config.limits.connect_timeout)
        .redirect(redirect::Policy::none())
        .referer(false)
        .pool_max_idle_per_host(config.limits.max_in_flight)
        .user_agent(&config.user_agent)
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, GraphError> {
    builder.build().map_err(|error| GraphError::Internal(format!("The HTTPS client cannot start: {error}")))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Answer {
    /// Reads the body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, peer: &Peer) -> Result<T, Fault> {
        if self.is_web_page() {
            return Err(bad(peer, BadAnswer::WebPage).into());
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            if error.is_data() {
                bad(peer, BadAnswer::Form { line: error.line(), column: error.column() }).into()
            } else {
                Fault::Passing(Passing { nature: Nature::Broken, asked: None })
            }
        })
    }

    /// Whether a person was meant to read this: Graph and Entra answer everything in JSON, proxies do not.
    pub(crate) fn is_web_page(&self) -> bool {
        let kind = header(&self.headers, CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
        kind.starts_with("text/html")
            || kind.starts_with("application/xhtml")
            || self.body.trim_ascii_start().starts_with(b"<")
    }
}

pub(crate) fn bad(peer: &Peer, problem: BadAnswer) -> GraphError {
    GraphError::BadAnswer { peer: peer.clone(), problem }
}

fn unavailable(problem: String) -> Fault {
    Fault::Passing(Passing { nature: Nature::Unavailable(problem), asked: None })
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Why no answer came, from the innermost cause, which names no address.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() && error.is_connect() {
        return "no connection in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let kind = if error.is_connect() { "no connection" } else { "the connection broke" };
    // An error without an inner cause prints the address with its query.
    if error.source().is_none() { kind.to_owned() } else { format!("{kind}: {cause}") }
}
