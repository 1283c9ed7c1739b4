//! What people do with the lists in the browser, as methods of the simulator.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Change, ListError, Site, Told, object};
use crate::server::Simulator;
use crate::world::OrderError;

impl Simulator {
    /// Every row of a list with its number, oldest first; nothing for a list there is not.
    #[must_use]
    pub fn rows(&self, list: Uuid) -> Vec<(u64, Map<String, Value>)> {
        self.world.sites.iter().flat_map(|site| site.rows(list)).collect()
    }

    /// Makes a row.
    ///
    /// # Errors
    /// There is no such list or column.
    pub fn add_row(&self, list: Uuid, fields: &Value) -> Result<(), OrderError> {
        self.in_site(|site| site.change(list, &Change::Add(object(fields.clone()))).map(drop))
    }

    /// Sets columns of a row.
    ///
    /// # Errors
    /// There is no such list, row or column.
    pub fn edit_row(&self, list: Uuid, id: u64, fields: &Value) -> Result<(), OrderError> {
        self.in_site(|site| site.change(list, &Change::Set(id, None, object(fields.clone()))).map(drop))
    }

    /// Deletes a row.
    ///
    /// # Errors
    /// There is no such list or row.
    pub fn delete_row(&self, list: Uuid, id: u64) -> Result<(), OrderError> {
        self.in_site(|site| site.change(list, &Change::Delete(id)).map(drop))
    }

    /// Removes a column from a list.
    ///
    /// # Errors
    /// There is no such list.
    pub fn drop_column(&self, list: Uuid, column: &str) -> Result<(), OrderError> {
        self.in_site(|site| {
            site.with(list, |list| {
                list.drop_column(column);
                Ok(())
            })
        })
    }

    /// Plays the two Power Automate flows once and returns what they told.
    #[must_use]
    pub fn run_flows(&self, now: DateTime<Utc>) -> Vec<Told> {
        self.world.sites.iter().flat_map(|site| site.run_flows(now)).collect()
    }

    fn in_site(&self, order: impl Fn(&Site) -> Result<(), ListError>) -> Result<(), OrderError> {
        let done = self.world.sites.iter().any(|site| order(site).is_ok());
        if done { Ok(()) } else { Err(OrderError::Impossible("there is no such list, row or column")) }
    }
}
