//! SharePoint lists: their columns and rows, and making lists that are missing.
//!
//! Source: Microsoft Learn, "Enumerate items in a list", "Update an item in a list", "Combine multiple HTTP requests
//! using JSON batching".

mod items;
mod lists;
mod tenant_list;

use leitwarte_core::Uuid;
use leitwarte_core::sharepoint::columns::Column;
use serde::Deserialize;

use crate::app::AppRegistration;
use crate::batch::{BatchRequest, read_all};
use crate::budget::Budget;
use crate::client::{GraphClient, Repeat};
use crate::error::GraphError;
pub use items::{ItemWrite, ListItem, Written};
pub use tenant_list::{RowSwitches, TenantList, TenantListError};

/// The least privilege for the lists of one site.
const PERMISSION: &str = "Sites.Selected (with the role write for this site)";

#[derive(Deserialize)]
struct Columns {
    value: Vec<WireColumn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireColumn {
    name: String,
    #[serde(default)]
    display_name: Option<String>,
}

impl GraphClient {
    /// The columns of some lists of a site, in the lists' order, in one request.
    ///
    /// # Errors
    /// Whatever keeps one of them from being read.
    pub async fn list_columns(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        site_id: &str,
        lists: &[Uuid],
    ) -> Result<Vec<Vec<Column>>, GraphError> {
        let mut session = Self::session(app, budget, PERMISSION);
        let get =
            |list: &Uuid| BatchRequest::get(format!("/sites/{site_id}/lists/{list}/columns?$select=name,displayName"));
        let requests: Vec<_> = lists.iter().map(get).collect();
        let answers = self.batch(&mut session, Repeat::Always, requests).await?;
        let (_, peer) = self.allowed(&app.graph_endpoint)?;
        read_all::<Columns>(&peer, PERMISSION, answers)?
            .into_iter()
            .map(|columns| Ok(columns.value.into_iter().map(Column::from).collect()))
            .collect()
    }
}

impl From<WireColumn> for Column {
    fn from(wire: WireColumn) -> Self {
        let display_name = wire.display_name.unwrap_or_else(|| wire.name.clone());
        Self { name: wire.name, display_name }
    }
}
