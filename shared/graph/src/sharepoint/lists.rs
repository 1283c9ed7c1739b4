//! Sites, their lists, and making what is missing of them.
//!
//! Sources: Microsoft Learn, "Get a site resource", "Create a new list", "Create a columnDefinition in a list", "Update
//! columnDefinition", "columnDefinition resource type".

use leitwarte_core::Uuid;
use leitwarte_core::sharepoint::definition::{ColumnDefinition, ColumnType, ListDefinition, ListKind};
use leitwarte_core::sharepoint::provision::{Named, SiteColumn, SiteList, meant};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::WireColumn;
use crate::app::AppRegistration;
use crate::batch::{BatchRequest, read_all};
use crate::budget::Budget;
use crate::client::{GraphClient, Repeat};
use crate::error::GraphError;

/// What making lists and columns takes.
const MANAGE_PERMISSION: &str = "Sites.Manage.All, or Sites.Selected with a role above write for this site";

#[derive(Deserialize)]
struct WireSite {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireList {
    id: Uuid,
    display_name: String,
}

/// An answer of which nothing is needed but that it was one.
#[derive(Deserialize)]
struct Taken {}

#[derive(Deserialize)]
struct Columns {
    value: Vec<WireDefinition>,
}

/// A column with the facet that tells what it holds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDefinition {
    id: String,
    #[serde(flatten)]
    names: WireColumn,
    text: Option<WireText>,
    number: Option<Taken>,
    boolean: Option<Taken>,
    date_time: Option<Taken>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireText {
    #[serde(default)]
    allow_multiple_lines: Option<bool>,
}

impl GraphClient {
    /// The id (`host,guid,guid`) of the site at `host/path`, such as `contoso.sharepoint.com` and `sites/licences`; an
    /// empty path is the host's root site.
    ///
    /// # Errors
    /// Whatever keeps it from being found; [`GraphError::Refused`] with 404 when it is not there.
    pub async fn site_id(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        host: &str,
        path: &str,
    ) -> Result<String, GraphError> {
        let site = if path.is_empty() { host.to_owned() } else { format!("{host}:/{path}") };
        let (url, peer) = self.allowed(&format!("{}/v1.0/sites/{site}?$select=id", app.graph_endpoint))?;
        let mut session = Self::session(app, budget, MANAGE_PERMISSION);
        Ok(self.get::<WireSite>(&mut session, &url, &peer).await?.id)
    }

    /// Those of a site's lists that are meant by the profile or by our names, with all their columns.
    ///
    /// # Errors
    /// Whatever keeps them from being read.
    pub async fn site_lists(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        site_id: &str,
        named: &Named,
    ) -> Result<Vec<SiteList>, GraphError> {
        let mut session = Self::session(app, budget, MANAGE_PERMISSION);
        let address = format!("{}/v1.0/sites/{site_id}/lists?$select=id,displayName", app.graph_endpoint);
        let all: Vec<WireList> = self.list(&mut session, &address).await?;
        let bare = |list: WireList| SiteList { id: list.id, name: list.display_name, columns: Vec::new() };
        let all: Vec<SiteList> = all.into_iter().map(bare).collect();
        let mut ours: Vec<SiteList> = Vec::new();
        for list in ListKind::ALL.into_iter().filter_map(|kind| meant(kind, &all, named)) {
            if !ours.iter().any(|one| one.id == list.id) {
                ours.push(list.clone());
            }
        }
        if ours.is_empty() {
            return Ok(ours);
        }
        let columns = |list: &SiteList| BatchRequest::get(format!("/sites/{site_id}/lists/{}/columns", list.id));
        let answers = self.batch(&mut session, Repeat::Always, ours.iter().map(columns).collect()).await?;
        let (_, peer) = self.allowed(&app.graph_endpoint)?;
        let read = read_all::<Columns>(&peer, MANAGE_PERMISSION, answers)?;
        for (list, columns) in ours.iter_mut().zip(read) {
            list.columns = columns.value.into_iter().map(SiteColumn::from).collect();
        }
        Ok(ours)
    }

    /// Makes a list with its columns. A request whose answer was lost is not sent again: it may have made the list.
    ///
    /// # Errors
    /// Whatever keeps it from being made.
    pub async fn make_list(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        site_id: &str,
        list: &ListDefinition,
    ) -> Result<(), GraphError> {
        let body = json!({
            "displayName": list.name,
            "description": list.description,
            "columns": list.columns.iter().map(definition).collect::<Vec<_>>(),
            "list": { "template": "genericList" },
        });
        self.make(app, budget, Method::POST, &format!("{site_id}/lists"), &body).await
    }

    /// Makes a column in a list. A request whose answer was lost is not sent again.
    ///
    /// # Errors
    /// Whatever keeps it from being made.
    pub async fn add_column(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        (site_id, list): (&str, Uuid),
        column: &ColumnDefinition,
    ) -> Result<(), GraphError> {
        let path = format!("{site_id}/lists/{list}/columns");
        self.make(app, budget, Method::POST, &path, &definition(column)).await
    }

    /// Shows a column under another name; its inner name stays.
    ///
    /// # Errors
    /// Whatever keeps it from being changed.
    pub async fn show_column_as(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        (site_id, list): (&str, Uuid),
        (column, name): (&str, &str),
    ) -> Result<(), GraphError> {
        let path = format!("{site_id}/lists/{list}/columns/{column}");
        self.make(app, budget, Method::PATCH, &path, &json!({ "displayName": name })).await
    }

    async fn make(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<(), GraphError> {
        let (url, peer) = self.allowed(&format!("{}/v1.0/sites/{path}", app.graph_endpoint))?;
        let mut session = Self::session(app, budget, MANAGE_PERMISSION);
        let Taken {} = self.write(&mut session, method, (&url, &peer), Repeat::IfRefused, body).await?;
        Ok(())
    }
}

/// A column as Graph wants it described.
fn definition(column: &ColumnDefinition) -> Value {
    let (facet, kind) = match column.holds {
        ColumnType::Text => ("text", json!({ "allowMultipleLines": false, "maxLength": 255 })),
        ColumnType::Number => ("number", json!({ "decimalPlaces": "none" })),
        ColumnType::YesNo => ("boolean", json!({})),
        ColumnType::Date => ("dateTime", json!({ "displayAs": "default", "format": "dateOnly" })),
    };
    json!({ "name": column.name, "displayName": column.name, facet: kind })
}

impl From<WireDefinition> for SiteColumn {
    fn from(wire: WireDefinition) -> Self {
        let single_line = wire.text.is_some_and(|text| text.allow_multiple_lines != Some(true));
        let holds = [
            (single_line, ColumnType::Text),
            (wire.number.is_some(), ColumnType::Number),
            (wire.boolean.is_some(), ColumnType::YesNo),
            (wire.date_time.is_some(), ColumnType::Date),
        ];
        let holds = holds.into_iter().find(|(is_so, _)| *is_so).map(|(_, holds)| holds);
        Self { id: wire.id, names: wire.names.into(), holds }
    }
}
