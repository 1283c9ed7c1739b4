//! A stand-in for Microsoft Entra (sign-in of apps and of people, tokens for our own API) and Microsoft Graph (licences, SharePoint
//! lists, `$batch`), for the demo, the tests and the benchmark. It checks client assertions for real, pages, throttles, fails on request, and accepts what
//! Microsoft's own library MSAL sends.
//!
//! Both stand on one address: it is `authority_host` and `graph_endpoint` of a profile. Beside their paths there are
//! `/simulator/…` for orders to the simulator ([`Simulator`] has the same as methods) and `/demo/token`.

mod answer;
mod bucket;
mod certificate;
mod config;
mod control;
pub mod demo;
mod directory;
mod edge;
mod entra;
mod fault;
mod graph;
mod journal;
mod keys;
mod seen;
mod server;
mod sharepoint;
mod subscriptions;
pub mod synthetic;
mod tls;
mod transport;
mod workspace;
mod world;

pub use certificate::{CertificateError, RegisteredCertificate};
pub use config::{
    ApiApp, AppConfig, Config, READ_LICENCES, READ_ORGANIZATION, SEND_MAIL, Settings, Stock, TenantConfig, Throttle,
};
pub use directory::{ApplicationConfig, DirectoryConfig, GroupConfig, UserConfig};
pub use edge::Clock;
pub use entra::api_token::{DemoRole, KeyError};
pub use entra::people::{AccountKind, DemoPerson, SignInConfig};
pub use fault::{Fault, FaultKind, Operation, RetryAfter};
pub use graph::SentMail;
pub use journal::{Count, Entry, RequestReport};
pub use keys::{KeyAndCertificate, rsa_certificate};
pub use server::{Binding, Simulator, StartError};
pub use sharepoint::{
    ChangeError, ColumnConfig, ColumnKind, FlowMessage, LICENCE_LIST, ListAccess, ListConfig, Notice, PARAMETER_LIST,
    Row, SiteConfig, SiteRole, SiteVisit, TENANT_LIST,
};
pub use tls::{CA_FILE, TlsError};
pub use workspace::PrepareError;
pub use world::OrderError;
