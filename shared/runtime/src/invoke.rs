//! Starting another function: one asynchronous call of AWS's Invoke API.
//!
//! Source: AWS Lambda API reference, "Invoke": `InvocationType` `Event` answers 202 when the event is accepted.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

/// Accepting an event is one commit.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the Invoke API is, and the key that callers beyond loopback show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvokeAddress {
    /// `INVOKE_ADDR`: host and port.
    pub target: String,
    /// `INVOKE_KEY_FILE`: read at each call, since the host may make a new key.
    pub key_file: PathBuf,
}

impl InvokeAddress {
    /// Reads the settings, with the host's own defaults.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>, data_dir: &Path) -> Self {
        let text = |name| lookup(name).filter(|value| !value.trim().is_empty());
        Self {
            target: text("INVOKE_ADDR").unwrap_or_else(|| "127.0.0.1:9001".to_owned()),
            key_file: text("INVOKE_KEY_FILE").map_or_else(|| data_dir.join("invoke.key"), PathBuf::from),
        }
    }
}

/// Why a function was not started. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The key file is there and cannot be read.
    #[error("cannot read the invoke key {} (INVOKE_KEY_FILE)", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// What reading it said.
        #[source]
        source: std::io::Error,
    },
    /// No answer. The event may have been accepted.
    #[error("no answer from the Invoke API at {target} (INVOKE_ADDR)")]
    NoAnswer {
        /// Host and port.
        target: String,
        /// What the client said.
        #[source]
        source: reqwest::Error,
    },
    /// The host refused.
    #[error("the Invoke API at {target} answered {status}")]
    Refused {
        /// Host and port.
        target: String,
        /// HTTP status.
        status: u16,
    },
}

/// Starts functions of the host.
#[derive(Debug, Clone)]
pub struct InvokeClient {
    http: reqwest::Client,
    address: InvokeAddress,
}

impl InvokeClient {
    /// Prepares the client; nothing is connected yet.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(address: InvokeAddress) -> Result<Self, reqwest::Error> {
        // The host is on the internal network: a proxy for the way out must not be asked for it.
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { http, address })
    }

    /// Hands an event over for asynchronous invocation. When this returns, it is on disk and runs at least once.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn start(&self, function: &str, event: &Value) -> Result<(), InvokeError> {
        let target = &self.address.target;
        let key = match tokio::fs::read_to_string(&self.address.key_file).await {
            Ok(key) => Some(key),
            // On loopback there need not be one.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => return Err(InvokeError::Key { file: self.address.key_file.clone(), source }),
        };
        let address = format!("http://{target}/2015-03-31/functions/{function}/invocations");
        let request = self.http.post(address).header("x-amz-invocation-type", "Event").json(event);
        let request = match &key {
            Some(key) => request.bearer_auth(key.trim()),
            None => request,
        };
        let no_answer = |source: reqwest::Error| InvokeError::NoAnswer { target: target.clone(), source };
        let answer = request.send().await.map_err(no_answer)?;
        match answer.status().as_u16() {
            202 => Ok(()),
            status => Err(InvokeError::Refused { target: target.clone(), status }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_is_the_hosts_own_default() {
        let address = InvokeAddress::from_lookup(|_| None, "data".as_ref());
        assert_eq!((address.target.as_str(), address.key_file), ("127.0.0.1:9001", PathBuf::from("data/invoke.key")));
    }

    #[tokio::test]
    async fn a_host_that_is_away_is_an_error_that_names_the_setting() {
        let address = InvokeAddress { target: "127.0.0.1:1".to_owned(), key_file: "no-such-file".into() };
        let error = InvokeClient::new(address).unwrap().start("poll-tenant", &Value::Null).await.unwrap_err();
        assert!(error.to_string().contains("INVOKE_ADDR"), "{error}");
    }
}
