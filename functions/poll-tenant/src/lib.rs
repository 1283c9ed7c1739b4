//! The function `poll-tenant`: reads the licences of every tenant that is due and stores them.
//!
//! One invocation loads the profiles, carries them into the database, claims the due tenants, polls them side by
//! side and stores the results in groups as they come. Tenants that were read are asked every six hours what they have
//! bought. A tenant's trouble is that tenant's: it is recorded with what
//! to do about it, and the others go on. Healthy tenants are not held up by hanging ones, up to a number: see [`places`].
//!
//! The tick also deletes what is older than it is to be kept (`leitwarte_core::retention`): nothing else writes most of it, and
//! a database that nobody polls into does not grow.
//!
//! A scheduled event polls all that are due, `{}` everybody, `{"tenant": "contoso"}` one. Among many, a poll that fails
//! is part of the answer (`failed`) and not a failed invocation: it is recorded, and the next tick tries again, so the
//! host must not repeat it. Who asked for one tenant gets its failure as an error. An invocation also fails when it could not do its work: unknown, disabled or busy tenant, no
//! time left, unreadable profiles folder, database trouble.

mod event;
mod invocation;
pub mod places;
mod poll;
mod recorder;
mod source;
mod subscriptions;
mod times;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use leitwarte_core::Uuid;
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::retention::Retention;
use leitwarte_graph::{AllowedHosts, GraphClient, Limits};
use leitwarte_runtime::{Config, ProfilesFolder};
use leitwarte_store::Store;

pub use event::{Event, FailedPoll, Report};
pub use invocation::handle;
use places::Places;
pub use source::{Reading, StockSource};

/// Connections to the database: one writes, the others are for what runs beside it.
const CONNECTIONS: u32 = 4;

/// What the handler needs.
#[derive(Debug)]
pub struct Deps<Source = GraphClient> {
    store: Store,
    source: Source,
    profiles: ProfilesFolder,
    polls: PollPolicy,
    retention: Retention,
    clock: fn() -> DateTime<Utc>,
    places: Places,
}

impl Deps {
    /// Opens the database and prepares the client of Microsoft Graph.
    ///
    /// # Errors
    /// A setting that cannot be used, or a database that cannot be opened.
    pub async fn open(
        config: &Config,
        clock: fn() -> DateTime<Utc>,
        new_id: fn() -> Uuid,
    ) -> anyhow::Result<Arc<Self>> {
        let hosts = AllowedHosts::parse(&config.graph_extra_hosts)?;
        let mut graph = leitwarte_graph::Config::new(&config.profiles_dir, hosts, clock, new_id);
        // A poll sends one request at a time, so `places` bounds the requests too, and the client never has to.
        graph.limits = Limits { max_in_flight: places::IN_FLIGHT, ..graph.limits };
        let store = leitwarte_store::Config {
            database_url: config.database_url.clone(),
            read_only: false,
            max_connections: CONNECTIONS,
        };
        let store = Store::open(&store).await.context("cannot open the database")?;
        let source = GraphClient::new(graph).context("cannot build the client of Microsoft Graph")?;
        let deps = Self::of(store, source, config.profiles_dir.clone(), config.polls, clock);
        Ok(Arc::new(Self { retention: config.retention, ..deps }))
    }
}

impl<Source> Deps<Source> {
    /// Puts given parts together; data is kept for as long as it is by default.
    pub fn new(
        store: Store,
        source: Source,
        profiles_dir: PathBuf,
        polls: PollPolicy,
        clock: fn() -> DateTime<Utc>,
    ) -> Arc<Self> {
        Arc::new(Self::of(store, source, profiles_dir, polls, clock))
    }

    fn of(
        store: Store,
        source: Source,
        profiles_dir: PathBuf,
        polls: PollPolicy,
        clock: fn() -> DateTime<Utc>,
    ) -> Self {
        let (profiles, retention) = (ProfilesFolder::new(profiles_dir), Retention::default());
        Self { store, source, profiles, polls, retention, clock, places: Places::default() }
    }
}
