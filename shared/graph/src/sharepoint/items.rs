//! Rows of a list: reading all of them, writing some.

use std::time::Duration;

use leitwarte_core::Uuid;
use leitwarte_core::sharepoint::rows::Item;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::PERMISSION;
use crate::app::AppRegistration;
use crate::batch::{BatchAnswer, BatchRequest, MOST};
use crate::budget::Budget;
use crate::client::{GraphClient, Repeat};
use crate::error::{BadAnswer, GraphError};
use crate::transport::bad;

/// Rows asked for on one page, as many as SharePoint hands out; it may send fewer.
const PAGE: u32 = 5000;

/// A row as it lies in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListItem {
    /// Which, and in which version.
    pub item: Item,
    /// Its columns by their inner names; empty cells are missing.
    pub fields: Map<String, Value>,
}

/// A row to make or to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemWrite {
    /// In which list.
    pub list: Uuid,
    /// The row and the version that was read; `None` makes a new one.
    pub item: Option<Item>,
    /// Columns to set, by their inner names.
    pub fields: Map<String, Value>,
}

/// What became of one write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is in the list, as this row.
    Done {
        /// The row's number.
        id: String,
    },
    /// Somebody else has changed or deleted the row since it was read: read and plan again.
    Outdated,
    /// SharePoint wants a pause first; nothing was written.
    Throttled(Duration),
    /// It may be written or not: read and plan again.
    Unknown,
    /// SharePoint does not take it.
    Refused(GraphError),
}

#[derive(Deserialize)]
struct WireItem {
    id: String,
    #[serde(rename = "eTag", default)]
    etag: Option<String>,
    #[serde(rename = "@odata.etag", default)]
    odata_etag: Option<String>,
    #[serde(default)]
    fields: Map<String, Value>,
}

impl GraphClient {
    /// Every row of a list with these columns: all of them or an error, never a part.
    ///
    /// # Errors
    /// Whatever keeps the list from being read.
    pub async fn list_items(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        site_id: &str,
        list: Uuid,
        columns: &[&str],
    ) -> Result<Vec<ListItem>, GraphError> {
        let (endpoint, columns) = (&app.graph_endpoint, columns.join(","));
        // Of each row its number and version only: who made it and where is most of what a row weighs.
        let query = format!("$select=id,eTag&$expand=fields($select={columns})&$top={PAGE}");
        let address = format!("{endpoint}/v1.0/sites/{site_id}/lists/{list}/items?{query}");
        let (_, peer) = self.allowed(&address)?;
        let mut session = Self::session(app, budget, PERMISSION);
        let items: Vec<WireItem> = self.list(&mut session, &address).await?;
        items
            .into_iter()
            .map(|item| {
                let etag = item.etag.or(item.odata_etag).ok_or_else(|| bad(&peer, BadAnswer::NoVersion))?;
                Ok(ListItem { item: Item { id: item.id, etag }, fields: item.fields })
            })
            .collect()
    }

    /// Writes at most [`crate::MOST_IN_A_BATCH`] rows in one request and says what became of each, in their order. A
    /// request whose answer was lost is not sent again: it may have made rows.
    ///
    /// # Errors
    /// Nothing is known of any of them; after [`GraphError::Throttled`] none was written.
    pub async fn write_items(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        site_id: &str,
        writes: &[ItemWrite],
    ) -> Result<Vec<Written>, GraphError> {
        debug_assert!(writes.len() <= MOST, "Graph takes {MOST} at a time");
        let mut session = Self::session(app, budget, PERMISSION);
        let requests = writes.iter().map(|write| request(site_id, write)).collect();
        let answers = self.batch(&mut session, Repeat::IfRefused, requests).await?;
        let (_, peer) = self.allowed(&app.graph_endpoint)?;
        Ok(writes.iter().zip(answers).map(|(write, answer)| written(write, &answer, &peer)).collect())
    }
}

fn request(site_id: &str, write: &ItemWrite) -> BatchRequest {
    let items = format!("/sites/{site_id}/lists/{}/items", write.list);
    match &write.item {
        Some(Item { id, etag }) => {
            let fields = Value::Object(write.fields.clone());
            BatchRequest::write("PATCH", format!("{items}/{id}/fields"), Some(etag.clone()), fields)
        }
        None => BatchRequest::write("POST", items, None, json!({ "fields": write.fields })),
    }
}

fn written(write: &ItemWrite, answer: &BatchAnswer, peer: &crate::error::Peer) -> Written {
    match (answer.status, &write.item) {
        (200 | 204, Some(item)) => Written::Done { id: item.id.clone() },
        (201, None) => match answer.body["id"].as_str() {
            Some(id) => Written::Done { id: id.to_owned() },
            None => Written::Unknown,
        },
        (404 | 409 | 412, Some(_)) => Written::Outdated,
        (429, _) => Written::Throttled(answer.asked_pause()),
        (408 | 500.., _) => Written::Unknown,
        _ => Written::Refused(answer.error(peer, PERMISSION)),
    }
}
