//! A list: its columns and rows, and every change to them. Not a word of HTTP.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::column::{Column, ColumnConfig};
use super::config::ListConfig;
use super::site::ListAccess;
use crate::edge::new_id;

/// Why a list cannot be read or changed that way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// No such column.
    #[error("Field '{0}' is not recognized")]
    UnknownField(String),
    /// A column that SharePoint keeps itself.
    #[error("Field '{0}' is read-only")]
    ReadOnlyField(String),
    /// A value that does not fit the column.
    #[error("The value of field '{0}' does not fit its type")]
    WrongType(String),
    /// No row of this number.
    #[error("The specified item was not found")]
    NoItem,
    /// The row has another version than the one that was read.
    #[error("ETag does not match current item's value")]
    Outdated,
    /// A column or list of this name is there already.
    #[error("'{0}' already exists")]
    NameTaken(String),
}

/// A row as it lies in the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its number, counted from 1 and never used again.
    pub id: u64,
    /// How often it was written; 1 for a new row.
    pub version: u32,
    /// When that was last.
    pub modified_at: DateTime<Utc>,
    /// Its cells by the columns' inner names; empty ones are missing.
    pub fields: Map<String, Value>,
    #[serde(skip)]
    pub(crate) guid: Uuid,
    #[serde(skip)]
    pub(crate) created_at: DateTime<Utc>,
}

impl Row {
    /// A cell by its column's inner name; null if it is empty.
    #[must_use]
    pub fn get(&self, inner_name: &str) -> &Value {
        self.fields.get(inner_name).unwrap_or(&Value::Null)
    }

    /// Its version as Graph writes it, with quotes: `"guid,version"`.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{},{}\"", self.guid, self.version)
    }

    /// A cell as filters and `fields` see it, built-in columns included; null if it is empty.
    pub(crate) fn cell(&self, column: &str) -> Value {
        match column {
            "ID" | "id" => json!(self.id.to_string()),
            "Created" => json!(self.created_at.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
            "Modified" => json!(self.modified_at.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
            "_UIVersionString" => json!(format!("{}.0", self.version)),
            "ContentType" => json!("Element"),
            "Attachments" => json!(false),
            "LinkTitle" | "LinkTitleNoMenu" => self.get("Title").clone(),
            other => self.get(other).clone(),
        }
    }

    /// Whether an `If-Match` header lets a write through.
    pub(crate) fn matches(&self, if_match: Option<&str>) -> bool {
        let plain = |etag: &str| etag.trim().trim_start_matches("W/").trim_matches('"').to_ascii_lowercase();
        let own = plain(&self.etag());
        if_match.is_none_or(|wanted| wanted.trim() == "*" || plain(wanted) == own)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) id: Uuid,
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: BTreeMap<u64, Row>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) modified_at: DateTime<Utc>,
    pub(crate) access: ListAccess,
    last_row: u64,
}

impl List {
    /// A list without rows and further columns.
    pub(crate) fn new(id: Uuid, display_name: &str, title: &str, now: DateTime<Utc>) -> Self {
        Self {
            id,
            display_name: display_name.to_owned(),
            description: String::new(),
            columns: Column::built_in(title),
            rows: BTreeMap::new(),
            created_at: now,
            modified_at: now,
            access: ListAccess::Full,
            last_row: 0,
        }
    }

    /// A list with its columns and rows.
    pub(crate) fn filled(id: Uuid, config: ListConfig, now: DateTime<Utc>) -> Result<Self, ChangeError> {
        let mut list = Self::new(id, &config.name, &config.title, now);
        for column in config.columns {
            let name = column.display_name.clone();
            list.add_column(&name, column)?;
        }
        for row in config.rows {
            let row = list.by_inner_name(row)?;
            list.add(&row, now)?;
        }
        Ok(list)
    }

    /// A column by its inner name, as the API knows it.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// A column by its inner or, failing that, its visible name: as a person would say it.
    pub(crate) fn column_a_person_means(&self, name: &str) -> Result<&Column, ChangeError> {
        self.column(name)
            .or_else(|| self.columns.iter().find(|column| column.display_name == name))
            .ok_or_else(|| ChangeError::UnknownField(name.to_owned()))
    }

