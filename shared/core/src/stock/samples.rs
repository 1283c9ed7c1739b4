//! Stocks for tests.

use proptest::prelude::*;
use uuid::Uuid;

use super::{AppliesTo, CapabilityStatus, LicenceStock};

/// A product nobody knows, with so many in force and so many assigned.
pub(crate) fn stock(id: u128, enabled: i64, consumed: i64) -> LicenceStock {
    LicenceStock {
        sku_id: Uuid::from_u128(id),
        part_number: format!("PRODUCT_{id}"),
        applies_to: AppliesTo::User,
        capability_status: CapabilityStatus::Enabled,
        enabled,
        warning: 0,
        suspended: 0,
        locked_out: 0,
        consumed,
    }
}

/// Any stock of few products and small numbers, so that two of them often overlap.
pub(crate) fn any_stock() -> impl Strategy<Value = Vec<LicenceStock>> {
    let product = (1..6_u128, 0..4_i64, 0..4_i64, 0..2_i64)
        .prop_map(|(id, enabled, consumed, warning)| LicenceStock { warning, ..stock(id, enabled, consumed) });
    prop::collection::vec(product, 0..6)
}
