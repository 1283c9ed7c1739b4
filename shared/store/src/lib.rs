//! The database: which tenants there are, what they have, how it changed and how the polls went.
//!
//! One SQL text serves every backend, in the dialect they share: `$1` placeholders, switches as INTEGER, times as
//! BIGINT milliseconds UTC, GUIDs as TEXT. What is particular to a backend is in `leitwarte-database`.
//!
//! Invariants, each with a test:
//! - A poll is recorded as a whole or not at all, and only under the lease it was begun with.
//! - The history of a tenant, replayed, is its current stock.
//! - A failed poll leaves the last good stock as it is.
//! - An acknowledged write survives a power cut (`synchronous=FULL`).

mod audit;
mod backup;
mod certificates;
mod changes;
mod claims;
mod error;
mod forecasts;
mod history;
mod incidents;
mod leases;
mod outbox;
mod people;
mod personal;
mod poll_wishes;
mod polls;
mod privacy;
mod reading;
mod records;
mod registry;
mod retention;
mod roles;
mod rows;
mod rules;
mod series;
mod sessions;
mod sharepoint;
mod signed_in;
mod store;
mod subscriptions;
mod switches;
mod what_if;

pub use leitwarte_database::{Address, AddressError, BackupError, Content, CopyError, Existing};

pub use audit::{Actor, AuditEntry};
pub use backup::{BACKUP_NAME, backup_name};
pub use certificates::{CertificateKind, CertificateLook, KnownCertificate};
pub use changes::TenantChanges;
pub use error::{StoreError, StoreErrorKind};
pub use forecasts::{OutlookMaterial, ProductOutlook, TenantOutlook};
pub use incidents::{Acted, IncidentEvent, StoredIncident};
pub use outbox::{Attempt, Delivery, OutboxCounts};
pub use people::{Account, Person};
pub use personal::PersonErased;
pub use poll_wishes::{AllProgress, AllWished, PollProgress, PollWished};
pub use privacy::Erased;
pub use records::{Claim, ClaimOne, HistoryEntry, PastPoll, PollResult, PollRun, Recorded, Revision, TenantInfo};
pub use retention::Forgotten;
pub use roles::{Asked, Decided, FoundPerson, LastReconciliation, RoleFinding, RolePerson, RoleStep, Stepped};
pub use rules::{RuleSet, StoredRule};
pub use series::StockHistory;
pub use sessions::{SignIn, SignedIn, StoredSession};
pub use sharepoint::SyncInfo;
pub use store::{Config, Store, TABLES};
pub use subscriptions::{SubscriptionsRead, TenantSubscriptions};
pub use switches::{SwitchWish, Switched, TenantSwitches};
pub use what_if::{Replayed, ReplayedProduct, WhatIf, told};
