//! SharePoint profiles: `config-profiles/sharepoint/sp-config-<name>-profile.json`, the format of the source system.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::provision::Named;
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListAddresses {
    /// `host,guid,guid` as Graph names a site.
    pub site_id: String,
    /// The Lizenzstatusliste.
    pub license_list_id: Uuid,
    /// The Tenantliste.
    pub tenant_list_id: Uuid,
    /// The Parameterliste; only notifications need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_list_id: Option<Uuid>,
    /// The column of the Lizenzstatusliste by which rows of a tenant are found: the same as `field_mapping.Tenant`.
    pub tenant_field: String,
    /// How the columns of the Lizenzstatusliste are called.
    pub field_mapping: FieldMapping,
}

/// Names of columns, inside or as people see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
        let (app, lists) = split(json)?;
        let lists = lists.ok_or_else(|| ProfileError::Json("missing field `sharepoint_infos`".to_owned()))?;
        let lists: ListAddresses = serde_json::from_value(lists)
            .map_err(|error| ProfileError::Json(format!("in `sharepoint_infos`: {error}")))?;
        lists.check()?;
        Ok(Self { app, lists })
    }
}

/// A profile whose lists may not be there yet: who signs in is known, `sharepoint_infos` may be missing or hold
/// placeholders, which count as nothing said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftProfile {
    /// The app registration.
    pub app: TenantProfile,
    /// What is known of the lists.
    pub named: Named,
}

impl DraftProfile {
    /// Reads and checks what has to be there.
    ///
    /// # Errors
    /// The first thing wrong with the keys of the app registration.
    pub fn parse(json: &str) -> Result<Self, ProfileError> {
        let (app, lists) = split(json)?;
        let lists = lists.unwrap_or_default();
        let text = |key: &str| lists[key].as_str().map(str::trim).filter(|text| !text.is_empty());
        let id = |key: &str| text(key).and_then(|text| Uuid::parse_str(text).ok()).filter(|id| !id.is_nil());
        let mapping = lists["field_mapping"].as_object().into_iter().flatten();
        let named = Named {
            site_id: text("site_id").filter(|id| is_site_id(id)).map(str::to_owned),
            parameters: id("parameter_list_id"),
            tenants: id("tenant_list_id"),
            licences: id("license_list_id"),
            mapping: mapping.filter_map(|(key, name)| Some((key.clone(), name.as_str()?.to_owned()))).collect(),
        };
        Ok(Self { app, named })
    }
}

/// The keys of the app registration, and `sharepoint_infos`.
fn split(json: &str) -> Result<(TenantProfile, Option<Value>), ProfileError> {
    let json = json.strip_prefix('\u{feff}').unwrap_or(json);
    let as_error = |error: serde_json::Error| ProfileError::Json(error.to_string());
    let mut keys: serde_json::Map<String, Value> = serde_json::from_str(json).map_err(as_error)?;
    let lists = keys.remove("sharepoint_infos");
    Ok((TenantProfile::parse(&Value::Object(keys).to_string())?, lists))
}

/// `host,guid,guid`.
fn is_site_id(text: &str) -> bool {
    let mut parts = text.split(',');
    let host = parts.next().unwrap_or_default();
    !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        && parts.clone().count() == 2
        && parts.all(|part| Uuid::parse_str(part).is_ok())
}

impl ListAddresses {
    fn check(&self) -> Result<(), ProfileError> {
        let field = |field, problem: &str| Err(ProfileError::Field { field, problem: problem.to_owned() });
        if !is_site_id(&self.site_id) {
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
