//! Rows: a page of them, one, a new one, a changed one, a deleted one.

use std::ops::Bound;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::filter::TRY_ANYWAY;
use super::options::FieldsWanted;
use super::wire;
use super::{Asked, Reply, selected};
use crate::graph::error::GraphError;
use crate::sharepoint::ChangeError;
use crate::sharepoint::list::{List, Row};
use crate::sharepoint::site::Site;

/// Rows on a page where the request names no number.
const PAGE: usize = 200;

/// Rows on a page at most.
const LARGEST_PAGE: usize = 5000;

/// `GET …/items`.
pub(super) fn page(site: &Site, list: &List, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let options = asked.options()?;
    if let Some(filter) = &options.filter {
        filter.check(list, prefers_to_try(asked))?;
    }
    let largest = asked.page_size.unwrap_or(LARGEST_PAGE);
    let rows_wanted = options.top.unwrap_or(PAGE).min(largest);
    let matches = |row: &&Row| options.filter.as_ref().is_none_or(|filter| filter.matches(row));
    let place = (Bound::Excluded(options.after), Bound::Unbounded);
    let mut rows = list.rows.range(place).map(|(_, row)| row).filter(matches);
    let mut values = Vec::with_capacity(rows_wanted.min(list.rows.len()));
    let mut end = options.after;
    for row in rows.by_ref().take(rows_wanted) {
        let value = wire::item(site, list, row, options.fields.as_ref())?;
        values.push(selected(value, options.select.as_deref()));
        end = row.id;
    }
    let resource = format!("sites('{}')/lists('{}')/items", site.id, list.id);
    let mut page = json!({ "@odata.context": asked.context(&resource), "value": values });
    if rows.next().is_some() {
        let path = format!("{}/v1.0/sites/{}/lists/{}/items", asked.seen.base, site.id, list.id);
        page["@odata.nextLink"] = json!(format!("{path}?{}", options.page_after(end)));
    }
    Ok(Reply::ok(page))
}

/// `GET …/items/{id}`.
pub(super) fn one(site: &Site, list: &List, id: &str, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let options = asked.options()?;
    let value = wire::item(site, list, row(list, id)?, options.fields.as_ref())?;
    Ok(Reply::ok(with_context(selected(value, options.select.as_deref()), site, list, asked)))
}

/// `GET …/items/{id}/fields`.
pub(super) fn fields(list: &List, id: &str, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let wanted = asked.options()?.select.map_or(FieldsWanted::All, FieldsWanted::Only);
    Ok(Reply::ok(Value::Object(wire::fields(list, row(list, id)?, &wanted)?)))
}

/// `POST …/items` with `{"fields": {…}}`.
pub(super) fn create(site: &Site, list: &mut List, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let fields = fields_of(asked.object()?)?;
    let id = list.add(&fields, asked.seen.now)?.id;
    let value = wire::item(site, list, row(list, &id.to_string())?, Some(&FieldsWanted::All))?;
    Ok(Reply::created(with_context(value, site, list, asked)))
}

/// `PATCH …/items/{id}` with `{"fields": {…}}`.
pub(super) fn update(site: &Site, list: &mut List, id: &str, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let fields = fields_of(asked.object()?)?;
    list.change(number(id)?, asked.if_match(), &fields, asked.seen.now)?;
    let value = wire::item(site, list, row(list, id)?, Some(&FieldsWanted::All))?;
    Ok(Reply::ok(with_context(value, site, list, asked)))
}

/// `PATCH …/items/{id}/fields` with the cells to set.
pub(super) fn update_fields(list: &mut List, id: &str, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let fields = asked.object()?;
    list.change(number(id)?, asked.if_match(), &fields, asked.seen.now)?;
    Ok(Reply::ok(Value::Object(wire::fields(list, row(list, id)?, &FieldsWanted::All)?)))
}

/// `DELETE …/items/{id}`.
pub(super) fn delete(list: &mut List, id: &str, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    list.remove(number(id)?, asked.if_match(), asked.seen.now)?;
    Ok(Reply { status: StatusCode::NO_CONTENT, body: None })
}

fn row<'a>(list: &'a List, id: &str) -> Result<&'a Row, GraphError> {
    Ok(list.rows.get(&number(id)?).ok_or(ChangeError::NoItem)?)
}

fn number(id: &str) -> Result<u64, GraphError> {
    id.parse().map_err(|_| GraphError::invalid_request("The item id is not valid"))
}

fn fields_of(mut body: Map<String, Value>) -> Result<Map<String, Value>, GraphError> {
    match body.remove("fields") {
        Some(Value::Object(fields)) => Ok(fields),
        Some(_) => Err(GraphError::invalid_request("'fields' must be an object")),
        None => Ok(Map::new()),
    }
}

fn with_context(mut value: Value, site: &Site, list: &List, asked: &Asked<'_>) -> Value {
    let resource = format!("sites('{}')/lists('{}')/items/$entity", site.id, list.id);
    value["@odata.context"] = json!(asked.context(&resource));
    value
}

/// Whether the caller wants a filter tried that may fail.
fn prefers_to_try(asked: &Asked<'_>) -> bool {
    let mut preferences = asked.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    preferences.any(|value| value.split(',').any(|preference| preference.trim() == TRY_ANYWAY))
}
