//! The rules people set: what counts as a shortage.

use chrono::{DateTime, Utc};
use leitwarte_core::rules::{Definition, Rules, Scope};
use leitwarte_database::{PATIENCE, within};
use serde_json::{Value, json};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::audit::{self, Actor};
use crate::rows::{get, time, unreadable};
use crate::{Store, StoreError};

/// A rule as it was set, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRule {
    /// For whom.
    pub scope: Scope,
    /// What it says; nothing where no rule was set.
    pub definition: Definition,
    /// When it was set, and by whom; `None` where no rule was set.
    pub changed: Option<(DateTime<Utc>, String)>,
}

impl StoredRule {
    /// Grows with every change of this scope's rule; 0 where none was set. It is the time of the change, so that a rule
    /// that was taken back and set again does not look like the one before.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.changed.as_ref().map_or(0, |(at, _)| at.timestamp_millis())
    }

    /// As the API shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "tenant": self.scope.tenant, "skuid": self.scope.sku, "rule": self.definition,
            "changed_at": self.changed.as_ref().map(|(at, _)| at),
            "changed_by": self.changed.as_ref().map(|(_, who)| who), "version": self.version(),
        })
    }
}

/// What became of the wish to set a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleSet {
    /// Done; the rule afterwards.
    Done(StoredRule),
    /// Somebody has changed it since the version that was seen; the rule as it is.
    Changed(StoredRule),
}

const COLUMNS: &str = "SELECT tenant_key, sku_id, definition, changed_at, changed_by FROM rules";

pub(crate) async fn read(connection: &mut AnyConnection) -> Result<Rules, sqlx::Error> {
    let mut rules = Rules::default();
    for StoredRule { scope, definition, .. } in all(connection).await? {
        rules.set(scope, definition);
    }
    Ok(rules)
}

async fn all(connection: &mut AnyConnection) -> Result<Vec<StoredRule>, sqlx::Error> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY tenant_key, sku_id"));
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(stored).collect()
}

fn stored(row: &AnyRow) -> Result<StoredRule, sqlx::Error> {
    let (tenant, sku) = (get::<String>(row, "tenant_key")?, get::<&str>(row, "sku_id")?);
    let sku =
        if sku.is_empty() { None } else { Some(Uuid::parse_str(sku).map_err(|_| unreadable("sku_id", "a GUID"))?) };
    Ok(StoredRule {
        scope: Scope { tenant: Some(tenant).filter(|key| !key.is_empty()), sku },
        definition: serde_json::from_str(get(row, "definition")?)
            .map_err(|_| unreadable("definition", "a rule this version knows"))?,
        changed: Some((time(row, "changed_at")?, get(row, "changed_by")?)),
    })
}

/// A scope as its two columns.
fn columns(scope: &Scope) -> (&str, String) {
    (scope.tenant.as_deref().unwrap_or_default(), scope.sku.map(|sku| sku.to_string()).unwrap_or_default())
}

async fn one(connection: &mut AnyConnection, scope: &Scope) -> Result<StoredRule, sqlx::Error> {
    let (tenant, sku) = columns(scope);
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE tenant_key = $1 AND sku_id = $2"));
    let row = sqlx::query(sql).bind(tenant).bind(sku).fetch_optional(connection).await?;
    let unset = || StoredRule { scope: scope.clone(), definition: Definition::default(), changed: None };
    row.as_ref().map_or_else(|| Ok(unset()), stored)
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

    /// Every rule that was set with its author, the wide ones first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn stored_rules(&self) -> Result<Vec<StoredRule>, StoreError> {
        const OPERATION: &str = "reading the rules";
        let mut connection = self.reading(OPERATION).await?;
        within(PATIENCE, all(&mut connection)).await.map_err(StoreError::during(OPERATION))
    }

    /// Sets the rule of a scope, or takes it back where the definition says nothing, if it is still as somebody saw it
    /// (`version`; `None` whatever it is). It counts from the next poll on.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn set_rule(
        &self,
        scope: &Scope,
        definition: &Definition,
        version: Option<i64>,
        actor: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<RuleSet, StoreError> {
        const OPERATION: &str = "setting a rule";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let before = one(writing.connection(), scope).await.map_err(&error)?;
        if version.is_some_and(|version| version != before.version()) {
            return Ok(RuleSet::Changed(before));
        }
        if before.definition == *definition {
            return Ok(RuleSet::Done(before));
        }
        // Later than the one before, even when the clock was set back.
        let now = DateTime::from_timestamp_millis(now.timestamp_millis().max(before.version() + 1)).unwrap_or(now);
        let after = if *definition == Definition::default() {
            remove(writing.connection(), scope).await.map_err(&error)?;
            StoredRule { scope: scope.clone(), definition: Definition::default(), changed: None }
        } else {
            write(writing.connection(), scope, definition, actor, now).await.map_err(&error)?;
            let changed = Some((now, actor.who.to_owned()));
            StoredRule { scope: scope.clone(), definition: definition.clone(), changed }
        };
        let detail = json!({ "skuid": scope.sku, "before": before.definition, "after": definition });
        let subject = scope.tenant.as_deref().unwrap_or_default();
        audit::note(writing.connection(), actor, "rule-set", subject, &detail, now).await.map_err(&error)?;
        writing.revise();
        writing.commit().await?;
        Ok(RuleSet::Done(after))
    }
}

async fn remove(connection: &mut AnyConnection, scope: &Scope) -> Result<(), sqlx::Error> {
    let (tenant, sku) = columns(scope);
    sqlx::query("DELETE FROM rules WHERE tenant_key = $1 AND sku_id = $2")
        .bind(tenant)
        .bind(sku)
        .execute(connection)
        .await?;
    Ok(())
}

async fn write(
    connection: &mut AnyConnection,
    scope: &Scope,
    definition: &Definition,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (tenant, sku) = columns(scope);
    let text = serde_json::to_string(definition).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query(
        "INSERT INTO rules (tenant_key, sku_id, definition, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_key, sku_id) DO UPDATE SET definition = excluded.definition, \
         changed_at = excluded.changed_at, changed_by = excluded.changed_by",
    )
    .bind(tenant)
    .bind(sku)
    .bind(text)
    .bind(now.timestamp_millis())
    .bind(actor.who)
    .execute(connection)
    .await?;
    Ok(())
}
