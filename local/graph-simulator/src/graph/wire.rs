//! A product as Graph writes it.
//!
//! Source: Microsoft Learn, "subscribedSku resource type". The schema lets nearly everything be null, and real answers
//! do: some products here lack `lockedOut`, `accountName` or their subscriptions, always the same ones.

use leitwarte_core::stock::{AppliesTo, LicenceStock};
use serde_json::{Map, Value, json};

use crate::subscriptions;
use crate::world::Tenant;

/// Every property of the resource, in Graph's spelling.
pub(crate) const PROPERTIES: [&str; 11] = [
    "accountId",
    "accountName",
    "appliesTo",
    "capabilityStatus",
    "consumedUnits",
    "id",
    "prepaidUnits",
    "servicePlans",
    "skuId",
    "skuPartNumber",
    "subscriptionIds",
];

/// Service plans that stand in many products: name, GUID, to whom they apply.
const SERVICE_PLANS: [(&str, &str, &str); 6] = [
    ("EXCHANGE_S_FOUNDATION", "113feb6c-3fe4-4440-bddc-54d774bf0318", "Company"),
    ("EXCHANGE_S_STANDARD", "9aaf7827-d63c-4b61-89c3-182f06f82e5c", "User"),
    ("SHAREPOINTSTANDARD", "c7699d2e-19aa-44de-8edf-1736da088ca1", "User"),
    ("TEAMS1", "57ff2da0-773e-42df-b2af-ffb7a2317929", "User"),
    ("OFFICESUBSCRIPTION", "43de0ff5-c92c-492b-9116-175376d08c38", "User"),
    ("INTUNE_A", "c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "User"),
];

/// The resource with all its properties.
pub(crate) fn subscribed_sku(tenant: &Tenant, stock: &LicenceStock) -> Map<String, Value> {
    let quirk = stock.sku_id.as_bytes()[15] % 5;
    let mut prepaid = json!({
        "enabled": stock.enabled,
        "suspended": stock.suspended,
        "warning": stock.warning,
        "lockedOut": stock.locked_out,
    });
    if let (true, Some(units)) = (quirk == 1 && stock.locked_out == 0, prepaid.as_object_mut()) {
        units.remove("lockedOut");
    }
    let plans = if stock.applies_to == AppliesTo::Company { 1 } else { 1 + usize::from(quirk) };
    let service_plans: Vec<Value> = SERVICE_PLANS[..plans]
        .iter()
        .map(|(name, id, applies_to)| {
            json!({
                "servicePlanId": id,
                "servicePlanName": name,
                "provisioningStatus": "Success",
                "appliesTo": applies_to,
            })
        })
        .collect();
    let subscriptions = if quirk == 3 { json!([]) } else { json!([subscriptions::id(tenant.id, stock.sku_id)]) };
    let account_name = if quirk == 4 { Value::Null } else { Value::String(tenant.name.clone()) };
    let properties = [
        ("accountId", json!(tenant.id)),
        ("accountName", account_name),
        ("appliesTo", json!(stock.applies_to.as_str())),
        ("capabilityStatus", json!(stock.capability_status.as_str())),
        ("consumedUnits", json!(stock.consumed)),
        ("id", json!(format!("{}_{}", tenant.id, stock.sku_id))),
        ("prepaidUnits", prepaid),
        ("servicePlans", Value::Array(service_plans)),
        ("skuId", json!(stock.sku_id)),
        ("skuPartNumber", json!(stock.part_number)),
        ("subscriptionIds", subscriptions),
    ];
    properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
