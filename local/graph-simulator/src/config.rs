//! What a simulator is made of: tenants, their apps and licences, and how it behaves.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use leitwarte_core::stock::LicenceStock;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::certificate::RegisteredCertificate;
use crate::directory::DirectoryConfig;
use crate::edge::Clock;
use crate::entra::people::SignInConfig;
use crate::sharepoint::SiteConfig;

/// The application permission that `GET /v1.0/subscribedSkus` asks for.
pub const READ_LICENCES: &str = "LicenseAssignment.Read.All";

/// The application permission that `GET /v1.0/directory/subscriptions` asks for.
pub const READ_ORGANIZATION: &str = "Organization.Read.All";

/// The application permission that sends mail from the tenant's mailboxes.
pub const SEND_MAIL: &str = "Mail.Send";

/// Everything a simulator serves.
#[derive(Debug, Clone)]
pub struct Config {
    /// The tenants with licences.
    pub tenants: Vec<TenantConfig>,
    /// SharePoint sites of these tenants.
    pub sites: Vec<SiteConfig>,
    /// The app registration of our own API; `None`: no tokens for it.
    pub api: Option<ApiApp>,
    /// Who can sign in to it; `None`: nobody.
    pub sign_in: Option<SignInConfig>,
    /// People and app roles of one tenant; `None`: no directory.
    pub directory: Option<DirectoryConfig>,
    /// How it behaves; can be changed while it runs.
    pub settings: Settings,
    /// The clock all validity is judged by.
    pub clock: Clock,
}

impl Config {
    /// A simulator of these tenants with default behaviour and the machine's clock.
    #[must_use]
    pub fn new(tenants: Vec<TenantConfig>) -> Self {
        Self {
            tenants,
            sites: Vec::new(),
            api: None,
            sign_in: None,
            directory: None,
            settings: Settings::default(),
            clock: Clock::system(),
        }
    }
}

/// One customer's tenant.
#[derive(Debug, Clone)]
pub struct TenantConfig {
    /// Short name in the control paths and the request log; the profile's key.
    pub key: String,
    /// Entra's GUID of the tenant.
    pub tenant_id: Uuid,
    /// The organisation's name (Graph: `accountName`).
    pub name: String,
    /// Apps that may sign in.
    pub apps: Vec<AppConfig>,
    /// Its licences.
    pub stock: Stock,
}

/// One app registration with consent in a tenant.
#[derive(Debug, Clone)]
pub struct AppConfig {
    /// Its GUID.
    pub client_id: Uuid,
    /// Certificates that may sign for it. Many apps may share one.
    pub certificates: Vec<Arc<RegisteredCertificate>>,
    /// Application permissions with consent, such as [`READ_LICENCES`].
    pub roles: Vec<String>,
}

/// Where a tenant's numbers come from.
#[derive(Clone)]
pub enum Stock {
    /// Numbers that stay until they are set anew.
    Fixed(Arc<[LicenceStock]>),
    /// Numbers that are a function of time.
    Moving(Arc<dyn Fn(DateTime<Utc>) -> Vec<LicenceStock> + Send + Sync>),
}

impl Stock {
    /// The numbers at a moment.
    #[must_use]
    pub fn at(&self, now: DateTime<Utc>) -> Arc<[LicenceStock]> {
        match self {
            Self::Fixed(stock) => Arc::clone(stock),
            Self::Moving(stock_at) => stock_at(now).into(),
        }
    }
}

impl fmt::Debug for Stock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(stock) => write!(formatter, "Fixed({} products)", stock.len()),
            Self::Moving(_) => formatter.write_str("Moving"),
        }
    }
}

/// The app registration of Leitwarte's own API, in the support company's tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiApp {
    /// The support company's tenant.
    pub tenant_id: Uuid,
    /// The API's client id, the audience of its tokens.
    pub client_id: Uuid,
}

/// How the simulator behaves. As JSON at `/simulator/settings`; a missing field means its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Time every token and Graph answer takes at least, in milliseconds.
    pub latency_ms: u64,
    /// Products on one page of `subscribedSkus`; `None`: all on one.
    pub page_size: Option<usize>,
    /// Graph's throttling per tenant; `None`: none.
    pub throttle: Option<Throttle>,
    /// SharePoint's throttling per tenant, counted in resource units: reading one thing costs 1, reading several or
    /// writing 2. `None`: none.
    pub resource_units: Option<Throttle>,
    /// Rows on one page of a list where a request names no number, and the most where it does; `None`: 200 and 5000.
    pub list_page_size: Option<usize>,
    /// Lists of app role assignments show what was so long ago, in milliseconds.
    pub directory_lag_ms: i64,
    /// After each change of an assignment, so many lists show what was before it.
    pub directory_stale_answers: u32,
    /// Bounds of the random life of a Graph token, in seconds.
    pub token_lifetime_seconds: RangeInclusive<u64>,
    /// Refuse an assertion that was used before. Entra does not, and MSAL sends one assertion for nine minutes;
    /// another assertion with the same `jti` is refused in any case.
    pub refuse_replay: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            page_size: None,
            throttle: None,
            resource_units: None,
            list_page_size: None,
            directory_lag_ms: 0,
            directory_stale_answers: 0,
            // "A random value between 60 and 90 minutes", Microsoft Learn, "Configurable token lifetimes".
            token_lifetime_seconds: 3600..=5400,
            refuse_replay: false,
        }
    }
}

/// A token bucket: as many requests at once as it holds, refilled steadily.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Requests a full bucket allows at once.
    pub capacity: u32,
    /// Requests that come back each second; must be above zero.
    pub per_second: f64,
}

impl FromStr for Throttle {
    type Err = String;

    /// Reads `CAPACITY:PER_SECOND`, such as `20:5`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not CAPACITY:PER_SECOND, such as 20:5");
        let (capacity, per_second) = text.split_once(':').ok_or_else(wrong)?;
        let throttle = Self {
            capacity: capacity.parse().map_err(|_| wrong())?,
            per_second: per_second.parse().map_err(|_| wrong())?,
        };
        throttle.is_possible().then_some(throttle).ok_or_else(wrong)
    }
}

impl Throttle {
    /// SharePoint's resource units for a small tenant: 1250 a minute. (Microsoft Learn, "Avoid getting throttled or
    /// blocked in SharePoint Online".)
    pub const SHAREPOINT: Self = Self { capacity: 1250, per_second: 1250.0 / 60.0 };

    pub(crate) fn is_possible(&self) -> bool {
        self.capacity > 0 && self.per_second.is_finite() && self.per_second > 0.0
    }
}

impl Settings {
    /// What is impossible about these settings, in words; `None` when nothing is.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.page_size == Some(0) || self.list_page_size == Some(0) {
            return Some("page_size and list_page_size must be above 0");
        }
        if [self.throttle, self.resource_units].into_iter().flatten().any(|throttle| !throttle.is_possible()) {
            return Some("throttle and resource_units need capacity and per_second above 0");
        }
        if self.token_lifetime_seconds.is_empty() || *self.token_lifetime_seconds.end() > 86_400 {
            return Some("token_lifetime_seconds needs start ≤ end ≤ 86400");
        }
        None
    }
}
