//! The three lists of the source document (licence-tool.md, "Übersicht der SharePoint-Listen und Felder"), as somebody
//! made them in the browser.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::column::{ColumnConfig, ColumnKind};
use super::config::{ListConfig, SiteConfig};

/// Whom to tell, and how.
pub const PARAMETER_LIST: &str = "Parameterliste";
/// Which tenants are watched.
pub const TENANT_LIST: &str = "Tenantliste";
/// The stock of each licence.
pub const LICENCE_LIST: &str = "Lizenzstatusliste";

impl SiteConfig {
    /// The site with the three lists: Parameterliste says to mail from `leitwarte@contoso.com` to
    /// `support@contoso.com`, the Tenantliste holds these tenants, all enabled and monitored, and the Lizenzstatusliste
    /// is empty. No column has a default, so that cells nobody filled in are missing.
    #[must_use]
    pub fn licence_lists(tenant_id: Uuid, tenants: &[&str]) -> Self {
        let list = |name: &str, title: &str, columns, rows| ListConfig {
            name: name.to_owned(),
            title: title.to_owned(),
            columns,
            rows,
        };
        let (text, number) = (ColumnKind::Text, ColumnKind::Number);
        let yes_no = |name: &str| ColumnConfig::new(name, ColumnKind::Boolean);
        let parameters = [
            ("sendermail", "leitwarte@contoso.com"),
            ("recipientmail", "support@contoso.com"),
            ("communication", "E-Mail"),
        ]
        .map(|(name, value)| row(json!({ "Parameter": name, "Parameterwert": value })));
        let tenants = tenants.iter().map(|tenant| row(json!({ "Title": tenant, "enabled": true, "monitoring": true })));
        let lists = vec![
            list(PARAMETER_LIST, "Parameter", vec![ColumnConfig::new("Parameterwert", text)], parameters.to_vec()),
            list(
                TENANT_LIST,
                "Titel",
                vec![yes_no("enabled"), yes_no("monitoring"), ColumnConfig::new("cert_expires", ColumnKind::DateTime)],
                tenants.collect(),
            ),
            list(
                LICENCE_LIST,
                "Lizenzname",
                vec![
                    ColumnConfig::new("Verfügbar", number),
                    ColumnConfig::new("Gebraucht", number),
                    ColumnConfig::new("Frei", number),
                    ColumnConfig::new("tenant", text),
                    yes_no("trigger_inform_supporter"),
                    yes_no("technician_informed"),
                ],
                Vec::new(),
            ),
        ];
        Self { lists, ..Self::empty(tenant_id) }
    }

    /// `sharepoint_infos` of a profile for such a site, with column names as the source's example has them.
    #[must_use]
    pub fn profile_infos(&self) -> Value {
        json!({
            "site_id": self.id(),
            "license_list_id": self.list_id(LICENCE_LIST),
            "tenant_list_id": self.list_id(TENANT_LIST),
            "parameter_list_id": self.list_id(PARAMETER_LIST),
            "tenant_field": "tenant",
            "field_mapping": {
                "Frei": "Frei",
                "Gebraucht": "Gebraucht",
                "Verfügbar": "Verf_x00fc_gbar",
                "Infosup": "trigger_inform_supporter",
                "Tenant": "tenant",
                "Lizenzname": "Title",
            },
        })
    }
}

fn row(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}
