//! From the names people gave columns to the names the API knows them by.
//!
//! A column's inner name is fixed when it is made (`Verfügbar` becomes `Verf_x00fc_gbar`), its shown name can change.
//! Source: Microsoft Learn, "columnDefinition resource type": `name` is the API-facing name, `displayName` the shown one.

use super::profile::ListAddresses;

/// A column as SharePoint lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The inner name.
    pub name: String,
    /// The shown name.
    pub display_name: String,
}

/// Columns are missing in a list, or two settings that must name one column name two.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// No column of this inner or shown name.
    #[error("the {list} has no column {}", .names.join(", "))]
    Missing {
        /// The list.
        list: &'static str,
        /// The columns' names as they were looked for.
        names: Vec<String>,
    },
    /// `tenant_field` and `field_mapping.Tenant` are different columns.
    #[error(
        "`tenant_field` ({tenant_field}) and `field_mapping.Tenant` ({tenant}) are two columns; rows would not be found again"
    )]
    TwoTenantColumns {
        /// The inner name for one.
        tenant_field: String,
        /// The inner name for the other.
        tenant: String,
    },
}

/// The inner names of the Lizenzstatusliste's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenceColumns {
    /// The licence.
    pub licence: String,
    /// The tenant's name.
    pub tenant: String,
    /// Licences usable.
    pub available: String,
    /// Licences assigned.
    pub consumed: String,
    /// Licences left.
    pub free: String,
    /// The switch that starts the flow.
    pub trigger: String,
    /// Whether the flow has told a technician.
    pub informed: String,
}

/// The inner names of the Tenantliste's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantColumns {
    /// The tenant's name.
    pub title: String,
    /// Whether it is watched at all.
    pub enabled: String,
    /// Whether shortages are told.
    pub monitoring: String,
    /// The day its certificate ends.
    pub cert_expires: String,
}

/// The name the source system uses for the mark of the flow; it is not part of its `field_mapping`.
pub const INFORMED: &str = "technician_informed";
/// What lists are called in messages.
pub const LICENCE_LIST: &str = "Lizenzstatusliste";
/// What lists are called in messages.
pub const TENANT_LIST: &str = "Tenantliste";

impl LicenceColumns {
    /// Finds every column of the Lizenzstatusliste.
    ///
    /// # Errors
    /// All that are missing.
    pub fn resolve(lists: &ListAddresses, columns: &[Column]) -> Result<Self, ColumnError> {
        let mapping = &lists.field_mapping;
        let mut search = Search { list: LICENCE_LIST, columns, missing: Vec::new() };
        let found = Self {
            licence: search.find(&mapping.licence),
            tenant: search.find(&mapping.tenant),
            available: search.find(&mapping.available),
            consumed: search.find(&mapping.consumed),
            free: search.find(&mapping.free),
            trigger: search.find(&mapping.trigger),
            informed: search.find(INFORMED),
        };
        let tenant_field = search.find(&lists.tenant_field);
        search.end()?;
        if tenant_field != found.tenant {
            return Err(ColumnError::TwoTenantColumns { tenant_field, tenant: found.tenant });
        }
        Ok(found)
    }

    /// All inner names, to ask for them and nothing else.
    #[must_use]
    pub fn all(&self) -> [&str; 7] {
        [&self.licence, &self.tenant, &self.available, &self.consumed, &self.free, &self.trigger, &self.informed]
    }
}

impl TenantColumns {
    /// Finds every column of the Tenantliste.
    ///
    /// # Errors
    /// All that are missing.
    pub fn resolve(columns: &[Column]) -> Result<Self, ColumnError> {
        let mut search = Search { list: TENANT_LIST, columns, missing: Vec::new() };
        let found = Self {
            title: search.find("Title"),
            enabled: search.find("enabled"),
            monitoring: search.find("monitoring"),
            cert_expires: search.find("cert_expires"),
        };
        search.end()?;
        Ok(found)
    }

    /// All inner names, to ask for them and nothing else.
    #[must_use]
    pub fn all(&self) -> [&str; 4] {
        [&self.title, &self.enabled, &self.monitoring, &self.cert_expires]
    }
}

/// A column by its inner name, else by its shown name, else by its shown name whatever its case.
pub(super) fn find<'a, T>(columns: &'a [T], names: impl Fn(&T) -> &Column, wanted: &str) -> Option<&'a T> {
    let by = |same: &dyn Fn(&Column) -> bool| columns.iter().find(|column| same(names(column)));
    by(&|column| column.name == wanted)
        .or_else(|| by(&|column| column.display_name == wanted))
        .or_else(|| by(&|column| column.display_name.to_lowercase() == wanted.to_lowercase()))
}

struct Search<'a> {
    list: &'static str,
    columns: &'a [Column],
    missing: Vec<String>,
}

impl Search<'_> {
    fn find(&mut self, wanted: &str) -> String {
        let wanted = wanted.trim();
        if let Some(column) = find(self.columns, |column| column, wanted) {
            return column.name.clone();
        }
        self.missing.push(format!("`{wanted}`"));
        String::new()
    }

    fn end(mut self) -> Result<(), ColumnError> {
        if self.missing.is_empty() {
            return Ok(());
        }
        self.missing.dedup();
        Err(ColumnError::Missing { list: self.list, names: self.missing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[(&str, &str)]) -> Vec<Column> {
        names.iter().map(|&(name, shown)| Column { name: name.to_owned(), display_name: shown.to_owned() }).collect()
    }

    #[test]
    fn a_column_is_found_by_its_inner_or_its_shown_name() {
        let columns =
            columns(&[("Title", "Tenant"), ("enabled", "Aktiv"), ("OData_x", "Monitoring"), ("c", "cert_expires")]);
        let found = TenantColumns::resolve(&columns).unwrap();
        assert_eq!(found.all(), ["Title", "enabled", "OData_x", "c"]);
    }

    #[test]
    fn missing_columns_are_all_named() {
        let error = TenantColumns::resolve(&columns(&[("Title", "Title"), ("enabled", "enabled")])).unwrap_err();
        assert_eq!(error.to_string(), "the Tenantliste has no column `monitoring`, `cert_expires`");
    }
}
