//! What changed in a tenant's stock between two polls.

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

/// Compares two polls product by product, ordered by product GUID, whatever the order of the input.
#[must_use]
pub fn changes(before: &[LicenceStock], after: &[LicenceStock]) -> Vec<StockChange> {
    let find = |list: &[LicenceStock], id| list.iter().find(|stock| stock.sku_id == id).cloned();
    let mut ids: Vec<Uuid> = before.iter().chain(after).map(|stock| stock.sku_id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter()
        .map(|sku_id| StockChange { sku_id, before: find(before, sku_id), after: find(after, sku_id) })
        .filter(|change| change.before != change.after)
        .collect()
}
