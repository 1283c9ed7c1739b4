//! The running host's control paths (`/host/…`), which stand beside the Invoke API at `INVOKE_ADDR`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;

use crate::Settings;

/// Every control path is a few database rows.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The host at `INVOKE_ADDR`.
#[derive(Debug, Clone)]
pub(crate) struct HostApi {
    client: Client,
    base: Url,
    address: String,
}

impl HostApi {
    /// Prepares calls; sends none.
    pub(crate) fn new(settings: &Settings) -> anyhow::Result<Self> {
        let address = reachable(&settings.host.invoke_target()?);
        let base = Url::parse(&format!("http://{address}/"))
            .with_context(|| format!("INVOKE_ADDR is `{address}`, which is not host:port"))?;
        let mut headers = HeaderMap::new();
        // Loopback callers need no key, so a key that is missing or not ours to read is no error here.
        if let Ok(key) = std::fs::read_to_string(settings.host.invoke_key_file())
            && let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", key.trim()))
        {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let client = Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .timeout(TIMEOUT)
            .default_headers(headers)
            .build()
            .context("cannot prepare HTTP calls")?;
        Ok(Self { client, base, address })
    }

    /// A request to the path made of these segments; each is escaped.
    pub(crate) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(path);
        }
        self.client.request(method, url)
    }

    /// Sends a request and takes only success for an answer.
    ///
    /// # Errors
    /// No answer, with what to do, or the host's refusal in its words ([`Refusal`]).
    pub(crate) async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        match request.send().await {
            Ok(response) if response.status().is_success() => Ok(response),
            Ok(response) => Err(refusal(response).await.into()),
            Err(error) if error.is_connect() => Err(not_running(&self.address)),
            Err(error) if error.is_timeout() => bail!("no answer from {} in time", self.address),
            Err(error) => Err(error.without_url()).with_context(|| format!("the call to {} broke off", self.address)),
        }
    }
}

/// Nobody listens where the host should.
pub(crate) fn not_running(address: &str) -> anyhow::Error {
    anyhow!("nothing answers at {address}: is `leitwarte up` running? (INVOKE_ADDR)")
}

/// An error answer of the host.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

/// Reads an error in AWS's shape: `{"Type", "Message"}`.
async fn refusal(response: Response) -> Refusal {
    #[derive(Deserialize)]
    struct Body {
        #[serde(alias = "Message")]
        message: String,
    }
    let status = response.status();
    let message = match response.json::<Body>().await {
        Ok(body) => body.message,
        Err(_) => format!("the host answered {status}"),
    };
    let message = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            format!("{message} (callers from another machine need the key that INVOKE_KEY_FILE names)")
        }
        _ => message,
    };
    Refusal { status, message }
}

/// The address to call for an address that is listened on: `0.0.0.0` listens everywhere but cannot be called everywhere.
pub(crate) fn reachable(listening: &str) -> String {
    let Ok(mut address) = listening.parse::<SocketAddr>() else { return listening.to_owned() };
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_listens_everywhere_is_called_on_loopback() {
        assert_eq!(reachable("0.0.0.0:9001"), "127.0.0.1:9001");
        assert_eq!(reachable("[::]:9001"), "[::1]:9001");
        assert_eq!(reachable("10.1.2.3:9001"), "10.1.2.3:9001");
        assert_eq!(reachable("emulator:9001"), "emulator:9001");
    }
}