    /// A row a person filled in, spelled as the API wants it.
    pub(crate) fn by_inner_name(&self, fields: Map<String, Value>) -> Result<Map<String, Value>, ChangeError> {
        let respell = |(name, value): (String, Value)| Ok((self.column_a_person_means(&name)?.name.clone(), value));
        fields.into_iter().map(respell).collect()
    }

    /// Makes a column; its inner name is made of `name`.
    pub(crate) fn add_column(&mut self, name: &str, config: ColumnConfig) -> Result<&Column, ChangeError> {
        let column = Column::made(new_id(), name, config);
        if self.columns.iter().any(|there| there.name.eq_ignore_ascii_case(&column.name)) {
            return Err(ChangeError::NameTaken(column.name));
        }
        let place = self.columns.len();
        self.columns.push(column);
        self.columns.get(place).ok_or_else(|| ChangeError::UnknownField(name.to_owned()))
    }

    /// Removes a column with all its cells.
    pub(crate) fn remove_column(&mut self, inner_name: &str) {
        self.columns.retain(|column| column.name != inner_name);
        for row in self.rows.values_mut() {
            row.fields.remove(inner_name);
        }
    }

    /// Makes a row; what is not said is the column's default.
    pub(crate) fn add(&mut self, fields: &Map<String, Value>, now: DateTime<Utc>) -> Result<&Row, ChangeError> {
        let said = self.checked(fields)?;
        let defaults = self.columns.iter().filter_map(|column| Some((column.name.clone(), column.default.clone()?)));
        let mut cells: Map<String, Value> = defaults.collect();
        write(&mut cells, said);
        self.last_row += 1;
        self.modified_at = now;
        let (id, guid) = (self.last_row, new_id());
        let row = Row { id, version: 1, modified_at: now, fields: cells, guid, created_at: now };
        Ok(self.rows.entry(id).or_insert(row))
    }

    /// Sets some cells of a row; null empties one. Nothing is written unless everything fits.
    pub(crate) fn change(
        &mut self,
        id: u64,
        if_match: Option<&str>,
        fields: &Map<String, Value>,
        now: DateTime<Utc>,
    ) -> Result<&Row, ChangeError> {
        let said = self.checked(fields)?;
        let row = self.rows.get_mut(&id).ok_or(ChangeError::NoItem)?;
        if !row.matches(if_match) {
            return Err(ChangeError::Outdated);
        }
        write(&mut row.fields, said);
        row.version += 1;
        row.modified_at = now;
        self.modified_at = now;
        Ok(row)
    }

    /// Deletes a row.
    pub(crate) fn remove(&mut self, id: u64, if_match: Option<&str>, now: DateTime<Utc>) -> Result<(), ChangeError> {
        let row = self.rows.get(&id).ok_or(ChangeError::NoItem)?;
        if !row.matches(if_match) {
            return Err(ChangeError::Outdated);
        }
        self.rows.remove(&id);
        self.modified_at = now;
        Ok(())
    }

    /// The values as they will be kept, or why they will not.
    fn checked(&self, fields: &Map<String, Value>) -> Result<Vec<(String, Value)>, ChangeError> {
        let check = |(name, value): (&String, &Value)| {
            let column = self.column(name).ok_or_else(|| ChangeError::UnknownField(name.clone()))?;
            if column.is_read_only() {
                return Err(ChangeError::ReadOnlyField(name.clone()));
            }
            let kept = if value.is_null() { Some(Value::Null) } else { column.kind.kept(value) };
            Ok((name.clone(), kept.ok_or_else(|| ChangeError::WrongType(name.clone()))?))
        };
        fields.iter().filter(|(name, _)| !name.starts_with("@odata.")).map(check).collect()
    }
}

fn write(cells: &mut Map<String, Value>, said: Vec<(String, Value)>) {
    for (name, value) in said {
        if value.is_null() {
            cells.remove(&name);
        } else {
            cells.insert(name, value);
        }
    }
}
