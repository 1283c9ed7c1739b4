//! One list: columns, rows and their versions.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::edge::new_id;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Bool,
    Date,
}

#[derive(Debug, Clone)]
pub(crate) struct List {
    name: &'static str,
    columns: Vec<(String, String, Kind)>,
    rows: BTreeMap<u64, Row>,
    last: u64,
}

#[derive(Debug, Clone)]
struct Row {
    unique: Uuid,
    version: u32,
    fields: Map<String, Value>,
}

/// One change.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Add(Map<String, Value>),
    /// Sets columns of a row, if it still has this version.
    Set(u64, Option<String>, Map<String, Value>),
    Delete(u64),
}

/// Why a list refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListError {
    NoList,
    NoItem,
    NoColumn(String),
    WrongType(String),
    OtherVersion,
}

impl List {
    pub(crate) fn new(name: &'static str, columns: &[(&str, &str, Kind)]) -> Self {
        let columns = columns.iter().map(|(name, shown, kind)| ((*name).to_owned(), (*shown).to_owned(), *kind));
        Self { name, columns: columns.collect(), rows: BTreeMap::new(), last: 0 }
    }

    /// Removes a column and what is in it.
    pub(crate) fn drop_column(&mut self, column: &str) {
        self.columns.retain(|(name, ..)| name != column);
        for row in self.rows.values_mut() {
            row.fields.remove(column);
        }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (u64, &Map<String, Value>)> {
        self.rows.iter().map(|(id, row)| (*id, &row.fields))
    }

    /// `columnDefinition`s, the built-in ones too.
    pub(crate) fn columns(&self) -> Vec<Value> {
        let builtin =
            [("ContentType", "Content Type"), ("ID", "ID"), ("Modified", "Modified"), ("Editor", "Modified By")];
        let builtin =
            builtin.iter().map(|(name, shown)| json!({ "name": name, "displayName": shown, "readOnly": true }));
        let own = self.columns.iter().map(|(name, shown, kind)| {
            let kind = match kind {
                Kind::Text => "text",
                Kind::Number => "number",
                Kind::Bool => "boolean",
                Kind::Date => "dateTime",
            };
            json!({ "name": name, "displayName": shown, "readOnly": false, "indexed": false, kind: {} })
        });
        builtin.chain(own).collect()
    }

    /// Rows after number `after`, as `listItem`s with the columns asked for, and the number to go on from.
    pub(crate) fn page(
        &self,
        after: u64,
        most: usize,
        wanted: Option<&[String]>,
    ) -> Result<(Vec<Value>, Option<u64>), ListError> {
        for column in wanted.unwrap_or_default() {
            self.kind(column)?;
        }
        let mut rows = self.rows.range(after + 1..);
        let page: Vec<_> = rows.by_ref().take(most).collect();
        let next = rows.next().and(page.last().map(|(id, _)| **id));
        Ok((page.into_iter().map(|(id, row)| row.item(self.name, *id, wanted)).collect(), next))
    }

    pub(crate) fn apply(&mut self, change: &Change) -> Result<Value, ListError> {
        match change {
            Change::Add(fields) => {
                let fields = self.checked(fields)?;
                self.last += 1;
                let row = Row { unique: new_id(), version: 1, fields };
                let item = row.item(self.name, self.last, None);
                self.rows.insert(self.last, row);
                Ok(item)
            }
            Change::Set(id, version, fields) => {
                let fields = self.checked(fields)?;
                let row = self.rows.get_mut(id).ok_or(ListError::NoItem)?;
                if version.as_ref().is_some_and(|version| *version != row.etag()) {
                    return Err(ListError::OtherVersion);
                }
                row.version += 1;
                row.fields.extend(fields);
                row.fields.retain(|_, value| !value.is_null());
                Ok(Value::Object(row.fields(None)))
            }
            Change::Delete(id) => self.rows.remove(id).map(|_| Value::Null).ok_or(ListError::NoItem),
        }
    }

    fn kind(&self, column: &str) -> Result<Kind, ListError> {
        let found = self.columns.iter().find(|(name, ..)| name == column);
        found.map(|(_, _, kind)| *kind).ok_or_else(|| ListError::NoColumn(column.to_owned()))
    }

    /// The values as SharePoint stores them.
    fn checked(&self, fields: &Map<String, Value>) -> Result<Map<String, Value>, ListError> {
        let stored = |(column, value): (&String, &Value)| {
            let value = match (self.kind(column)?, value) {
                (_, Value::Null) => Value::Null,
                (Kind::Text, Value::String(text)) => json!(text.chars().take(255).collect::<String>()),
                (Kind::Number, Value::Number(number)) => json!(number.as_f64()),
                (Kind::Date, Value::String(text)) if text.len() == 10 => json!(format!("{text}T00:00:00Z")),
                (Kind::Bool, Value::Bool(_)) | (Kind::Date, Value::String(_)) => value.clone(),
                _ => return Err(ListError::WrongType(column.clone())),
            };
            Ok((column.clone(), value))
        };
        fields.iter().map(stored).collect()
    }
}

impl Row {
    fn etag(&self) -> String {
        format!("\"{},{}\"", self.unique, self.version)
    }

    fn fields(&self, wanted: Option<&[String]>) -> Map<String, Value> {
        let mut fields = self.fields.clone();
        if let Some(wanted) = wanted {
            fields.retain(|name, _| wanted.contains(name));
        }
        fields.insert("@odata.etag".to_owned(), json!(self.etag()));
        fields
    }

    fn item(&self, list: &str, id: u64, wanted: Option<&[String]>) -> Value {
        json!({
            "@odata.etag": self.etag(), "id": id.to_string(), "eTag": self.etag(),
            "webUrl": format!("https://intranet.sharepoint.com/sites/it/Lists/{list}/{id}_.000"),
            "fields": self.fields(wanted),
        })
    }
}
