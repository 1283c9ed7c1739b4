//! Every tenant and every licence as the pages show them, made once per revision of the data.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use leitwarte_core::catalogue::{product_name, product_name_de};
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::status::{Staleness, StatusRow, TenantSnapshot};
use leitwarte_core::stock::StockState;
use leitwarte_core::{DateTime, Utc, Uuid};
use leitwarte_store::{Revision, Store, TenantInfo};
use leitwarte_web::http::Language;
use leitwarte_web::problem::{Problem, ProblemKind};

use crate::Deps;
use crate::revision_cache::Timed;
use crate::status_cache::nothing_is_known;
use crate::status_table::next_change;
use crate::store_problem::{not_polled_yet, store_problem};

/// Every tenant, and every licence, the worst first.
#[derive(Debug)]
pub(crate) struct Board {
    /// The tenants, worst first.
    pub(crate) tenants: Vec<Tenant>,
    /// Their licences, worst first of all.
    pub(crate) rows: Vec<Row>,
    /// When all due tenants were last polled.
    pub(crate) last_tick: Option<DateTime<Utc>>,
    valid_until: Option<DateTime<Utc>>,
}

/// A tenant at a glance.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// What is known of it besides its stock.
    pub(crate) info: TenantInfo,
    /// Why its numbers are too old; `None` for fresh ones.
    pub(crate) stale: Option<Staleness>,
    /// How many of its licences are in which state.
    pub(crate) counts: Counts,
}

/// How many licences are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts([usize; STATES.len()]);

/// Every state, the worst first.
pub(crate) const STATES: [StockState; 7] = [
    StockState::Short,
    StockState::Unknown,
    StockState::Low,
    StockState::Fine,
    StockState::Excluded,
    StockState::Unmetered,
    StockState::CompanyWide,
];

/// One licence of one tenant, or a tenant of which no licence is known.
#[derive(Debug)]
pub(crate) struct Row {
    /// Index of its tenant.
    pub(crate) tenant: usize,
    /// Microsoft's GUID of the product.
    pub(crate) sku_id: Option<Uuid>,
    /// Microsoft's short name; empty where no licence is known.
    pub(crate) part_number: String,
    german: Box<str>,
    english: Box<str>,
    /// Usable licences.
    pub(crate) available: Option<i64>,
    /// Assigned ones.
    pub(crate) consumed: Option<i64>,
    /// Those left.
    pub(crate) free: Option<i64>,
    /// What to think of it.
    pub(crate) state: StockState,
    /// All that it can be found by, in lower case.
    pub(crate) haystack: Box<str>,
}

impl Counts {
    /// How many are in this state.
    pub(crate) fn of(&self, state: StockState) -> usize {
        self.0[index(state)]
    }

    /// Counts one more.
    pub(crate) fn add(&mut self, state: StockState) {
        self.0[index(state)] += 1;
    }
}

fn index(state: StockState) -> usize {
    // `StockState` is ordered as `STATES` is.
    state as usize
}

impl Row {
    /// The product's name, or the part number of one without.
    pub(crate) fn product(&self, language: Language) -> &str {
        match language {
            Language::German => &self.german,
            Language::English => &self.english,
        }
    }
}

impl Tenant {
    /// The name pages show.
    pub(crate) fn name(&self) -> &str {
        shown_name(&self.info)
    }

    /// Sort key that puts what needs a person first: shortages, then numbers that cannot be relied on, then what is low;
    /// last what is switched off.
    fn severity(&self) -> (bool, Reverse<usize>, bool, Reverse<usize>, String) {
        let of = |state| Reverse(self.counts.of(state));
        let name = self.name().to_lowercase();
        (!self.info.enabled, of(StockState::Short), self.stale.is_none(), of(StockState::Low), name)
    }
}

/// The name pages show of a tenant.
pub(crate) fn shown_name(info: &TenantInfo) -> &str {
    info.display_name.as_deref().unwrap_or(&info.tenant_name)
}

impl Timed for Board {
    fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        self.valid_until.is_none_or(|until| now < until)
    }
}

