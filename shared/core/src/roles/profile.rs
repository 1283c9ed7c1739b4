//! The profile of `role-sync`: `config-profiles/roles/role-sync-profile.json`.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::profile::{ProfileError, TenantProfile};

/// As whom roles are written, and of which application they are. Only `role-sync` reads the certificate it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSyncProfile {
    /// The app registration with `AppRoleAssignment.ReadWrite.All`: the same keys as in a tenant's profile.
    pub app: TenantProfile,
    /// `application_id`: client id of the application whose app roles these are, the one people sign in to.
    pub application: Uuid,
}

impl RoleSyncProfile {
    /// Reads and checks a profile.
    ///
    /// # Errors
    /// The first thing wrong, with the field's name.
    pub fn parse(json: &str) -> Result<Self, ProfileError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let as_error = |error: serde_json::Error| ProfileError::Json(error.to_string());
        let mut keys: Map<String, Value> = serde_json::from_str(json).map_err(as_error)?;
        let application = keys
            .remove("application_id")
            .ok_or_else(|| ProfileError::Json("missing field `application_id`".to_owned()))?;
        let wrong = || ProfileError::Field { field: "application_id", problem: "is not a GUID".to_owned() };
        let application = application.as_str().and_then(|text| Uuid::parse_str(text).ok()).ok_or_else(wrong)?;
        Ok(Self { app: TenantProfile::parse(&Value::Object(keys).to_string())?, application })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn profile(change: &Value) -> Result<RoleSyncProfile, ProfileError> {
        let mut profile = json!({
            "tenant_id": "8c2b7e0e-54a1-4f5a-9d53-0d7c6d1f6a01", "tenant_name": "contoso",
            "client_id": "0b9f1b3c-2c67-4a3e-8c1e-5f2b7a9d4e02", "cert_path": "roles.pem", "expires": "2030-01-01",
            "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678",
            "application_id": "3f0e6c1d-5f7b-4b62-9a57-0a1c5f3f9b10",
        });
        profile.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        RoleSyncProfile::parse(&profile.to_string())
    }

    #[test]
    fn it_has_the_keys_of_a_tenant_and_the_application() {
        let profile = profile(&json!({})).unwrap();
        assert_eq!(profile.application.to_string(), "3f0e6c1d-5f7b-4b62-9a57-0a1c5f3f9b10");
        assert_eq!(profile.app.cert_path, "roles.pem");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(profile(&json!({ "application_id": "x" })).unwrap_err().to_string().contains("`application_id`"));
        assert!(profile(&json!({ "secret": "x" })).unwrap_err().to_string().contains("`secret`"));
    }
}
