//! What was bought, assigned and suspended in one tenant, the newest first: who ate it.

use chrono::{DateTime, Utc};
use leitwarte_core::catalogue::product_name;
use leitwarte_core::happening::happenings;
use leitwarte_core::message::words::Language;
use leitwarte_core::status::TenantSnapshot;
use leitwarte_core::stock::LicenceStock;
use leitwarte_database::{PATIENCE, within};
use serde_json::{Value, json};

use crate::history::{NEWEST, entry};
use crate::{HistoryEntry, Store, StoreError};

/// What changed in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantChanges {
    /// The tenant with what it has now.
    pub tenant: TenantSnapshot,
    /// From when.
    pub since: DateTime<Utc>,
    /// The newest first.
    pub changes: Vec<HistoryEntry>,
    /// There are older ones since then, beyond the limit.
    pub more: bool,
}

impl Store {
    /// The newest changes of a tenant since a moment, at most `limit`; the tenant is found as in [`Store::snapshot`].
    /// `None` for an unknown tenant.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn tenant_changes(
        &self,
        key_or_name: &str,
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Option<TenantChanges>, StoreError> {
        const OPERATION: &str = "reading what changed in a tenant";
        let error = StoreError::during(OPERATION);
        let Some(tenant) = self.snapshot(key_or_name).await? else { return Ok(None) };
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query(NEWEST)
            .bind(&tenant.key)
            .bind(since.timestamp_millis())
            // One more tells that there is more.
            .bind(i64::from(limit) + 1);
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        let mut changes = rows.iter().map(entry).collect::<Result<Vec<_>, _>>().map_err(error)?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = changes.len() > most;
        changes.truncate(most);
        Ok(Some(TenantChanges { tenant, since, changes, more }))
    }
}

impl TenantChanges {
    /// As the API shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let count_warning_units = self.tenant.count_warning_units;
        json!({
            "tenant_key": self.tenant.key, "tenant": self.tenant.tenant_name, "since": self.since, "more": self.more,
            "changes": self.changes.iter().map(|entry| entry.to_json(count_warning_units)).collect::<Vec<_>>(),
        })
    }
}

impl HistoryEntry {
    /// The product's name, as it is now or was last.
    #[must_use]
    pub fn product_name(&self) -> &str {
        let stock = self.change.after.as_ref().or(self.change.before.as_ref());
        stock.map_or("", |stock| product_name(stock.sku_id, &stock.part_number))
    }

    /// What happened, in words.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        let words: Vec<String> = happenings(&self.change).into_iter().map(|one| one.words(language)).collect();
        words.join(", ")
    }

    /// As the API and the command line show it.
    #[must_use]
    pub fn to_json(&self, count_warning_units: bool) -> Value {
        let (before, after) = (&self.change.before, &self.change.after);
        let free = |stock: &Option<LicenceStock>| stock.as_ref().map(|stock| stock.free(count_warning_units));
        let part_number = after.as_ref().or(before.as_ref()).map(|stock| &stock.part_number);
        json!({
            "at": self.at, "skuid": self.change.sku_id, "skupartnumber": part_number,
            "product_name": self.product_name(), "what": happenings(&self.change),
            "words": self.words(Language::En), "words_de": self.words(Language::De),
            "free_before": free(before), "free_after": free(after), "before": before, "after": after,
        })
    }
}
