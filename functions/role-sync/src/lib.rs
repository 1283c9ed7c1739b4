//! The function `role-sync`: carries changes of roles to Entra and compares both sides.
//!
//! A change is accepted elsewhere and written down as an operation; this function carries it out by the protocol of
//! `leitwarte_core::roles::protocol`, each step written down before the next one. It may end anywhere: the next run goes on.
//! One process at a time works on an operation (a lease); one that lost it writes nothing, because each step checks the version.
//!
//! This is the only function with a certificate that may write app role assignments.

mod drive;
pub mod edge;
mod event;
mod graph;
mod reconcile;
mod stored;
mod telling;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use leitwarte_core::Uuid;
use leitwarte_core::auth_profile::AuthProfile;
use leitwarte_core::hosts;
use leitwarte_core::message::words::Language;
use leitwarte_core::roles::operation::Phase;
use leitwarte_core::roles::profile::RoleSyncProfile;
use leitwarte_core::roles::protocol::Fault;
use leitwarte_core::roles::words::Problem;
use leitwarte_graph::{AllowedHosts, AppRegistration, GraphClient};
use leitwarte_runtime::{Config, FunctionError, role_files};
use leitwarte_store::{Asked, Store};
use leitwarte_web::auth_file::AuthFile;

use drive::Driven;
pub use drive::{LEASE, LONGEST_TASK, Worker};
use edge::{Clock, Directory, Ledger};
pub use event::{ComparisonReport, Event, ObjectIdReport, OperationReport, Report};
pub use graph::GraphDirectory;
pub use stored::{MachineClock, StoredRoles};

/// Kept for writing down how it went.
const RESERVE: Duration = Duration::from_secs(5);
/// Operations carried out beside each other; each mostly waits for lists.
const AT_ONCE: usize = 8;

/// What the handler needs.
#[derive(Debug)]
pub struct Deps {
    store: Store,
    graph: GraphClient,
    profiles_dir: PathBuf,
    hosts: hosts::AllowedHosts,
    clock: MachineClock,
}

impl Deps {
    /// Opens the database and prepares the client of Microsoft Graph.
    ///
    /// # Errors
    /// A setting that cannot be used, or a database that cannot be opened.
    pub async fn open(config: &Config, now: fn() -> DateTime<Utc>, new_id: fn() -> Uuid) -> anyhow::Result<Self> {
        let hosts = AllowedHosts::parse(&config.graph_extra_hosts)?;
        let graph = leitwarte_graph::Config::new(&config.profiles_dir, hosts, now, new_id);
        let graph = GraphClient::new(graph).context("cannot build the client of Microsoft Graph")?;
        let store =
            leitwarte_store::Config { database_url: config.database_url.clone(), read_only: false, max_connections: 2 };
        let store = Store::open(&store).await.context("cannot open the database")?;
        let hosts = hosts::AllowedHosts::parse(&config.graph_extra_hosts)?;
        Ok(Self::new(store, graph, (config.profiles_dir.clone(), hosts), MachineClock { now, new_id }))
    }

    /// Puts given parts together: the folder of the profiles, and the hosts beside Microsoft's where people may sign in.
    #[must_use]
    pub fn new(
        store: Store,
        graph: GraphClient,
        (profiles_dir, hosts): (PathBuf, hosts::AllowedHosts),
        clock: MachineClock,
    ) -> Self {
        Self { store, graph, profiles_dir, hosts, clock }
    }

    /// The sign-in profile, if it is of the application whose roles are compared. Without one, or with one that sign-in
    /// refuses, too, nobody loses a session by an app role.
    fn sign_in(&self, profile: &RoleSyncProfile) -> Option<Arc<AuthProfile>> {
        let sign_in = match AuthFile::new(&self.profiles_dir, self.hosts.clone()).current(self.clock.now()) {
            Ok(sign_in) => sign_in,
            Err(error) => {
                tracing::debug!(error = &*error as &dyn std::error::Error, "rights of sessions are not compared");
                return None;
            }
        };
        let same = (sign_in.tenant_id, sign_in.client_id) == (profile.app.tenant_id, profile.application);
        same.then_some(sign_in)
    }
}

