//! Calls of the OIDC library to the outside: to allowed hosts only, bounded, and never redirected.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use leitwarte_core::hosts::{AllowedHosts, HostRefused};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Entra's largest answer here, the keys, is about 10 kB.
const LARGEST_ANSWER_BYTES: usize = 256 * 1024;

/// Why a call brought nothing. No text of the other side, which may hold secrets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutsideError {
    #[error("the address cannot be called: {0}")]
    Host(#[from] HostRefused),
    #[error("no complete answer")]
    Http(#[from] reqwest::Error),
    #[error("an answer of more than {LARGEST_ANSWER_BYTES} bytes")]
    TooLarge,
    #[error("a request that cannot be made")]
    Request(#[from] http::Error),
}

/// The client.
#[derive(Debug)]
pub(crate) struct Outside {
    client: reqwest::Client,
    hosts: AllowedHosts,
}

impl Outside {
    pub(crate) fn new(hosts: AllowedHosts) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, hosts })
    }

    /// Whether an address may be called, or a browser sent to it with a sign-in of ours.
    pub(crate) fn allows(&self, address: &str) -> Result<(), HostRefused> {
        self.hosts.check(address)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OutsideError> {
        let (parts, body) = request.into_parts();
        let address = parts.uri.to_string();
        self.allows(&address)?;
        let sending = self.client.request(parts.method, address).headers(parts.headers).body(body);
        let mut response = sending.send().await?;
        let mut answer = http::Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            *headers = response.headers().clone();
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LARGEST_ANSWER_BYTES {
                return Err(OutsideError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(answer.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Outside {
    type Error = OutsideError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutsideError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
