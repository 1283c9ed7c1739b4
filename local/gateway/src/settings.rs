//! Settings and limits of the gateway.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use leitwarte_host::env::{EnvError, Environment};
use thiserror::Error;

/// What the environment says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `GATEWAY_ADDR`.
    pub address: SocketAddr,
    /// `TLS_CERT_FILE` and `TLS_KEY_FILE`; plain HTTP without them.
    pub tls: Option<TlsFiles>,
}

/// PEM files of the server certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// Private key, readable by its owner alone.
    pub key: PathBuf,
}

/// Why the settings cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SettingsError {
    /// One variable is wrong.
    #[error(transparent)]
    Environment(#[from] EnvError),
    /// Only one of the two TLS files is named.
    #[error("TLS needs both TLS_CERT_FILE and TLS_KEY_FILE; set the other one too, or neither")]
    HalfTls,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// A variable has a wrong value or its counterpart is missing.
    pub fn from_environment(environment: &Environment) -> Result<Self, SettingsError> {
        let tls = match (environment.get("TLS_CERT_FILE"), environment.get("TLS_KEY_FILE")) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate: certificate.into(), key: key.into() }),
            (None, None) => None,
            _ => return Err(SettingsError::HalfTls),
        };
        Ok(Self { address: environment.gateway_addr()?, tls })
    }
}

/// Bounds of everything that a client could otherwise make grow.
///
/// The defaults are API Gateway's quotas where it has one.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests that are answered at the same time; more get 429 at once.
    pub concurrency: usize,
    /// Open connections; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Bytes of request line and headers. AWS stops at 10 240, which some bearer tokens exceed.
    pub head_bytes: usize,
    /// Number of header lines.
    pub headers: usize,
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// Bytes of large request bodies held at the same time, over all requests.
    pub bodies_bytes: usize,
    /// Bytes of the event that goes to the function (Lambda's limit for a synchronous invocation).
    pub event_bytes: usize,
    /// Time for the whole head of a request, and how long a connection may be idle between requests.
    pub head_timeout: Duration,
    /// Time for the whole body of a request.
    pub body_timeout: Duration,
    /// Time for the function's answer.
    pub answer_timeout: Duration,
    /// Time in which a client has to take a response once it is slow to read it.
    pub write_timeout: Duration,
    /// Time for a TLS handshake.
    pub handshake_timeout: Duration,
    /// Time that requests in flight get to finish after a signal to stop.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            concurrency: 512,
            connections: 4096,
            head_bytes: 16 * 1024,
            headers: 100,
            body_bytes: 10 * MIB,
            bodies_bytes: 256 * MIB,
            event_bytes: 6 * MIB,
            head_timeout: Duration::from_secs(20),
            body_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_mins(1),
            handshake_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(35),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::from_environment(&pairs.collect())
    }

    #[test]
    fn without_tls_files_the_gateway_speaks_plain_http() {
        let settings = settings(&[]).unwrap();
        assert_eq!(settings.address.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.tls, None);
    }

    #[test]
    fn one_tls_file_without_the_other_is_refused() {
        assert_eq!(settings(&[("TLS_CERT_FILE", "c.pem")]).unwrap_err(), SettingsError::HalfTls);
        assert!(settings(&[("TLS_CERT_FILE", "c.pem"), ("TLS_KEY_FILE", "k.pem")]).unwrap().tls.is_some());
    }
}