/// Does what an event asks for until `deadline`, when the host gives up.
///
/// # Errors
/// Files or database cannot be read; a wish that is refused; an operation asked for by hand that was given up. What goes
/// wrong with operations under way is in the [`Report`] and in the database.
pub async fn handle(deps: &Deps, event: &Event, deadline: Instant) -> Result<Report, FunctionError> {
    let unusable = |error| FunctionError::new("ProfilesFailed", error);
    let table = role_files::table(&deps.profiles_dir).map_err(unusable)?;
    let Some(profile) = role_files::profile(&deps.profiles_dir).map_err(unusable)? else {
        return match event {
            Event::Tick => Ok(Report { off: true, ..Report::default() }),
            _ => Err(FunctionError::new("RolesOff", "There is no roles/role-sync-profile.json; see the README.")),
        };
    };
    let tenant = profile.app.tenant_id;
    let directory = GraphDirectory::new(deps.graph.clone(), AppRegistration::from(&profile.app), profile.application);
    let ledger = StoredRoles { store: deps.store.clone(), tenant };
    let sign_in = deps.sign_in(&profile);
    let worker = Worker {
        directory: &directory,
        ledger: &ledger,
        clock: &deps.clock,
        table: &table,
        sign_in: sign_in.as_deref(),
    };
    let left = deadline.saturating_duration_since(Instant::now()).saturating_sub(RESERVE);
    let end = deps.clock.now() + TimeDelta::from_std(left).unwrap_or_default();
    match event {
        Event::Wish { person, wish } => {
            let asked = deps.store.ask_for_role(&table, (tenant, *person), wish, None, deps.clock.now()).await?;
            match asked {
                Asked::Accepted(number) => worker.run(&Event::Operation(number), end).await,
                Asked::Refused(refusal) => {
                    Err(FunctionError::new("RoleChangeRefused", refusal.text(&table, Language::En)))
                }
            }
        }
        event => worker.run(event, end).await,
    }
}

impl<D: Directory, L: Ledger, C: Clock> Worker<'_, D, L, C> {
    /// Works on roles until `end`.
    ///
    /// # Errors
    /// The database; an operation asked for by its number that was given up.
    pub async fn run(&self, event: &Event, end: DateTime<Utc>) -> Result<Report, FunctionError> {
        if *event == Event::BackfillObjectIds {
            return Ok(Report { object_ids: Some(self.backfill().await?), ..Report::default() });
        }
        let mut report = Report::default();
        let text = |problem: &Problem| problem.text(self.table, Language::En);
        let numbers = match event {
            Event::Operation(number) => vec![*number],
            _ => self.ledger.under_way().await?,
        };
        let drive = |number| self.drive(number, end);
        let driven: Vec<Driven> = stream::iter(numbers).map(drive).buffered(AT_ONCE).try_collect().await?;
        let mut given_up = None;
        for one in driven {
            match one {
                Driven::Done(operation) => {
                    telling::log(&operation, self.table);
                    report.operations.push(OperationReport::of(&operation, text));
                    given_up = operation.problem.filter(|_| operation.phase == Phase::Aborted);
                }
                Driven::Busy => report.busy = true,
                Driven::Unknown => return Err(FunctionError::new("UnknownOperation", "There is no such change.")),
            }
        }
        // A comparison that is due and has too little time left is the next minute's.
        let has_time = self.clock.now() + LONGEST_TASK <= end;
        if *event == Event::Reconcile || (*event == Event::Tick && has_time && self.is_due().await?) {
            report.compared = self.reconcile().await?.map(|compared| ComparisonReport {
                people: compared.people,
                findings: compared.findings,
                problem: compared.problem.as_ref().map(text),
            });
        }
        match (event, given_up) {
            (Event::Operation(_), Some(problem)) => Err(FunctionError::new("RoleChangeAborted", text(&problem))),
            _ => Ok(report),
        }
    }

    /// Looks up the object ids of people who have none, by the names they sign in with.
    async fn backfill(&self) -> Result<ObjectIdReport, FunctionError> {
        let people = self.ledger.people().await?;
        let people: Vec<_> = people.into_iter().filter(|one| one.object_id.is_none()).collect();
        let names: Vec<String> = people.iter().map(|one| one.user_name.clone()).collect();
        let found = self.directory.object_ids(&names).await.map_err(|fault| {
            let (Fault::Passing(problem) | Fault::Final(problem)) = fault;
            FunctionError::new("EntraFailed", problem.text(self.table, Language::En))
        })?;
        let mut report = ObjectIdReport::default();
        for (person, object_id) in people.iter().zip(found) {
            let filled = match object_id {
                Some(id) => self.ledger.fill_object_id(person.number, id, self.clock.now()).await?,
                None => false,
            };
            if filled {
                report.found += 1;
            } else {
                report.missing.push(person.user_name.clone());
            }
        }
        Ok(report)
    }
}
