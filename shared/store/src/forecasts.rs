//! What is needed to look ahead: a tenant's stock, its history of some weeks, and the rules.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::catalogue::product_name;
use leitwarte_core::change::StockChange;
use leitwarte_core::forecast::{Outlook, WINDOW, assigned, outlook};
use leitwarte_core::message::words::Language;
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::rules::Rules;
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
        let products = products(&tenant, &changes, first_seen, &self.rules().await?, now);
        Ok(Some(TenantOutlook { tenant, stale, products }))
    }

    /// Reads what is needed to look ahead for every configured tenant. Looking ahead itself is a matter of computing:
    /// see [`OutlookMaterial::outlooks`].
    ///
    /// # Errors
    /// Those of reading.
    pub async fn outlook_material(&self, now: DateTime<Utc>) -> Result<OutlookMaterial, StoreError> {
        // The stock first: what a poll changes between the reads is among the changes then.
        let tenants = self.snapshots().await?;
        let mut changes: HashMap<String, Vec<(DateTime<Utc>, StockChange)>> = HashMap::new();
        for (key, entry) in self.history_of_all(now - TimeDelta::days(WINDOW)).await? {
            changes.entry(key).or_default().push((entry.at, entry.change));
        }
        let infos = self.tenants().await?;
        let first_seen = infos.into_iter().map(|info| (info.key, info.first_seen_at)).collect();
        Ok(OutlookMaterial { tenants, changes, first_seen, rules: self.rules().await? })
    }
}

/// What is needed to look ahead for every tenant.
#[derive(Debug)]
pub struct OutlookMaterial {
    tenants: Vec<TenantSnapshot>,
    changes: HashMap<String, Vec<(DateTime<Utc>, StockChange)>>,
    first_seen: HashMap<String, DateTime<Utc>>,
    rules: Rules,
}

impl OutlookMaterial {
    /// Looks ahead for every tenant. Takes a while for a thousand of them.
    #[must_use]
    pub fn outlooks(self, polls: &PollPolicy, now: DateTime<Utc>) -> Vec<TenantOutlook> {
        let Self { tenants, changes, first_seen, rules } = self;
        let ahead = |tenant: TenantSnapshot| {
            let stale = tenant.stale_reason(polls, now);
            let products = if stale.is_some() {
                Vec::new()
            } else {
                let changes = changes.get(&tenant.key).map(Vec::as_slice).unwrap_or_default();
                let first_seen = first_seen.get(&tenant.key).copied().unwrap_or(now);
                products(&tenant, changes, first_seen, &rules, now)
            };
            TenantOutlook { tenant, stale, products }
        };
        tenants.into_iter().map(ahead).collect()
    }
}

/// Looks ahead for each product of a tenant that can run out; the most urgent first.
fn products(
    tenant: &TenantSnapshot,
    changes: &[(DateTime<Utc>, StockChange)],
    first_seen: DateTime<Utc>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<ProductOutlook> {
    let start = now - TimeDelta::days(WINDOW);
    let mut products: Vec<ProductOutlook> = Vec::new();
    for stock in &tenant.stock {
        let rule = rules.of(&tenant.key, stock.sku_id);
        if !rule.alerts(stock) {
            continue;
        }
        let free = rule.free(stock, tenant.count_warning_units);
        let history = assigned(changes, stock, first_seen, start);
        let outlook = outlook(&history, free, rule.delivery_days, now);
        products.push(ProductOutlook { stock: stock.clone(), free, outlook });
    }
    products.sort_by_key(|product| (urgency(&product.outlook), product.stock.sku_id));
    products
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
