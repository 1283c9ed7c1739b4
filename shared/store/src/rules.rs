//! The rules people set: what counts as a shortage.

use chrono::{DateTime, Utc};
use leitwarte_core::rules::{Definition, Rules, Scope};
use leitwarte_database::{PATIENCE, within};
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::rows::{get, unreadable};
use crate::{Store, StoreError};

pub(crate) async fn read(connection: &mut AnyConnection) -> Result<Rules, sqlx::Error> {
    let rows = sqlx::query("SELECT tenant_key, sku_id, definition FROM rules ORDER BY tenant_key, sku_id")
        .fetch_all(connection)
        .await?;
    let mut rules = Rules::default();
    for row in &rows {
        let (tenant, sku) = (get::<String>(row, "tenant_key")?, get::<&str>(row, "sku_id")?);
        let sku =
            if sku.is_empty() { None } else { Some(Uuid::parse_str(sku).map_err(|_| unreadable("sku_id", "a GUID"))?) };
        let definition = serde_json::from_str(get(row, "definition")?)
            .map_err(|_| unreadable("definition", "a rule this version knows"))?;
        rules.set(Scope { tenant: Some(tenant).filter(|key| !key.is_empty()), sku }, definition);
    }
    Ok(rules)
}

impl Store {
    /// Every rule that was set.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn rules(&self) -> Result<Rules, StoreError> {
        const OPERATION: &str = "reading the rules";
        let mut connection = self.reading(OPERATION).await?;
        within(PATIENCE, read(&mut connection)).await.map_err(StoreError::during(OPERATION))
    }

    /// Sets the rule of a scope, or takes it back where the definition says nothing. It counts from the next poll on.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn set_rule(
        &self,
        scope: &Scope,
        definition: &Definition,
        who: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const OPERATION: &str = "setting a rule";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let tenant = scope.tenant.as_deref().unwrap_or_default();
        let sku = scope.sku.map(|sku| sku.to_string()).unwrap_or_default();
        if *definition == Definition::default() {
            sqlx::query("DELETE FROM rules WHERE tenant_key = $1 AND sku_id = $2")
                .bind(tenant)
                .bind(sku)
                .execute(writing.connection())
                .await
                .map_err(&error)?;
        } else {
            let text = serde_json::to_string(definition).map_err(|cause| error(sqlx::Error::Encode(cause.into())))?;
            sqlx::query(
                "INSERT INTO rules (tenant_key, sku_id, definition, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (tenant_key, sku_id) DO UPDATE SET definition = excluded.definition, \
                 changed_at = excluded.changed_at, changed_by = excluded.changed_by",
            )
            .bind(tenant)
            .bind(sku)
            .bind(text)
            .bind(now.timestamp_millis())
            .bind(who)
            .execute(writing.connection())
            .await
            .map_err(&error)?;
        }
        writing.revise();
        writing.commit().await
    }
}