impl Board {
    /// The board as data and time are now, with the revision it stands for.
    ///
    /// # Errors
    /// If the database does not answer, or nothing has been polled yet.
    pub(crate) async fn current(deps: &Deps) -> Result<(i64, Arc<Self>), Problem> {
        let now = (deps.clock)();
        let read = async |revision: &Revision| Self::read(&deps.store, &deps.polls, now, revision).await;
        deps.board.current(&deps.store, now, read).await
    }

    async fn read(
        store: &Store,
        policy: &PollPolicy,
        now: DateTime<Utc>,
        revision: &Revision,
    ) -> Result<Self, Problem> {
        let snapshots = store.snapshots().await.map_err(store_problem)?;
        if nothing_is_known(revision, &snapshots) {
            return Err(not_polled_yet());
        }
        let infos = store.tenants().await.map_err(store_problem)?;
        let (policy, last_tick) = (*policy, revision.last_tick);
        // A thousand tenants take a while: not on the threads that answer other requests.
        let built =
            tokio::task::spawn_blocking(move || Self { last_tick, ..Self::build(&snapshots, infos, &policy, now) });
        built.await.map_err(|error| {
            tracing::error!(%error, "cannot put the board together");
            Problem::new(ProblemKind::Internal, "The page could not be written; the log of api-read says why.")
        })
    }

    /// Judges and sorts. A tenant that is in only one of both lists was just added or removed, and is left out.
    pub(crate) fn build(
        snapshots: &[TenantSnapshot],
        infos: Vec<TenantInfo>,
        policy: &PollPolicy,
        now: DateTime<Utc>,
    ) -> Self {
        let mut infos: HashMap<String, TenantInfo> = infos.into_iter().map(|info| (info.key.clone(), info)).collect();
        let mut judged: Vec<(Tenant, Vec<StatusRow>)> = Vec::with_capacity(snapshots.len());
        for snapshot in snapshots {
            let Some(info) = infos.remove(&snapshot.key) else { continue };
            let rows = snapshot.rows(policy, now);
            let mut counts = Counts::default();
            for row in &rows {
                counts.add(row.state);
            }
            judged.push((Tenant { info, stale: snapshot.staleness(policy, now), counts }, rows));
        }
        judged.sort_by_cached_key(|(tenant, _)| tenant.severity());
        let valid_until = snapshots.iter().filter_map(|snapshot| next_change(snapshot, policy, now)).min();
        let (mut tenants, mut sortable) = (Vec::with_capacity(judged.len()), Vec::new());
        for (index, (tenant, rows)) in judged.into_iter().enumerate() {
            sortable.extend(rows.into_iter().map(|row| (index, row)));
            tenants.push(tenant);
        }
        sortable.sort_by(|(_, a), (_, b)| a.severity().cmp(&b.severity()));
        let rows = sortable.into_iter().map(|(index, row)| Row::new(index, &tenants[index], row)).collect();
        Self { tenants, rows, last_tick: None, valid_until }
    }

    /// The tenant with this key, else one with this exact name: the one pages show or the one the API shows.
    pub(crate) fn tenant(&self, key_or_name: &str) -> Option<&Tenant> {
        let by = |matches: fn(&Tenant, &str) -> bool| self.tenants.iter().find(|one| matches(one, key_or_name));
        by(|tenant, key| tenant.info.key == key)
            .or_else(|| by(|tenant, name| tenant.info.tenant_name == name))
            .or_else(|| by(|tenant, name| tenant.name() == name))
    }

    /// How many licences of all tenants are in which state.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in &self.rows {
            counts.add(row.state);
        }
        counts
    }
}

impl Row {
    fn new(index: usize, tenant: &Tenant, row: StatusRow) -> Self {
        let part_number = row.skupartnumber.unwrap_or_default();
        let id = row.skuid.unwrap_or_default();
        let (german, english) = (product_name_de(id, &part_number), product_name(id, &part_number));
        let info = &tenant.info;
        let haystack = [tenant.name(), &info.tenant_name, &info.key, german, english, &part_number].join("\n");
        let haystack = format!("{haystack}\n{id}").to_lowercase().into();
        Self {
            tenant: index,
            sku_id: row.skuid,
            german: german.into(),
            english: english.into(),
            available: row.available_units,
            consumed: row.consumed_units,
            free: row.free_units,
            state: row.state,
            haystack,
            part_number,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
