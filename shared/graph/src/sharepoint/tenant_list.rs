//! The Tenantliste alone: the master of the tenants' switches.

use chrono::NaiveDate;
use leitwarte_core::sharepoint::columns::{ColumnError, TenantColumns};
use leitwarte_core::sharepoint::profile::ListAddresses;
use leitwarte_core::sharepoint::rows::{Item, TenantRow};
use serde_json::{Map, Value, json};

use super::items::{ItemWrite, ListItem, Written};
use crate::app::AppRegistration;
use crate::budget::Budget;
use crate::client::GraphClient;
use crate::error::GraphError;

/// The whole list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantList {
    /// The inner names of its columns.
    pub columns: TenantColumns,
    /// Every row.
    pub rows: Vec<TenantRow>,
}

/// Why the list cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TenantListError {
    /// The call failed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The list has not the columns it must have.
    #[error(transparent)]
    Columns(#[from] ColumnError),
}

/// A tenant's switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSwitches {
    /// Whether it is watched at all.
    pub enabled: bool,
    /// Whether shortages are told.
    pub monitoring: bool,
}

impl ListItem {
    /// This row of the Tenantliste. Empty cells mean what they meant to the source system.
    #[must_use]
    pub fn into_tenant_row(self, columns: &TenantColumns) -> TenantRow {
        let cell = |column: &str| self.fields.get(column);
        let day = cell(&columns.cert_expires).and_then(Value::as_str).and_then(|text| text.get(..10));
        TenantRow {
            title: cell(&columns.title).and_then(Value::as_str).unwrap_or_default().to_owned(),
            enabled: cell(&columns.enabled).and_then(Value::as_bool).unwrap_or(true),
            monitoring: cell(&columns.monitoring).and_then(Value::as_bool).unwrap_or(false),
            cert_expires: day.and_then(|day| day.parse::<NaiveDate>().ok()),
            item: self.item,
        }
    }
}

impl GraphClient {
    /// Reads the Tenantliste, whole.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    pub async fn tenant_list(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        lists: &ListAddresses,
    ) -> Result<TenantList, TenantListError> {
        let found = self.list_columns(app, budget, &lists.site_id, &[lists.tenant_list_id]).await?;
        let columns = TenantColumns::resolve(&found.into_iter().next().unwrap_or_default())?;
        let rows = self.list_items(app, budget, &lists.site_id, lists.tenant_list_id, &columns.all()).await?;
        let rows = rows.into_iter().map(|row| row.into_tenant_row(&columns)).collect();
        Ok(TenantList { columns, rows })
    }

    /// Sets the switches of a row in the version that was read.
    ///
    /// # Errors
    /// As [`GraphClient::write_items`].
    pub async fn write_switches(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        (lists, columns): (&ListAddresses, &TenantColumns),
        item: &Item,
        switches: RowSwitches,
    ) -> Result<Written, GraphError> {
        let fields = Map::from_iter([
            (columns.enabled.clone(), json!(switches.enabled)),
            (columns.monitoring.clone(), json!(switches.monitoring)),
        ]);
        let write = ItemWrite { list: lists.tenant_list_id, item: Some(item.clone()), fields };
        let mut written = self.write_items(app, budget, &lists.site_id, &[write]).await?;
        Ok(written.pop().unwrap_or(Written::Unknown))
    }
}
