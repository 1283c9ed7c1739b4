//! What a person does with a site in the browser, past Graph: no request is counted, no permission asked for.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::column::{Column, ColumnConfig};
use super::config::SiteRole;
use super::flows::{FlowError, FlowMessage, tell_certificates, tell_shortages};
use super::list::{List, Row};
use super::site::{ListAccess, Site};
use crate::edge::Clock;
use crate::world::OrderError;

/// A person in a site. Lists go by their name or GUID, columns by their inner or visible name.
#[derive(Debug, Clone, Copy)]
pub struct SiteVisit<'a> {
    site: &'a Site,
    clock: &'a Clock,
}

impl<'a> SiteVisit<'a> {
    pub(crate) fn of(site: &'a Site, clock: &'a Clock) -> Self {
        Self { site, clock }
    }

    fn in_list<T>(&self, list: &str, work: impl FnOnce(&mut List) -> T) -> Result<T, OrderError> {
        let mut content = self.site.content();
        content.list(list).map(work).ok_or_else(|| OrderError::UnknownList(list.to_owned()))
    }

    /// Its id in Graph: `host,guid,guid`.
    #[must_use]
    pub fn id(&self) -> String {
        self.site.id.clone()
    }

    /// Visible names of its lists, in the order they were made.
    #[must_use]
    pub fn lists(&self) -> Vec<String> {
        self.site.content().lists.iter().map(|list| list.display_name.clone()).collect()
    }

    /// A list's GUID.
    ///
    /// # Errors
    /// For a list it does not have.
    pub fn list_id(&self, list: &str) -> Result<Uuid, OrderError> {
        self.in_list(list, |list| list.id)
    }

    /// Inner and visible names of the columns that people can fill in.
    ///
    /// # Errors
    /// For a list it does not have.
    pub fn columns(&self, list: &str) -> Result<Vec<(String, String)>, OrderError> {
        let names = |column: &Column| (column.name.clone(), column.display_name.clone());
        self.in_list(list, |list| list.columns.iter().filter(|column| !column.is_read_only()).map(names).collect())
    }

    /// Every row of a list, in the order they were made.
    ///
    /// # Errors
    /// For a list it does not have.
    pub fn rows(&self, list: &str) -> Result<Vec<Row>, OrderError> {
        self.in_list(list, |list| list.rows.values().cloned().collect())
    }

    /// Makes a row and returns its number. `fields` is a JSON object.
    ///
    /// # Errors
    /// For a list it does not have, or a column or value that does not fit.
    pub fn add_row(&self, list: &str, fields: &Value) -> Result<u64, OrderError> {
        let (fields, now) = (object(fields)?, self.clock.now());
        let add = |list: &mut List| list.by_inner_name(fields).and_then(|fields| Ok(list.add(&fields, now)?.id));
        Ok(self.in_list(list, add)??)
    }

    /// Sets some cells of a row; null empties one. `fields` is a JSON object.
    ///
    /// # Errors
    /// For a list or row it does not have, or a column or value that does not fit.
    pub fn set_fields(&self, list: &str, row: u64, fields: &Value) -> Result<(), OrderError> {
        let (fields, now) = (object(fields)?, self.clock.now());
        let change = |list: &mut List| {
            let fields = list.by_inner_name(fields)?;
            list.change(row, None, &fields, now).map(drop)
        };
        Ok(self.in_list(list, change)??)
    }

    /// Sets one cell of a row.
    ///
    /// # Errors
    /// As [`Self::set_fields`].
    pub fn set_field(&self, list: &str, row: u64, column: &str, value: impl Into<Value>) -> Result<(), OrderError> {
        self.set_fields(list, row, &Value::Object(Map::from_iter([(column.to_owned(), value.into())])))
    }

    /// Deletes a row.
    ///
    /// # Errors
    /// For a list or row it does not have.
    pub fn delete_row(&self, list: &str, row: u64) -> Result<(), OrderError> {
        let now = self.clock.now();
        Ok(self.in_list(list, |list| list.remove(row, None, now))??)
    }

    /// Makes a column.
    ///
    /// # Errors
    /// For a list it does not have, or a name that is taken.
    pub fn add_column(&self, list: &str, column: ColumnConfig) -> Result<(), OrderError> {
        let name = column.display_name.clone();
        Ok(self.in_list(list, |list| list.add_column(&name, column).map(drop))??)
    }

    /// Gives a column another visible name; its inner name stays.
    ///
    /// # Errors
    /// For a list or column it does not have.
    pub fn rename_column(&self, list: &str, column: &str, to: &str) -> Result<(), OrderError> {
        let rename = |list: &mut List| {
            let inner = list.column_a_person_means(column)?.name.clone();
            for column in list.columns.iter_mut().filter(|column| column.name == inner) {
                to.clone_into(&mut column.display_name);
            }
            Ok(())
        };
        self.in_list(list, rename)?
    }

    /// Deletes a column with everything in it.
    ///
    /// # Errors
    /// For a list or column it does not have.
    pub fn delete_column(&self, list: &str, column: &str) -> Result<(), OrderError> {
        let delete = |list: &mut List| {
            let inner = list.column_a_person_means(column)?.name.clone();
            list.remove_column(&inner);
            Ok(())
        };
        self.in_list(list, delete)?
    }

    /// Takes a list away from every app, wholly or for writing, or gives it back.
    ///
    /// # Errors
    /// For a list it does not have.
    pub fn set_access(&self, list: &str, access: ListAccess) -> Result<(), OrderError> {
        self.in_list(list, |list| list.access = access)
    }

    /// Gives an app with `Sites.Selected` a role in this site, or takes it away.
    pub fn set_role(&self, client_id: Uuid, role: Option<SiteRole>) {
        self.site.set_role(client_id, role);
    }

    /// Plays both Power Automate flows of the source once and returns what they sent: first for each row of the
    /// Lizenzstatusliste with `trigger_inform_supporter` a message, whereupon the trigger is off and
    /// `technician_informed` is on; then one for each row of the Tenantliste whose `cert_expires` is less than seven
    /// days ahead.
    ///
    /// # Errors
    /// When a list, a column or a row of the Parameterliste is missing. Rows told before that stay told.
    pub fn run_flows(&self) -> Result<Vec<FlowMessage>, OrderError> {
        let (mut content, now) = (self.site.content(), self.clock.now());
        let failed = |error: FlowError| OrderError::Flow(error.to_string());
        let mut sent = tell_shortages(&mut content, now).map_err(failed)?;
        sent.extend(tell_certificates(&mut content, now).map_err(failed)?);
        Ok(sent)
    }

    /// Everything the flows have sent, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<FlowMessage> {
        self.site.content().messages.clone()
    }
}

fn object(fields: &Value) -> Result<Map<String, Value>, OrderError> {
    fields.as_object().cloned().ok_or(OrderError::Impossible("fields must be a JSON object"))
}
