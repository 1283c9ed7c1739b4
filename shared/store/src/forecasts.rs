//! What is needed to look ahead: a tenant's stock, its history of some weeks, and the rules.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use leitwarte_core::catalogue::product_name;
use leitwarte_core::change::StockChange;
use leitwarte_core::forecast::renewal::{self, NOTICE_DAYS, Renewal, renewals};
use leitwarte_core::forecast::{Outlook, WINDOW, assigned, outlook};
use leitwarte_core::message::words::Language;
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::status::TenantSnapshot;
use leitwarte_core::stock::LicenceStock;
use leitwarte_core::subscription::{Reading, Subscription, endings};
use serde_json::{Value, json};

use crate::{Store, StoreError, TenantSubscriptions};

/// How long one product of a tenant lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductOutlook {
    /// Its numbers.
    pub stock: LicenceStock,
    /// Licences left, the reserve taken off.
    pub free: i64,
    /// How long they last, by the trend.
    pub outlook: Outlook,
    /// Which of them end unless they are renewed, as far as the subscriptions are known.
    pub renewals: Vec<Renewal>,
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
    /// How far its subscriptions are known.
    pub subscriptions: Reading,
    /// The day it was made.
    pub today: NaiveDate,
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
        let Some(known) = self.subscriptions(key_or_name).await? else { return Ok(None) };
        let TenantSubscriptions { tenant, reading, subscriptions } = known;
        let (stale, today) = (tenant.stale_reason(polls, now), now.date_naive());
        if stale.is_some() {
            return Ok(Some(TenantOutlook { tenant, stale, products: Vec::new(), subscriptions: reading, today }));
        }
        let start = now - TimeDelta::days(WINDOW);
        let changes = self.history(&tenant.key, None, start).await?;
        let changes: Vec<_> = changes.into_iter().map(|entry| (entry.at, entry.change)).collect();
        let first_seen = self.first_seen(&tenant.key).await?.unwrap_or(now);
        let products = products(&tenant, &changes, first_seen, &subscriptions, now);
        Ok(Some(TenantOutlook { tenant, stale, products, subscriptions: reading, today }))
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
        let known = self.subscriptions_of_all().await?;
        let infos = self.tenants().await?;
        let first_seen = infos.into_iter().map(|info| (info.key, info.first_seen_at)).collect();
        Ok(OutlookMaterial { tenants, changes, first_seen, known })
    }
}

/// What is needed to look ahead for every tenant.
#[derive(Debug)]
pub struct OutlookMaterial {
    tenants: Vec<TenantSnapshot>,
    changes: HashMap<String, Vec<(DateTime<Utc>, StockChange)>>,
    first_seen: HashMap<String, DateTime<Utc>>,
    known: HashMap<String, (Reading, Vec<Subscription>)>,
}

impl OutlookMaterial {
    /// Looks ahead for every tenant. Takes a while for a thousand of them.
    #[must_use]
    pub fn outlooks(self, polls: &PollPolicy, now: DateTime<Utc>) -> Vec<TenantOutlook> {
        let Self { tenants, changes, first_seen, mut known } = self;
        let today = now.date_naive();
        let ahead = |tenant: TenantSnapshot| {
            let stale = tenant.stale_reason(polls, now);
            let (reading, subscriptions) = known.remove(&tenant.key).unwrap_or_default();
            let products = if stale.is_some() {
                Vec::new()
            } else {
                let changes = changes.get(&tenant.key).map(Vec::as_slice).unwrap_or_default();
                let first_seen = first_seen.get(&tenant.key).copied().unwrap_or(now);
                products(&tenant, changes, first_seen, &subscriptions, now)
            };
            TenantOutlook { tenant, stale, products, subscriptions: reading, today }
        };
        tenants.into_iter().map(ahead).collect()
    }
}

/// Looks ahead for each product of a tenant that can run out; the most urgent first.
fn products(
    tenant: &TenantSnapshot,
    changes: &[(DateTime<Utc>, StockChange)],
    first_seen: DateTime<Utc>,
    subscriptions: &[Subscription],
    now: DateTime<Utc>,
) -> Vec<ProductOutlook> {
    let (start, today) = (now - TimeDelta::days(WINDOW), now.date_naive());
    let mut products: Vec<ProductOutlook> = Vec::new();
    for stock in &tenant.stock {
        let rule = tenant.rule(stock.sku_id);
        if !rule.alerts(stock, tenant.is_trial(stock.sku_id)) {
            continue;
        }
        let free = rule.free(stock, tenant.count_warning_units);
        let history = assigned(changes, stock, first_seen, start);
        let outlook = outlook(&history, free, rule.delivery_days, now);
        let endings = endings(subscriptions, stock.sku_id, tenant.count_warning_units, today);
        let renewals = renewals(&endings, free, &outlook, today);
        products.push(ProductOutlook { stock: stock.clone(), free, outlook, renewals });
    }
    products.sort_by_key(|product| (product.urgency(today), product.stock.sku_id));
    products
}

impl ProductOutlook {
    /// Days until nothing is left, by the trend or because nothing was renewed.
    fn urgency(&self, today: NaiveDate) -> i64 {
        let by_trend = match &self.outlook {
            Outlook::Exhausted => -1,
            Outlook::RunsOut(forecast) => forecast.days_left,
            Outlook::Silent { .. } => i64::MAX,
        };
        let renewal = self.renewals.iter().find(|one| one.runs_short());
        renewal.map_or(by_trend, |one| by_trend.min((one.ending.on - today).num_days()))
    }

    /// Whether there is something to say besides why nothing can be said.
    #[must_use]
    pub fn needs_somebody(&self, today: NaiveDate) -> bool {
        !matches!(self.outlook, Outlook::Silent { .. })
            || self.renewals.iter().any(|one| one.runs_short() && (one.ending.on - today).num_days() <= NOTICE_DAYS)
    }

    /// The forecast with its reasoning, and what ends soon.
    #[must_use]
    pub fn words(&self, today: NaiveDate, language: Language) -> String {
        let (trend, ends) = (self.outlook.words(language), renewal::words(&self.renewals, today, language));
        if ends.is_empty() { trend } else { format!("{trend} {ends}") }
    }
}

impl TenantOutlook {
    /// As the API shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let product = |product: &ProductOutlook| {
            let ProductOutlook { stock, free, outlook, renewals } = product;
            json!({
                "skuid": stock.sku_id, "skupartnumber": stock.part_number,
                "product_name": product_name(stock.sku_id, &stock.part_number), "free_units": free,
                "forecast": outlook, "renewals": renewals, "words": product.words(self.today, Language::En),
                "words_de": product.words(self.today, Language::De),
            })
        };
        json!({
            "tenant_key": self.tenant.key, "tenant": self.tenant.tenant_name, "polled_at": self.tenant.polled_at,
            "stale_reason": self.stale,
            "subscriptions": {
                "known": self.subscriptions.known(), "note": self.subscriptions.note(),
                "read_at": self.subscriptions.read_at,
            },
            "products": self.products.iter().map(product).collect::<Vec<_>>(),
        })
    }
}
