//! The subscriptions behind a stock: made up from its numbers, always the same for the same tenant and product.

use chrono::{DateTime, Datelike as _, NaiveTime, TimeDelta, Utc};
use leitwarte_core::catalogue;
use leitwarte_core::stock::{CapabilityStatus, LicenceStock};
use leitwarte_core::subscription::Subscription;
use uuid::Uuid;

use crate::demo::scatter;

/// The first day on which anything was bought.
const FIRST: DateTime<Utc> = DateTime::from_timestamp(1_672_531_200, 0).expect("2023-01-01");

/// The subscription ids that `subscribedSkus` names are those of the first state that has licences.
pub(crate) fn id(tenant: Uuid, sku_id: Uuid) -> Uuid {
    // Any stable GUID will do: the product's, turned by the tenant's.
    Uuid::from_u128(sku_id.as_u128() ^ tenant.as_u128().rotate_left(7))
}

/// One subscription for each state in which a product has licences.
pub(crate) fn behind(tenant: Uuid, stock: &[LicenceStock], now: DateTime<Utc>) -> Vec<Subscription> {
    let mut subscriptions = Vec::new();
    for stock in stock {
        let states = [
            (CapabilityStatus::Enabled, stock.enabled),
            (CapabilityStatus::Warning, stock.warning),
            (CapabilityStatus::Suspended, stock.suspended),
            (CapabilityStatus::LockedOut, stock.locked_out),
        ];
        for (number, (status, licences)) in (0_u128..).zip(states.into_iter().filter(|(_, licences)| *licences > 0)) {
            let id = Uuid::from_u128(id(tenant, stock.sku_id).as_u128() ^ number);
            let chance = scatter(id.as_u64_pair().1);
            let created_at = FIRST + TimeDelta::days((chance % 900).cast_signed());
            let next_lifecycle_at = match status {
                // Free products have no end.
                _ if catalogue::is_unmetered(stock.sku_id) => None,
                CapabilityStatus::Enabled => anniversary(created_at, now),
                // A grace period lasts a month; here it is always somewhere in it, as the numbers are.
                _ => Some(midnight(now) + TimeDelta::days(3 + ((chance >> 16) % 25).cast_signed())),
            };
            subscriptions.push(Subscription {
                id,
                sku_id: stock.sku_id,
                part_number: stock.part_number.clone(),
                status,
                licences,
                is_trial: stock.part_number.contains("TRIAL"),
                created_at: Some(created_at),
                next_lifecycle_at,
            });
        }
    }
    subscriptions
}

fn midnight(at: DateTime<Utc>) -> DateTime<Utc> {
    at.date_naive().and_time(NaiveTime::MIN).and_utc()
}

/// The next yearly renewal.
fn anniversary(created_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let years = [now.year(), now.year() + 1];
    // The 29th of February is renewed when there is one.
    years.into_iter().filter_map(|year| created_at.with_year(year)).find(|at| *at > now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{TENANTS, stock_after};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_763_856_000, 0).expect("a time")
    }

    #[test]
    fn every_licence_of_the_demo_belongs_to_a_subscription_that_ends_within_a_year_or_never() {
        for tenant in TENANTS {
            let stock = stock_after(tenant.key, TimeDelta::zero()).expect("a demo tenant");
            let subscriptions = behind(tenant.tenant_id, &stock, now());
            let bought: i64 = stock.iter().map(|stock| stock.enabled + stock.warning).sum();
            assert_eq!(subscriptions.iter().map(|one| one.licences).sum::<i64>(), bought);
            for at in subscriptions.iter().filter_map(|one| one.next_lifecycle_at) {
                assert!(at > now() && at - now() <= TimeDelta::days(366), "{at}");
            }
            assert_eq!(subscriptions, behind(tenant.tenant_id, &stock, now()), "always the same");
        }
    }
}
