//! A SharePoint site with the three lists of the licence tool, as they lie on Microsoft's side: what people see and change
//! in the browser. The API to them is in `graph/lists.rs`.

mod browser;
mod flows;
mod list;

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::world::locked;
pub use flows::Told;
pub(crate) use list::{Change, ListError};
use list::{Kind, List};

/// A site in one tenant, with the lists of the source system.
#[derive(Debug, Clone)]
pub struct SiteConfig {
    /// The tenant it belongs to.
    pub tenant_id: Uuid,
    /// `host,guid,guid`
    pub id: String,
    /// Rows on one page of a list.
    pub page_size: usize,
    /// The Lizenzstatusliste.
    pub licence_list: Uuid,
    /// The Tenantliste.
    pub tenant_list: Uuid,
    /// The Parameterliste.
    pub parameter_list: Uuid,
}

impl SiteConfig {
    /// A site of a tenant; all its ids follow from the tenant's.
    #[must_use]
    pub fn of(tenant_id: Uuid) -> Self {
        let id = |number: u128| Uuid::from_u128(tenant_id.as_u128() ^ (number << 64));
        Self {
            tenant_id,
            id: format!("intranet.sharepoint.com,{},{}", id(1), id(2)),
            page_size: 200,
            licence_list: id(3),
            tenant_list: id(4),
            parameter_list: id(5),
        }
    }

    /// `sharepoint_infos` of a profile for this site.
    #[must_use]
    pub fn profile_infos(&self) -> Value {
        json!({
            "site_id": self.id, "license_list_id": self.licence_list, "tenant_list_id": self.tenant_list,
            "parameter_list_id": self.parameter_list, "tenant_field": "tenant",
            "field_mapping": {
                "Frei": "Frei", "Gebraucht": "Gebraucht", "Verfügbar": "Verf_x00fc_gbar",
                "Infosup": "trigger_inform_supporter", "Tenant": "tenant", "Lizenzname": "Title",
            },
        })
    }
}

/// The running site.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) config: SiteConfig,
    lists: Mutex<HashMap<Uuid, List>>,
}

impl Site {
    pub(crate) fn new(config: SiteConfig) -> Self {
        let licences = List::new(
            "Lizenzstatusliste",
            &[
                ("Title", "Lizenzname", Kind::Text),
                ("Verf_x00fc_gbar", "Verfügbar", Kind::Number),
                ("Gebraucht", "Gebraucht", Kind::Number),
                ("Frei", "Frei", Kind::Number),
                ("tenant", "tenant", Kind::Text),
                ("trigger_inform_supporter", "trigger_inform_supporter", Kind::Bool),
                ("technician_informed", "technician_informed", Kind::Bool),
            ],
        );
        let tenants = List::new(
            "Tenantliste",
            &[
                ("Title", "Title", Kind::Text),
                ("enabled", "enabled", Kind::Bool),
                ("monitoring", "monitoring", Kind::Bool),
                ("cert_expires", "cert_expires", Kind::Date),
            ],
        );
        let parameters = List::new(
            "Parameterliste",
            &[("Title", "Parameter", Kind::Text), ("Parameterwert", "Parameterwert", Kind::Text)],
        );
        let ids = [config.licence_list, config.tenant_list, config.parameter_list];
        let lists = ids.into_iter().zip([licences, tenants, parameters]).collect();
        let site = Self { config, lists: Mutex::new(lists) };
        for (name, value) in [
            ("sendermail", "licences@contoso.example"),
            ("recipientmail", "support@contoso.example"),
            ("communication", "E-Mail"),
        ] {
            let fields = json!({ "Title": name, "Parameterwert": value });
            let _ = site.change(site.config.parameter_list, &Change::Add(object(fields)));
        }
        site
    }

    /// Looks at a list.
    pub(crate) fn with<T>(
        &self,
        list: Uuid,
        look: impl FnOnce(&mut List) -> Result<T, ListError>,
    ) -> Result<T, ListError> {
        locked(&self.lists).get_mut(&list).ok_or(ListError::NoList).and_then(look)
    }

    /// Changes a list, as the API or a person in the browser does.
    pub(crate) fn change(&self, list: Uuid, change: &Change) -> Result<Value, ListError> {
        self.with(list, |list| list.apply(change))
    }

    /// Every row of a list: its number, then its columns.
    pub(crate) fn rows(&self, list: Uuid) -> Vec<(u64, Map<String, Value>)> {
        self.with(list, |list| Ok(list.rows().map(|(id, row)| (id, row.clone())).collect())).unwrap_or_default()
    }
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
