//! From Graph's words to ours. What Graph leaves out is filled where that can neither hide nor invent a shortage; what
//! cannot be filled so (bought units of what is in use, consumed units of what is bought) fails the whole poll, and
//! the last good numbers stay.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use leitwarte_core::Uuid;
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};

use super::SubscribedSku;
use crate::error::{BadAnswer, identifier};

/// Converts a whole list. A product listed twice with the same numbers (pages that shifted while they were read)
/// counts once; with different numbers nobody can tell which are right.
pub(super) fn stock(skus: Vec<SubscribedSku>) -> Result<Vec<LicenceStock>, BadAnswer> {
    let mut by_id = BTreeMap::new();
    for (index, sku) in skus.into_iter().enumerate() {
        let shown = shown_name(&sku, index);
        let stock = convert(sku).map_err(|problem| BadAnswer::Sku { sku: shown.clone(), problem })?;
        match by_id.entry(stock.sku_id) {
            Entry::Vacant(place) => {
                place.insert(stock);
            }
            Entry::Occupied(other) if *other.get() == stock => {}
            Entry::Occupied(_) => {
                return Err(BadAnswer::Sku { sku: shown, problem: "is listed twice with different numbers" });
            }
        }
    }
    Ok(by_id.into_values().collect())
}

fn convert(sku: SubscribedSku) -> Result<LicenceStock, &'static str> {
    let id = sku.sku_id.ok_or("has no skuId")?;
    let sku_id = Uuid::parse_str(&id).ok().filter(|id| !id.is_nil()).ok_or("has a skuId that is not a GUID")?;
    let prepaid = sku.prepaid_units.unwrap_or_default();
    // Older answers leave out lockedOut. The units in other states than enabled are extra: without them, none.
    let count = |units: Option<i64>| match units.unwrap_or(0) {
        ..0 => Err("has a negative number of units"),
        units => Ok(units),
    };
    let (enabled, warning) = (count(prepaid.enabled)?, count(prepaid.warning)?);
    let (suspended, locked_out) = (count(prepaid.suspended)?, count(prepaid.locked_out)?);
    // Only what people are assigned can run out, so an unknown word counts as that.
    let applies_to = sku.applies_to.as_deref().and_then(AppliesTo::parse).unwrap_or(AppliesTo::User);
    let consumed = match sku.consumed_units {
        Some(..0) => return Err("has a negative number of consumed units"),
        Some(units) => units,
        // Zero would make every licence look free. Where that cannot matter, nothing is lost by it.
        None if applies_to == AppliesTo::Company || (enabled, warning) == (0, 0) => 0,
        None => return Err("has no number of consumed units"),
    };
    // Zero would make every licence in use an over-assignment.
    if prepaid.enabled.is_none() && applies_to == AppliesTo::User && consumed > 0 {
        return Err("has no number of bought units");
    }
    let units = [
        (enabled, CapabilityStatus::Enabled),
        (warning, CapabilityStatus::Warning),
        (suspended, CapabilityStatus::Suspended),
        (locked_out, CapabilityStatus::LockedOut),
    ];
    // An unknown word is replaced by what the units say; it is shown and decides nothing.
    let capability_status = sku.capability_status.as_deref().and_then(CapabilityStatus::parse).unwrap_or_else(|| {
        units.iter().find(|(units, _)| *units > 0).map_or(CapabilityStatus::Enabled, |(_, status)| *status)
    });
    let part_number = sku.sku_part_number.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| sku_id.to_string());
    Ok(LicenceStock {
        sku_id,
        part_number,
        applies_to,
        capability_status,
        enabled,
        warning,
        suspended,
        locked_out,
        consumed,
    })
}

/// How a message names a product: by what identifies it, else by its place in the list.
fn shown_name(sku: &SubscribedSku, index: usize) -> String {
    let name = |text: &Option<String>| text.as_deref().and_then(identifier);
    name(&sku.sku_part_number).or_else(|| name(&sku.sku_id)).unwrap_or_else(|| format!("number {}", index + 1))
}

#[cfg(test)]
mod tests;
