//! Columns of a list.

use serde_json::{Value, json};

use super::wire;
use super::{Asked, Reply, selected};
use crate::graph::error::GraphError;
use crate::sharepoint::list::List;
use crate::sharepoint::{ColumnConfig, ColumnKind};

/// `GET …/columns`, all on one page.
pub(super) fn all(list: &List, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let options = asked.options()?;
    let columns = list.columns.iter().map(wire::column);
    let columns: Vec<Value> = columns.map(|column| selected(column, options.select.as_deref())).collect();
    let resource = format!("lists('{}')/columns", list.id);
    Ok(Reply::ok(json!({ "@odata.context": asked.context(&resource), "value": columns })))
}

/// `POST …/columns` with a definition.
pub(super) fn create(list: &mut List, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let (name, column) = read(&Value::Object(asked.object()?))?;
    Ok(Reply::created(wire::column(list.add_column(&name, column)?)))
}

/// `PATCH …/columns/{id}` with what is to change; of that the simulator knows `displayName`.
pub(super) fn update(list: &mut List, id: &str, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let changes = asked.object()?;
    let Some(name) = changes.get("displayName").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
        return Err(GraphError::invalid_request("The simulator changes the displayName of a column only."));
    };
    let column = list.columns.iter_mut().find(|column| column.id.to_string().eq_ignore_ascii_case(id));
    let column = column.ok_or_else(|| GraphError::item_not_found("The specified column was not found"))?;
    name.clone_into(&mut column.display_name);
    Ok(Reply::ok(wire::column(column)))
}

/// The name and the rest of a column's definition.
///
/// # Errors
/// 400 without a name or with another number than one of the facets that tell the kind.
pub(super) fn read(definition: &Value) -> Result<(String, ColumnConfig), GraphError> {
    let text = |name: &str| definition.get(name).and_then(Value::as_str);
    let name = text("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| GraphError::invalid_request("A column needs a name"))?;
    let kinds = [ColumnKind::Text, ColumnKind::Number, ColumnKind::Boolean, ColumnKind::DateTime];
    let mut named = kinds.into_iter().filter(|kind| kind.facet().is_some_and(|facet| definition.get(facet).is_some()));
    let (Some(kind), None) = (named.next(), named.next()) else {
        let text =
            format!("Column '{name}' needs one of text, number, boolean, dateTime; the simulator knows no other.");
        return Err(GraphError::invalid_request(text));
    };
    let default = definition.get("defaultValue").and_then(|default| default.get("value")).and_then(Value::as_str);
    let column = ColumnConfig {
        display_name: text("displayName").unwrap_or(name).to_owned(),
        kind,
        default: default.and_then(|default| read_default(kind, default)),
        indexed: definition.get("indexed").and_then(Value::as_bool).unwrap_or(false),
    };
    Ok((name.to_owned(), column))
}

/// Graph writes every default as text.
fn read_default(kind: ColumnKind, text: &str) -> Option<Value> {
    match kind {
        ColumnKind::Boolean => Some(json!(matches!(text, "1" | "true"))),
        ColumnKind::Number => text.parse::<f64>().ok().map(Value::from),
        _ => Some(json!(text)),
    }
}
