//! Everything that is kept of one tenant: to be handed over, or to be erased.

use chrono::DateTime;
use serde_json::{Value, json};

use crate::{CertificateKind, KnownCertificate, Store, StoreError, audit};

/// What became of the wish to erase a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// Everything is gone.
    Done {
        /// Rows deleted, over all tables.
        rows: u64,
    },
    /// There is nothing of such a tenant.
    Unknown,
    /// Its profile is still there: the next poll would begin anew.
    HasProfile,
}

/// Tables with rows of a tenant, children before parents, and the condition by which they are its own.
const OWN: [(&str, &str); 12] = [
    ("DELETE FROM deliveries", "message IN (SELECT number FROM messages WHERE tenant_key = $1)"),
    ("DELETE FROM messages", "tenant_key = $1"),
    ("DELETE FROM incident_events", "number IN (SELECT number FROM incidents WHERE tenant_key = $1)"),
    ("DELETE FROM incidents", "tenant_key = $1"),
    ("DELETE FROM rules", "tenant_key = $1"),
    ("DELETE FROM certificates", "kind = 'tenant' AND profile_key = $1"),
    ("DELETE FROM sharepoint_rows", "tenant_key = $1"),
    ("DELETE FROM subscriptions", "tenant_key = $1"),
    ("DELETE FROM stock_changes", "tenant_key = $1"),
    ("DELETE FROM stock", "tenant_key = $1"),
    ("DELETE FROM poll_runs", "tenant_key = $1"),
    ("DELETE FROM poll_wishes", "tenant_key = $1"),
];

impl Store {
    /// Everything that is kept of a tenant, as JSON, also when its profile is gone; `None` when there is nothing. Secrets are
    /// not kept, so none is in it. The audit log is about those who did something, and is not in it.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn export_tenant(&self, key: &str) -> Result<Option<Value>, StoreError> {
        let Some((info, snapshot)) = self.kept(key).await? else { return Ok(None) };
        let history = self.history(key, None, DateTime::UNIX_EPOCH).await?;
        let history: Vec<Value> = history
            .iter()
            .map(|entry| json!({ "at": entry.at, "skuid": entry.change.sku_id, "before": entry.change.before, "after": entry.change.after }))
            .collect();
        let polls = self.recent_polls(key, u32::MAX).await?;
        let polls: Vec<Value> = polls
            .iter()
            .map(|run| json!({ "started_at": run.started_at, "finished_at": run.finished_at, "failure": run.failure, "products": run.skus, "changes": run.changes }))
            .collect();
        let mut incidents = Vec::new();
        for stored in self.incidents_of_tenant(key, u32::MAX).await? {
            let events = self.incident(stored.incident.number).await?.map(|(_, events)| events).unwrap_or_default();
            let events: Vec<Value> = events
                .iter()
                .map(|event| json!({ "at": event.at, "who": event.who, "what": event.what, "detail": event.detail }))
                .collect();
            incidents.push(json!({ "incident": stored.to_json(), "events": events }));
        }
        let messages = self.messages_of(key).await?;
        let is_its = |known: &&KnownCertificate| known.look.kind == CertificateKind::Tenant && known.look.key == key;
        let certificate = self.certificates().await?.iter().find(is_its).map(|known| known.to_json(known.looked_at));
        let stock = snapshot.stock.clone();
        let subscriptions = self.subscriptions_of(snapshot).await?.to_json();
        let audit = self.audit_of_tenant(key).await?;
        let rules = self.rules().await?;
        let rules: Vec<Value> = rules
            .iter()
            .filter(|(scope, _)| scope.tenant.as_deref() == Some(key))
            .map(|(scope, rule)| json!({ "skuid": scope.sku, "rule": rule }))
            .collect();
        Ok(Some(json!({
            "tenant_key": info.key, "tenant_id": info.tenant_id, "tenant_name": info.tenant_name,
            "display_name": info.display_name, "enabled": info.enabled, "monitoring": info.monitoring,
            "first_seen_at": info.first_seen_at, "last_attempt_at": info.last_attempt_at,
            "last_success_at": info.last_success_at, "failure": info.failure,
            "certificate_ends_at": info.certificate_ends_at, "certificate": certificate, "stock": stock, "history": history,
            "subscriptions": subscriptions, "polls": polls, "incidents": incidents, "messages": messages, "rules": rules,
            "audit_log": audit,
        })))
    }

    async fn audit_of_tenant(&self, key: &str) -> Result<Vec<Value>, StoreError> {
        const OPERATION: &str = "reading what was done to a tenant";
        let mut connection = self.reading(OPERATION).await?;
        let entries = audit::of_tenant(&mut connection, key).await.map_err(StoreError::during(OPERATION))?;
        Ok(entries.iter().map(audit::AuditEntry::to_json).collect())
    }

    /// Deletes everything that is kept of a tenant whose profile is gone, but for who did what to it: the audit log is cut
    /// by time alone. Backups made before still hold it.
    ///
    /// # Errors
    /// Those of writing; nothing is deleted then.
    pub async fn erase_tenant(&self, key: &str) -> Result<Erased, StoreError> {
        const OPERATION: &str = "erasing a tenant";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let query = sqlx::query_scalar::<_, Option<i64>>("SELECT removed_at FROM tenants WHERE tenant_key = $1");
        let removed_at = query.bind(key).fetch_optional(writing.connection()).await.map_err(&error)?;
        match removed_at {
            None => return Ok(Erased::Unknown),
            Some(None) => return Ok(Erased::HasProfile),
            Some(Some(_)) => {}
        }
        let mut rows = 0;
        for (delete, own) in OWN {
            let sql = sqlx::AssertSqlSafe(format!("{delete} WHERE {own}"));
            rows += sqlx::query(sql).bind(key).execute(writing.connection()).await.map_err(&error)?.rows_affected();
        }
        let tenant = sqlx::query("DELETE FROM tenants WHERE tenant_key = $1").bind(key);
        rows += tenant.execute(writing.connection()).await.map_err(&error)?.rows_affected();
        writing.revise();
        writing.commit().await?;
        Ok(Erased::Done { rows })
    }
}
