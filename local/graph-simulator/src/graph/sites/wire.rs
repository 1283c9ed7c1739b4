//! Sites, lists, columns and rows as Graph writes them.

use serde_json::{Map, Value, json};

use super::options::FieldsWanted;
use crate::graph::error::GraphError;
use crate::sharepoint::column::{Column, Keeper};
use crate::sharepoint::list::{List, Row};
use crate::sharepoint::site::Site;

/// What `fields` shows of every row beside the list's own columns.
const ALWAYS: [&str; 6] = ["ContentType", "Modified", "Created", "_UIVersionString", "Attachments", "LinkTitle"];

/// Who SharePoint says has written: all apps are one here.
const WRITER: &str = "1073741822";

pub(super) fn site(site: &Site) -> Value {
    let name = site.config.path.rsplit('/').next().unwrap_or_default();
    json!({
        "id": site.id,
        "name": name,
        "displayName": name,
        "webUrl": site.web_url(),
        "siteCollection": { "hostname": site.config.host },
        "root": {},
    })
}

pub(super) fn list(site: &Site, list: &List, with_columns: bool) -> Value {
    let mut value = json!({
        "@odata.etag": format!("\"{},{}\"", list.id, list.columns.len()),
        "createdDateTime": list.created_at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "description": list.description,
        "displayName": list.display_name,
        "eTag": format!("\"{},{}\"", list.id, list.columns.len()),
        "id": list.id,
        "lastModifiedDateTime": list.modified_at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "list": { "contentTypesEnabled": false, "hidden": false, "template": "genericList" },
        "name": list.display_name,
        "parentReference": { "siteId": site.id },
        "webUrl": list_url(site, list),
    });
    if with_columns {
        value["columns"] = Value::Array(list.columns.iter().map(column).collect());
    }
    value
}

pub(super) fn column(column: &Column) -> Value {
    let mut value = json!({
        "columnGroup": "Custom Columns",
        "description": "",
        "displayName": column.display_name,
        "enforceUniqueValues": false,
        "hidden": column.keeper == Keeper::SharePointHidden,
        "id": column.id,
        "indexed": column.indexed,
        "name": column.name,
        "readOnly": column.is_read_only(),
        "required": column.keeper == Keeper::EverybodyRequired,
    });
    if let Some(facet) = column.kind.facet() {
        value[facet] = match facet {
            "text" => json!({ "allowMultipleLines": false, "maxLength": 255 }),
            "number" => json!({ "decimalPlaces": "automatic", "displayAs": "number" }),
            "dateTime" => json!({ "displayAs": "default", "format": "dateOnly" }),
            _ => json!({}),
        };
    }
    match &column.default {
        Some(Value::Bool(yes)) => value["defaultValue"] = json!({ "value": if *yes { "1" } else { "0" } }),
        Some(Value::String(text)) => value["defaultValue"] = json!({ "value": text }),
        Some(other) => value["defaultValue"] = json!({ "value": other.to_string() }),
        None => {}
    }
    value
}

/// A row; its cells only where they were asked for.
///
/// # Errors
/// 400 for a column the list does not have.
pub(super) fn item(site: &Site, list: &List, row: &Row, wanted: Option<&FieldsWanted>) -> Result<Value, GraphError> {
    let app = json!({ "application": { "displayName": "Leitwarte" } });
    let mut value = json!({
        "@odata.etag": row.etag(),
        "contentType": { "id": "0x0100", "name": "Element" },
        "createdBy": app,
        "createdDateTime": row.cell("Created"),
        "eTag": row.etag(),
        "id": row.id.to_string(),
        "lastModifiedBy": app,
        "lastModifiedDateTime": row.cell("Modified"),
        "parentReference": { "id": row.guid, "siteId": site.id },
        "webUrl": format!("{}/{}_.000", list_url(site, list), row.id),
    });
    if let Some(wanted) = wanted {
        value["fields"] = Value::Object(fields(list, row, wanted)?);
    }
    Ok(value)
}

/// The cells of a row; empty ones are missing, as in SharePoint.
///
/// # Errors
/// 400 for a column the list does not have.
pub(super) fn fields(list: &List, row: &Row, wanted: &FieldsWanted) -> Result<Map<String, Value>, GraphError> {
    let mut cells = Map::new();
    cells.insert("@odata.etag".to_owned(), json!(row.etag()));
    match wanted {
        FieldsWanted::All => {
            cells.insert("id".to_owned(), row.cell("ID"));
            let own = list.columns.iter().filter(|column| !column.is_read_only()).map(|column| column.name.as_str());
            cells.extend(ALWAYS.into_iter().chain(own).map(|name| (name.to_owned(), row.cell(name))));
            for name in ["AuthorLookupId", "EditorLookupId"] {
                cells.insert(name.to_owned(), json!(WRITER));
            }
        }
        FieldsWanted::Only(names) => {
            for name in names {
                let known = list.column(name).is_some() || name == "id";
                if !known {
                    return Err(GraphError::invalid_request(format!("Field '{name}' is not recognized")));
                }
                cells.insert(name.clone(), row.cell(name));
            }
        }
    }
    cells.retain(|_, value| !value.is_null());
    Ok(cells)
}

fn list_url(site: &Site, list: &List) -> String {
    let name: String = url::form_urlencoded::byte_serialize(list.display_name.as_bytes()).collect();
    format!("{}/Lists/{}", site.web_url(), name.replace('+', "%20"))
}
