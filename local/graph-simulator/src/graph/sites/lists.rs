//! A site and its lists.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::wire;
use super::{Asked, Reply, columns, selected};
use crate::edge::new_id;
use crate::graph::error::GraphError;
use crate::sharepoint::list::{ChangeError, List};
use crate::sharepoint::site::{Content, Site};

/// What people see in place of "Title" in a list made over the API.
const TITLE: &str = "Titel";

/// `GET /sites/{site}`.
pub(super) fn site(site: &Site, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let options = asked.options()?;
    let mut value = selected(wire::site(site), options.select.as_deref());
    value["@odata.context"] = json!(asked.context("sites/$entity"));
    Ok(Reply::ok(value))
}

/// `GET …/lists`, all on one page.
pub(super) fn all(site: &Site, content: &Content, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let options = asked.options()?;
    if options.filter.is_some() {
        return Err(GraphError::invalid_request("The simulator does not filter lists."));
    }
    let lists = content.lists.iter().map(|list| wire::list(site, list, options.columns));
    let lists: Vec<Value> = lists.map(|list| selected(list, options.select.as_deref())).collect();
    let resource = format!("sites('{}')/lists", site.id);
    Ok(Reply::ok(json!({ "@odata.context": asked.context(&resource), "value": lists })))
}

/// `GET …/lists/{list}`.
pub(super) fn one(site: &Site, list: &List, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let options = asked.options()?;
    Ok(Reply::ok(selected(wire::list(site, list, options.columns), options.select.as_deref())))
}

/// `POST …/lists` with name and columns; all or nothing.
pub(super) fn create(site: &Site, content: &mut Content, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let body = asked.object()?;
    let name = body.get("displayName").and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| GraphError::invalid_request("displayName is required"))?;
    let template = body.get("list").and_then(|list| list.get("template")).and_then(Value::as_str);
    if template.is_some_and(|template| template != "genericList") {
        return Err(GraphError::invalid_request("The simulator knows the list template genericList only."));
    }
    if content.lists.iter().any(|list| list.display_name.eq_ignore_ascii_case(name)) {
        return Err(GraphError::of_sharepoint_status(StatusCode::CONFLICT));
    }
    let mut list = List::new(new_id(), name, TITLE, asked.seen.now);
    if let Some(description) = body.get("description").and_then(Value::as_str) {
        description.clone_into(&mut list.description);
    }
    for definition in body.get("columns").and_then(Value::as_array).into_iter().flatten() {
        let (name, column) = columns::read(definition)?;
        match list.add_column(&name, column) {
            Err(ChangeError::NameTaken(name)) => {
                return Err(GraphError::invalid_request(format!("Column '{name}' is defined twice")));
            }
            made => made.map(drop)?,
        }
    }
    let value = wire::list(site, &list, true);
    content.lists.push(list);
    Ok(Reply::created(value))
}
