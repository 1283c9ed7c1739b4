//! SharePoint profiles: `config-profiles/sharepoint/sp-config-<name>-profile.json`, the format of the source system.

use serde::Deserialize;
use uuid::Uuid;

use crate::profile::{ProfileError, TenantProfile, is_key};

/// Where the lists are, and as whom they are read and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharePointProfile {
    /// The app registration in the support company's own tenant: the same keys as in a tenant's profile.
    pub app: TenantProfile,
    /// The lists.
    pub lists: ListAddresses,
}

/// `sharepoint_infos`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListAddresses {
    /// `host,guid,guid` as Graph names a site.
    pub site_id: String,
    /// The Lizenzstatusliste.
    pub license_list_id: Uuid,
    /// The Tenantliste.
    pub tenant_list_id: Uuid,
    /// The Parameterliste; only notifications need it.
    #[serde(default)]
    pub parameter_list_id: Option<Uuid>,
    /// The column of the Lizenzstatusliste by which rows of a tenant are found: the same as `field_mapping.Tenant`.
    pub tenant_field: String,
    /// How the columns of the Lizenzstatusliste are called.
    pub field_mapping: FieldMapping,
}

/// Names of columns, inside or as people see them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldMapping {
    /// Licences left.
    #[serde(rename = "Frei")]
    pub free: String,
    /// Licences assigned.
    #[serde(rename = "Gebraucht")]
    pub consumed: String,
    /// Licences usable.
    #[serde(rename = "Verfügbar")]
    pub available: String,
    /// The switch that starts the flow.
    #[serde(rename = "Infosup")]
    pub trigger: String,
    /// The tenant's name.
    #[serde(rename = "Tenant")]
    pub tenant: String,
    /// The licence.
    #[serde(rename = "Lizenzname")]
    pub licence: String,
}

impl SharePointProfile {
    /// Reads and checks a profile.
    ///
    /// # Errors
    /// The first thing wrong, with the field's name.
    pub fn parse(json: &str) -> Result<Self, ProfileError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let as_error = |error: serde_json::Error| ProfileError::Json(error.to_string());
        let mut keys: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).map_err(as_error)?;
        let lists = keys
            .remove("sharepoint_infos")
            .ok_or_else(|| ProfileError::Json("missing field `sharepoint_infos`".to_owned()))?;
        let lists: ListAddresses = serde_json::from_value(lists)
            .map_err(|error| ProfileError::Json(format!("in `sharepoint_infos`: {error}")))?;
        let app = TenantProfile::parse(&serde_json::Value::Object(keys).to_string())?;
        lists.check()?;
        Ok(Self { app, lists })
    }
}

impl ListAddresses {
    fn check(&self) -> Result<(), ProfileError> {
        let field = |field, problem: &str| Err(ProfileError::Field { field, problem: problem.to_owned() });
        let mut parts = self.site_id.split(',');
        let host = parts.next().unwrap_or_default();
        let well_formed = !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
            && parts.clone().count() == 2
            && parts.all(|part| Uuid::parse_str(part).is_ok());
        if !well_formed {
            return field("site_id", "is not `host,guid,guid`, which Graph tells as the id of /sites/{host}:/{path}");
        }
        if self.license_list_id == self.tenant_list_id || Some(self.license_list_id) == self.parameter_list_id {
            return field("license_list_id", "is the id of another list, too");
        }
        let mapping = &self.field_mapping;
        for (name, value) in [
            ("tenant_field", &self.tenant_field),
            ("Frei", &mapping.free),
            ("Gebraucht", &mapping.consumed),
            ("Verfügbar", &mapping.available),
            ("Infosup", &mapping.trigger),
            ("Tenant", &mapping.tenant),
            ("Lizenzname", &mapping.licence),
        ] {
            if value.trim().is_empty() {
                return field(name, "is empty");
            }
        }
        Ok(())
    }
}

/// The profile's key in its file name: `sp-config-<name>-profile.json` → `<name>`.
#[must_use]
pub fn key_of_file_name(file_name: &str) -> Option<&str> {
    let key = file_name.strip_prefix("sp-config-")?.strip_suffix("-profile.json")?;
    is_key(key).then_some(key)
}
