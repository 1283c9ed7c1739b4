//! What a [`GraphClient`](crate::GraphClient) is built with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use leitwarte_core::{DateTime, Utc, Uuid};

use crate::hosts::AllowedHosts;
use crate::retry::RetryPolicy;

/// Settings of the client. [`Config::new`] gives production values; tests shorten times.
#[derive(Clone)]
pub struct Config {
    /// Folder of the profiles, from which relative certificate paths start.
    pub profiles_dir: PathBuf,
    /// Hosts that may be called.
    pub allowed_hosts: AllowedHosts,
    /// How passing failures are met.
    pub retry: RetryPolicy,
    /// Bounds of single calls.
    pub limits: Limits,
    /// `User-Agent` in the form Microsoft asks of programs that are not its own.
    pub user_agent: String,
    /// Whether `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are honoured. Hosts on this machine are never asked through
    /// a proxy.
    pub use_environment_proxy: bool,
    pub(crate) now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    pub(crate) new_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
}

/// Bounds of single calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time to connect, TLS included.
    pub connect_timeout: Duration,
    /// Time of one call from sending to the last byte.
    pub call_timeout: Duration,
    /// Bytes of one answer.
    pub max_body_bytes: usize,
    /// Pages of one list.
    pub max_pages: usize,
    /// Entries of one list over all pages.
    pub max_items: usize,
    /// Calls under way at once over all tenants.
    pub max_in_flight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(30),
            max_body_bytes: 8 * 1024 * 1024,
            max_pages: 1000,
            max_items: 100_000,
            max_in_flight: 64,
        }
    }
}

impl Config {
    /// Production values. `now` is the clock, `new_id` makes ids used once (of assertions and requests).
    pub fn new(
        profiles_dir: impl Into<PathBuf>,
        allowed_hosts: AllowedHosts,
        now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
        new_id: impl Fn() -> Uuid + Send + Sync + 'static,
    ) -> Self {
        Self {
            profiles_dir: profiles_dir.into(),
            allowed_hosts,
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            user_agent: "NONISV|Company|Leitwarte/1.0".to_owned(),
            use_environment_proxy: true,
            now: Arc::new(now),
            new_id: Arc::new(new_id),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("profiles_dir", &self.profiles_dir)
            .field("allowed_hosts", &self.allowed_hosts)
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
