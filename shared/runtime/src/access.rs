//! Who is asking, with sessions from the database.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use leitwarte_core::auth_profile::Role;
use leitwarte_core::hosts::AllowedHosts;
use leitwarte_core::roles::{RoleTable, standing};
use leitwarte_store::{Store, StoreError, StoredSession};
use leitwarte_web::access::{Access, KnownSession, Sessions, SessionsUnavailable};
use leitwarte_web::bearer::Bearer;
use leitwarte_web::permission::Who;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::{Config, role_files};

/// How long a request waits so that its session's use is noted. A poll may hold the write lock; people do not wait for it.
const NOTING: Duration = Duration::from_secs(1);

/// Sessions in the database, read through the function's own connections. That one is used is written through a
/// connection apart, which is opened when it is first needed.
#[derive(Debug)]
pub struct StoredSessions {
    reading: Store,
    database_url: String,
    profiles_dir: PathBuf,
    noting: OnceCell<Store>,
}

/// The check of callers that every function has that answers pages and API.
pub type StoredAccess = Access<StoredSessions>;

/// Prepares the check of callers; nothing is opened yet.
///
/// # Errors
/// A setting that cannot be used, or the TLS client cannot be built.
pub fn access(config: &Config, reading: &Store) -> anyhow::Result<StoredAccess> {
    let hosts = AllowedHosts::parse(&config.graph_extra_hosts)?;
    let bearer = Bearer::new(&config.profiles_dir, hosts)?;
    let sessions = StoredSessions::new(reading.clone(), config.database_url.clone(), config.profiles_dir.clone());
    Ok(Access::new(bearer, sessions, &config.public_url))
}

impl StoredSessions {
    /// Sessions that `reading` reads, in the database at `database_url`; what roles mean is in the folder of the profiles.
    #[must_use]
    pub fn new(reading: Store, database_url: String, profiles_dir: PathBuf) -> Self {
        Self { reading, database_url, profiles_dir, noting: OnceCell::new() }
    }

    /// What a person may do at this moment: a change of the role counts for every session at once. A table that cannot be
    /// read gives nobody anything.
    fn rights(&self, session: &StoredSession) -> BTreeSet<Role> {
        let table = role_files::table_in_force(&self.profiles_dir).unwrap_or_else(|error| {
            tracing::warn!(error, "the table of roles cannot be read: nobody has a right by a role");
            RoleTable::default()
        });
        standing::rights(&table, session.role.as_deref(), session.ceiling.as_deref(), &session.rights)
    }

    async fn note(&self, id_hash: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let open = || async {
            let database_url = self.database_url.clone();
            Store::open(&leitwarte_store::Config { database_url, read_only: false, max_connections: 1 }).await
        };
        self.noting.get_or_try_init(open).await?.touch_session(id_hash, now).await
    }
}

impl Sessions for StoredSessions {
    async fn find(&self, id_hash: &str, now: DateTime<Utc>) -> Result<Option<KnownSession>, SessionsUnavailable> {
        let found = self.reading.session(id_hash).await.map_err(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "sessions cannot be looked up");
            SessionsUnavailable
        })?;
        let Some(session) = found.filter(|session| session.times.is_alive(now)) else { return Ok(None) };
        if session.times.wants_touch(now) {
            match timeout(NOTING, self.note(id_hash, now)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot note that a session is used");
                }
                Err(_) => tracing::info!("the database is busy: that a session is used is noted with its next request"),
            }
        }
        let roles = self.rights(&session);
        let who = Who {
            person: Some(session.person),
            tenant_id: session.tenant_id,
            object_id: session.object_id,
            name: session.name,
        };
        Ok(Some(KnownSession { who, roles }))
    }
}
