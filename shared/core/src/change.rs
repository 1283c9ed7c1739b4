//! What changed in a tenant's stock between two polls.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::stock::LicenceStock;

/// One product whose numbers differ from the poll before. Unchanged products leave no trace in the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockChange {
    /// The product.
    pub sku_id: Uuid,
    /// The numbers before; `None` when the product is new in this tenant.
    pub before: Option<LicenceStock>,
    /// The numbers now; `None` when Microsoft no longer lists the product.
    pub after: Option<LicenceStock>,
}

/// Compares two polls product by product, ordered by product GUID, whatever the order of the input. A product
/// listed twice counts as its last entry.
#[must_use]
pub fn changes(before: &[LicenceStock], after: &[LicenceStock]) -> Vec<StockChange> {
    let (before, after) = (by_product(before), by_product(after));
    let ids: BTreeSet<Uuid> = before.keys().chain(after.keys()).copied().collect();
    ids.into_iter()
        .map(|sku_id| StockChange {
            sku_id,
            before: before.get(&sku_id).map(|stock| (*stock).clone()),
            after: after.get(&sku_id).map(|stock| (*stock).clone()),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

fn by_product(stock: &[LicenceStock]) -> BTreeMap<Uuid, &LicenceStock> {
    stock.iter().map(|stock| (stock.sku_id, stock)).collect()
}

/// The stock after a change, given the stock before it. Replaying a tenant's history from nothing gives its
/// current stock, ordered by product GUID.
#[must_use]
pub fn apply(stock: &[LicenceStock], changes: &[StockChange]) -> Vec<LicenceStock> {
    let mut stock = by_product(stock);
    for change in changes {
        match &change.after {
            Some(after) => stock.insert(change.sku_id, after),
            None => stock.remove(&change.sku_id),
        };
    }
    stock.into_values().cloned().collect()
}

#[cfg(test)]
mod tests;
