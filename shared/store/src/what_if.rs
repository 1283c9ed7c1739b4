//! What another threshold would have told, from the history that is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use leitwarte_core::catalogue::product_name;
use leitwarte_core::change::StockChange;
use leitwarte_core::replay::{Episode, replay};
use leitwarte_core::rules::{Definition, Rule, Rules, Scope};
use leitwarte_core::status::TenantSnapshot;
use leitwarte_core::threshold::Limit;
use uuid::Uuid;

use crate::records::HistoryEntry;
use crate::{Store, StoreError, StoreErrorKind};

/// Another threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WhatIf {
    /// Short when no more than this is free.
    pub short_at: Limit,
    /// A shortage ends when more than this is free; without it, as by the rule that holds now.
    pub clear_above: Option<Limit>,
}

/// One product of one tenant under both rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedProduct {
    /// The tenant's key.
    pub tenant: String,
    /// The tenant's name.
    pub tenant_name: String,
    /// The product.
    pub sku_id: Uuid,
    /// The product's name.
    pub product: String,
    /// Shortages by the rule that holds now.
    pub now: Vec<Episode>,
    /// Shortages by the other one.
    pub then: Vec<Episode>,
}

/// What both rules would have told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Products of which one of them would have told, by tenant.
    pub products: Vec<ReplayedProduct>,
    /// The oldest change in that time; silence before it is of a time of which nothing is known.
    pub oldest: Option<DateTime<Utc>>,
}

/// How often people would have been told: an episode that had begun before was told before.
#[must_use]
pub fn told(episodes: &[Episode]) -> usize {
    episodes.iter().filter(|episode| !episode.had_begun).count()
}

impl Replayed {
    /// How often people would have been told: by the rules that hold now, and by the other one.
    #[must_use]
    pub fn told(&self) -> (usize, usize) {
        let sum = |of: fn(&ReplayedProduct) -> &[Episode]| self.products.iter().map(|one| told(of(one))).sum();
        (sum(|one| &one.now), sum(|one| &one.then))
    }
}

impl Store {
    /// Runs another threshold over what is known since `start`, for the products of a scope: tenant by tenant, so that no more
    /// than one tenant's past is held at once, and off the threads that answer others.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn replay(&self, scope: &Scope, what_if: WhatIf, start: DateTime<Utc>) -> Result<Replayed, StoreError> {
        const OPERATION: &str = "working out what another threshold would have told";
        let rules = Arc::new(self.rules().await?);
        let mut replayed = Replayed::default();
        let tenants = self.snapshots().await?.into_iter();
        for tenant in tenants.filter(|one| scope.tenant.as_ref().is_none_or(|key| *key == one.key)) {
            let history = self.history(&tenant.key, scope.sku, start).await?;
            let rules = Arc::clone(&rules);
            let work = tokio::task::spawn_blocking(move || of_tenant(&tenant, history, &rules, what_if, start));
            let (oldest, products) =
                work.await.map_err(|error| StoreError::caused(OPERATION, StoreErrorKind::Other, error))?;
            replayed.oldest = replayed.oldest.into_iter().chain(oldest).min();
            replayed.products.extend(products);
        }
        Ok(replayed)
    }
}

/// The oldest change of one tenant, and its products of which one of both rules would have told.
fn of_tenant(
    tenant: &TenantSnapshot,
    history: Vec<HistoryEntry>,
    rules: &Rules,
    what_if: WhatIf,
    start: DateTime<Utc>,
) -> (Option<DateTime<Utc>>, Vec<ReplayedProduct>) {
    let mut products: BTreeMap<Uuid, Vec<(DateTime<Utc>, StockChange)>> = BTreeMap::new();
    for entry in history {
        products.entry(entry.change.sku_id).or_default().push((entry.at, entry.change));
    }
    let oldest = products.values().filter_map(|changes| Some(changes.first()?.0)).min();
    let both =
        products.iter().map(|(sku, changes)| both(tenant, *sku, changes, &rules.of(&tenant.key, *sku), what_if, start));
    (oldest, both.filter(|one| told(&one.now) + told(&one.then) > 0).collect())
}

fn both(
    tenant: &TenantSnapshot,
    sku_id: Uuid,
    changes: &[(DateTime<Utc>, StockChange)],
    present: &Rule,
    what_if: WhatIf,
    start: DateTime<Utc>,
) -> ReplayedProduct {
    let other = Definition {
        short_at: Some(what_if.short_at),
        clear_above: what_if.clear_above.or(present.clear_above),
        ..present.clone()
    };
    let is_trial = tenant.is_trial(sku_id);
    let run = |rule: &Rule| replay(changes, rule, tenant.count_warning_units, is_trial, start);
    let last = changes.iter().rev().find_map(|(_, change)| change.after.as_ref().or(change.before.as_ref()));
    ReplayedProduct {
        tenant: tenant.key.clone(),
        tenant_name: tenant.tenant_name.clone(),
        sku_id,
        product: last.map_or_else(|| sku_id.to_string(), |stock| product_name(sku_id, &stock.part_number).to_owned()),
        now: run(present),
        then: run(&other),
    }
}
