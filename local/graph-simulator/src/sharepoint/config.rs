//! What a SharePoint site is made of.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::column::ColumnConfig;

/// A site of a tenant, with its lists.
#[derive(Debug, Clone)]
pub struct SiteConfig {
    /// Entra's GUID of the tenant it belongs to; one of [`crate::Config::tenants`].
    pub tenant_id: Uuid,
    /// Such as `contoso.sharepoint.com`.
    pub host: String,
    /// Below the host, without a leading slash, such as `sites/lizenzen`. Also its name in orders to the simulator.
    pub path: String,
    /// Apps with `Sites.Selected` that may work here, by client id. Apps with `Sites.ReadWrite.All` need no entry.
    pub grants: Vec<(Uuid, SiteRole)>,
    /// Its lists.
    pub lists: Vec<ListConfig>,
}

impl SiteConfig {
    /// A site `https://contoso.sharepoint.com/sites/lizenzen` without lists.
    #[must_use]
    pub fn empty(tenant_id: Uuid) -> Self {
        let (host, path) = ("contoso.sharepoint.com".to_owned(), "sites/lizenzen".to_owned());
        Self { tenant_id, host, path, grants: Vec::new(), lists: Vec::new() }
    }

    /// The same where an app with `Sites.Selected` may do so much.
    #[must_use]
    pub fn grant(mut self, client_id: Uuid, role: SiteRole) -> Self {
        self.grants.push((client_id, role));
        self
    }

    /// Its id as Graph writes it: host, GUID of the site collection, GUID of the site.
    #[must_use]
    pub fn id(&self) -> String {
        let [collection, site] =
            ["collection", "site"].map(|part| stable_id(&[part, &self.tenant_id.to_string(), &self.host, &self.path]));
        format!("{},{collection},{site}", self.host)
    }

    /// The GUID of the list of this name that is there from the start.
    #[must_use]
    pub fn list_id(&self, name: &str) -> Uuid {
        stable_id(&["list", &self.id(), name])
    }
}

/// What an app with `Sites.Selected` may do in a site that was selected for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SiteRole {
    /// Read rows.
    Read,
    /// Make, change and delete rows as well.
    Write,
    /// Make lists and columns as well.
    Manage,
}

/// A list.
#[derive(Debug, Clone)]
pub struct ListConfig {
    /// What people see, and its name in addresses.
    pub name: String,
    /// What people see in place of "Title", the column every list begins with. Its inner name stays `Title`.
    pub title: String,
    /// Its further columns.
    pub columns: Vec<ColumnConfig>,
    /// Its rows, each a column's inner or visible name with its value.
    pub rows: Vec<Map<String, Value>>,
}

/// A GUID that is always the same for the same words.
pub(crate) fn stable_id(words: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    for word in words {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
