//! The client of Microsoft Graph and of Entra's token endpoint.
//!
//! A tenant signs in with its certificate ([`Credential`], [`assertion`]), the token is kept in memory until
//! shortly before its end, and [`GraphClient::subscribed_skus`] reads the licences: all pages or an error, never
//! a part. Every address is checked against [`AllowedHosts`]; every call has a [`Budget`], beyond which nothing is
//! tried. [`GraphClient::list_items`] and [`GraphClient::write_items`] do the same for SharePoint lists,
//! [`GraphClient::make_list`] makes them, and [`GraphClient::grant_role`] and its companions look after app roles. Every failure becomes a sentence for a technician ([`GraphError::failure`]).
//!
//! Wire types stay inside this crate; what leaves it are the types of `leitwarte-core`.

pub mod assertion;
pub mod credential;

mod app;
mod app_roles;
mod batch;
mod budget;
mod client;
mod config;
mod error;
mod hosts;
mod paging;
mod pause;
mod retry;
mod send_mail;
mod sharepoint;
mod subscribed_skus;
mod subscriptions;
mod token;
mod transport;

pub use app::AppRegistration;
pub use app_roles::{AppRoles, Assignment, GrantAnswer, PrincipalKind, RevokeAnswer};
pub use batch::MOST as MOST_IN_A_BATCH;
pub use budget::{Budget, Spent};
pub use client::{GraphClient, SignedIn};
pub use config::{Config, Limits};
pub use credential::{Credential, CredentialError, CredentialProblem};
pub use error::{BadAnswer, GraphError, Peer};
pub use hosts::{AllowedHosts, HostError, Service};
pub use retry::RetryPolicy;
pub use sharepoint::{ItemWrite, ListItem, RowSwitches, TenantList, TenantListError, Written};
pub use token::EntraRefusal;
