//! How the numbers of one tenant went, for charts.

use chrono::{DateTime, Utc};
use leitwarte_core::catalogue::product_name;
use leitwarte_core::series::{LONGEST, Series, series};
use leitwarte_core::status::TenantSnapshot;
use serde_json::{Value, json};

use crate::{Store, StoreError};

/// How the numbers of a tenant went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockHistory {
    /// The tenant with what it has now.
    pub tenant: TenantSnapshot,
    /// From when.
    pub since: DateTime<Utc>,
    /// Until when: the last good poll, for nobody knows of the time after it. `since` when there was none.
    pub until: DateTime<Utc>,
    /// Every product that was listed at some time since then, ordered by product GUID.
    pub products: Vec<Series>,
}

impl Store {
    /// How the numbers of one tenant went since a moment ([`LONGEST`] ago at most), found as in [`Store::snapshot`];
    /// `None` for an unknown tenant.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn stock_history(
        &self,
        key_or_name: &str,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<StockHistory>, StoreError> {
        let since = since.max(now - LONGEST).min(now);
        // The stock first: what a poll changes between the two reads is among the changes then.
        let Some(tenant) = self.snapshot(key_or_name).await? else { return Ok(None) };
        let changes = self.history(&tenant.key, None, since).await?;
        let changes: Vec<_> = changes.into_iter().map(|entry| (entry.at, entry.change)).collect();
        let until = tenant.polled_at.unwrap_or(since).max(since);
        let products = series(&changes, &tenant.stock, tenant.count_warning_units, since, now);
        Ok(Some(StockHistory { tenant, since, until, products }))
    }
}

impl StockHistory {
    /// As the API shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let product = |series: &Series| {
            json!({
                "skuid": series.sku_id, "skupartnumber": series.part_number,
                "product_name": product_name(series.sku_id, &series.part_number), "points": series.points,
            })
        };
        json!({
            "tenant_key": self.tenant.key, "tenant": self.tenant.tenant_name, "since": self.since, "until": self.until,
            "products": self.products.iter().map(product).collect::<Vec<_>>(),
        })
    }
}
