//! What the database knows, as the planner wants it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use leitwarte_core::catalogue;
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::sharepoint::rows::{Licence, Numbers, Tenant};
use leitwarte_core::status::TenantSnapshot;
use leitwarte_core::stock::{AppliesTo, LicenceStock};
use leitwarte_store::{Store, StoreError, TenantInfo};

/// A SharePoint text column holds no more.
const LONGEST_TEXT: usize = 255;

/// Every tenant with what is known of it; the numbers only while they are fresh.
pub(crate) async fn read(store: &Store, policy: &PollPolicy, now: DateTime<Utc>) -> Result<Vec<Tenant>, StoreError> {
    let snapshots = store.snapshots().await?;
    let mut snapshots: HashMap<String, TenantSnapshot> =
        snapshots.into_iter().map(|snapshot| (snapshot.key.clone(), snapshot)).collect();
    let tenants = store.tenants().await?;
    Ok(tenants.into_iter().map(|info| tenant(&info, snapshots.remove(&info.key), policy, now)).collect())
}

fn tenant(info: &TenantInfo, snapshot: Option<TenantSnapshot>, policy: &PollPolicy, now: DateTime<Utc>) -> Tenant {
    let fresh = snapshot.filter(|snapshot| snapshot.stale_reason(policy, now).is_none());
    let licences = fresh.map(|snapshot| {
        let licence = |stock: &LicenceStock| licence(stock, snapshot.count_warning_units);
        snapshot.stock.iter().map(licence).collect()
    });
    Tenant {
        key: info.key.clone(),
        name: info.tenant_name.clone(),
        enabled: info.profile_enabled,
        switched_on: info.enabled,
        monitoring: info.monitoring,
        cert_expires: info.certificate_ends_at.map(|ends| ends.date_naive()),
        licences,
    }
}

fn licence(stock: &LicenceStock, count_warning_units: bool) -> Licence {
    let part_number = stock.part_number.clone();
    let name = catalogue::product_name(stock.sku_id, &part_number);
    let title = if name == part_number { part_number.clone() } else { title(name, &part_number) };
    Licence {
        sku_id: stock.sku_id,
        title,
        numbers: Numbers {
            available: stock.usable(count_warning_units),
            consumed: stock.consumed,
            free: stock.free(count_warning_units),
        },
        alerts: stock.applies_to == AppliesTo::User && !catalogue::is_unmetered(stock.sku_id),
        part_number,
    }
}

/// `Product name (PART_NUMBER)`. The part number is whole, because rows are found again by it.
fn title(name: &str, part_number: &str) -> String {
    let room = LONGEST_TEXT.saturating_sub(part_number.chars().count() + 3);
    let name: String = name.chars().take(room).collect();
    format!("{name} ({part_number})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_fits_its_column_and_keeps_the_part_number() {
        assert_eq!(title("Office 365 E3", "ENTERPRISEPACK"), "Office 365 E3 (ENTERPRISEPACK)");
        let long = title(&"x".repeat(300), "SPB");
        assert_eq!(long.chars().count(), 255);
        assert!(long.ends_with(" (SPB)"));
    }
}
