//! What is needed to look ahead: a tenant's stock, its history of some weeks, and the rules.

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::catalogue::product_name;
use leitwarte_core::forecast::{Outlook, WINDOW, assigned, outlook};
use leitwarte_core::message::words::Language;
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::status::TenantSnapshot;
use leitwarte_core::stock::LicenceStock;
use serde_json::{Value, json};

use crate::{Store, StoreError};

/// How long one product of a tenant lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductOutlook {
    /// Its numbers.
    pub stock: LicenceStock,
    /// Licences left, the reserve taken off.
    pub free: i64,
    /// How long they last.
    pub outlook: Outlook,
}

/// How long the products of a tenant last.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantOutlook {
    /// The tenant.
    pub tenant: TenantSnapshot,
    /// Why the numbers are too old to look ahead from; `products` is empty then.
    pub stale: Option<String>,
    /// Each product that can run out, the most urgent first.
    pub products: Vec<ProductOutlook>,
}

impl Store {
    /// Looks ahead for one tenant, found as in [`Store::snapshot`].
    ///
    /// # Errors
    /// Those of reading.
    pub async fn outlook(
        &self,
        key_or_name: &str,
        polls: &PollPolicy,
        now: DateTime<Utc>,
    ) -> Result<Option<TenantOutlook>, StoreError> {
        let Some(tenant) = self.snapshot(key_or_name).await? else { return Ok(None) };
        let stale = tenant.stale_reason(polls, now);
        if stale.is_some() {
            return Ok(Some(TenantOutlook { tenant, stale, products: Vec::new() }));
        }
        let start = now - TimeDelta::days(WINDOW);
        let changes = self.history(&tenant.key, None, start).await?;
        let changes: Vec<_> = changes.into_iter().map(|entry| (entry.at, entry.change)).collect();
        let first_seen = self.first_seen(&tenant.key).await?.unwrap_or(now);
        let rules = self.rules().await?;
        let mut products: Vec<ProductOutlook> = Vec::new();
        for stock in &tenant.stock {
            let rule = rules.of(&tenant.key, stock.sku_id);
            if !rule.alerts(stock) {
                continue;
            }
            let free = rule.free(stock, tenant.count_warning_units);
            let history = assigned(&changes, stock, first_seen, start);
            let outlook = outlook(&history, free, rule.delivery_days, now);
            products.push(ProductOutlook { stock: stock.clone(), free, outlook });
        }
        products.sort_by_key(|product| (urgency(&product.outlook), product.stock.sku_id));
        Ok(Some(TenantOutlook { tenant, stale, products }))
    }
}

/// Sorts by days left.
fn urgency(outlook: &Outlook) -> i64 {
    match outlook {
        Outlook::Exhausted => -1,
        Outlook::RunsOut(forecast) => forecast.days_left,
        Outlook::Silent { .. } => i64::MAX,
    }
}

impl TenantOutlook {
    /// As the API shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let product = |product: &ProductOutlook| {
            let ProductOutlook { stock, free, outlook } = product;
            json!({
                "skuid": stock.sku_id, "skupartnumber": stock.part_number,
                "product_name": product_name(stock.sku_id, &stock.part_number), "free_units": free,
                "forecast": outlook, "words": outlook.words(Language::En), "words_de": outlook.words(Language::De),
            })
        };
        json!({
            "tenant_key": self.tenant.key, "tenant": self.tenant.tenant_name, "polled_at": self.tenant.polled_at,
            "stale_reason": self.stale, "products": self.products.iter().map(product).collect::<Vec<_>>(),
        })
    }
}
