//! The sign-in profile: `config-profiles/auth/auth-<name>-profile.json`. It says which Entra application
//! people and programs get their tokens for.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use url::Url;
use uuid::Uuid;

use crate::profile::{Cloud, ProfileError};

/// A right that Entra can give to a person or a program (app role of our application).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// May see.
    Read,
    /// May also switch, work on incidents and poll now.
    Manage,
    /// May do everything.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Read, Self::Manage, Self::Admin];

    /// The value in a token's `roles`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "Licences.Read",
            Self::Manage => "Licences.Manage",
            Self::Admin => "Admin",
        }
    }

    /// Reads the value of a token's `roles`; `None` for a role that means nothing here.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Roles as one text, separated by spaces.
    #[must_use]
    pub fn join(roles: &BTreeSet<Self>) -> String {
        roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Reads what [`Role::join`] wrote; a word that means nothing here gives nothing.
    #[must_use]
    pub fn split(text: &str) -> BTreeSet<Self> {
        text.split(' ').filter_map(Self::parse).collect()
    }
}

/// The sign-in profile. Secrets are redacted in its debug form.
#[derive(Debug, Clone)]
pub struct AuthProfile {
    /// Entra's GUID of the home tenant, the only one whose tokens count.
    pub tenant_id: Uuid,
    /// GUID of our application there: the audience of every token.
    pub client_id: Uuid,
    /// How sign-in proves who it is. Checking bearer tokens needs none.
    pub credential: Option<AuthCredential>,
    /// Base address of sign-in without a trailing slash; Microsoft's global cloud unless the file says otherwise.
    pub authority_host: String,
    /// Where Entra sends people back to, if it is not `PUBLIC_URL` with the callback's path.
    pub redirect_uri: Option<String>,
    role_mapping: BTreeMap<String, Role>,
}

/// What the sign-in function shows Entra.
#[derive(Debug, Clone)]
pub enum AuthCredential {
    /// A shared secret.
    Secret(SecretString),
    /// A PEM file with private key and certificate.
    Certificate {
        /// Path as in a tenant profile.
        cert_path: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    tenant_id: Uuid,
    client_id: Uuid,
    #[serde(default, deserialize_with = "secret")]
    client_secret: Option<SecretString>,
    #[serde(default)]
    cert_path: Option<String>,
    #[serde(default)]
    authority_host: Option<String>,
    #[serde(default)]
    redirect_uri: Option<String>,
    #[serde(default)]
    role_mapping: BTreeMap<String, String>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

impl AuthProfile {
    /// Reads and checks a profile.
    ///
    /// # Errors
    /// The first thing wrong, with the field's name and never with a secret. Serde names unknown fields.
    pub fn parse(json: &str) -> Result<Self, ProfileError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let wire: Wire = serde_json::from_str(json).map_err(|error| ProfileError::Json(error.to_string()))?;
        for (name, id) in [("tenant_id", wire.tenant_id), ("client_id", wire.client_id)] {
            if id.is_nil() {
                return Err(field(name, "is the zero GUID"));
            }
        }
        let credential = match (wire.client_secret, wire.cert_path) {
            (Some(_), Some(_)) => return Err(field("cert_path", "stands beside `client_secret`; keep one of them")),
            (Some(secret), None) => Some(AuthCredential::Secret(secret)),
            (None, cert_path) => cert_path.map(|cert_path| AuthCredential::Certificate { cert_path }),
        };
        let authority_host = wire.authority_host.unwrap_or_else(|| Cloud::Global.authority_host().to_owned());
        for (name, address) in [("authority_host", Some(&authority_host)), ("redirect_uri", wire.redirect_uri.as_ref())]
        {
            if address.is_some_and(|address| !is_plain_address(address)) {
                return Err(field(name, "is not an http or https address without query and fragment"));
            }
        }
        Ok(Self {
            tenant_id: wire.tenant_id,
            client_id: wire.client_id,
            credential,
            authority_host: authority_host.trim_end_matches('/').to_owned(),
            redirect_uri: wire.redirect_uri,
            role_mapping: role_mapping(wire.role_mapping)?,
        })
    }

    /// Our roles for the `roles` of a token: our own three names and what `role_mapping` adds to them.
    /// Anything else gives nothing.
    pub fn roles<'a>(&self, values: impl IntoIterator<Item = &'a str>) -> BTreeSet<Role> {
        values
            .into_iter()
            .filter_map(|value| Role::parse(value).or_else(|| self.role_mapping.get(value).copied()))
            .collect()
    }

    /// Issuer of every token that counts.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/{}/v2.0", self.authority_host, self.tenant_id)
    }

    /// Where the issuer publishes the keys it signs with.
    #[must_use]
    pub fn keys_address(&self) -> String {
        format!("{}/{}/discovery/v2.0/keys", self.authority_host, self.tenant_id)
    }

    /// Whether a token's `aud` means our application.
    #[must_use]
    pub fn is_audience(&self, audience: &str) -> bool {
        let id = audience.strip_prefix("api://").unwrap_or(audience);
        id.eq_ignore_ascii_case(&self.client_id.to_string())
    }
}

/// Whether an account belongs to another tenant than `home`, where it is a guest: `acct` is 1, `idp` names somebody else,
/// or the name is one that Entra makes for guests.
/// Source: Microsoft Learn, "Optional claims reference" (`acct`) and "ID token claims reference" (`idp`).
#[must_use]
pub fn is_foreign_account(home: Uuid, idp: Option<&str>, acct: Option<i64>, user_name: &str) -> bool {
    let elsewhere = |idp: &str| !idp.to_ascii_lowercase().contains(&home.to_string());
    acct == Some(1) || idp.is_some_and(elsewhere) || user_name.to_ascii_uppercase().contains("#EXT#")
}

/// `role_mapping`: value in the token → one of our roles.
fn role_mapping(wire: BTreeMap<String, String>) -> Result<BTreeMap<String, Role>, ProfileError> {
    let known = Role::ALL.map(Role::as_str).join(", ");
    let roles = wire.into_iter().map(|(value, name)| match Role::parse(&name) {
        Some(role) if Role::parse(&value).is_none_or(|own| own == role) => Ok((value, role)),
        Some(_) => Err(field("role_mapping", &format!("gives our own role `{value}` another meaning"))),
        None => Err(field("role_mapping", &format!("leads to `{name}`, which is none of {known}"))),
    });
    roles.collect()
}

fn field(field: &'static str, problem: &str) -> ProfileError {
    ProfileError::Field { field, problem: problem.to_owned() }
}

fn is_plain_address(address: &str) -> bool {
    Url::parse(address)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none())
}

/// The name in a sign-in profile's file name: `auth-<name>-profile.json` → `<name>`.
#[must_use]
pub fn name_of_auth_file(file_name: &str) -> Option<&str> {
    let name = file_name.strip_prefix("auth-")?.strip_suffix("-profile.json")?;
    crate::profile::is_key(name).then_some(name)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::{Value, json};

    use super::*;

    const TENANT: &str = "8c2b7e0e-54a1-4f5a-9d53-0d7c6d1f6a01";
    const CLIENT: &str = "0b9f1b3c-2c67-4a3e-8c1e-5f2b7a9d4e02";

    fn parse(extra: &Value) -> Result<AuthProfile, ProfileError> {
        let mut profile = json!({ "tenant_id": TENANT, "client_id": CLIENT });
        profile.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        AuthProfile::parse(&profile.to_string())
    }

    fn refusal(extra: &Value) -> String {
        parse(extra).unwrap_err().to_string()
    }

    #[test]
    fn roles_survive_being_one_text() {
        for roles in [BTreeSet::new(), BTreeSet::from([Role::Admin]), BTreeSet::from(Role::ALL)] {
            assert_eq!(Role::split(&Role::join(&roles)), roles);
        }
        assert_eq!(Role::split("Owner Licences.Read"), BTreeSet::from([Role::Read]));
    }

    #[test]
    fn the_global_cloud_is_the_default_authority() {
        let profile = parse(&json!({})).unwrap();
        assert_eq!(profile.issuer(), format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
        assert_eq!(profile.keys_address(), format!("https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"));
    }

    #[test]
    fn a_trailing_slash_of_the_authority_changes_nothing() {
        let profile = parse(&json!({ "authority_host": "http://127.0.0.1:9000/" })).unwrap();
        assert_eq!(profile.issuer(), format!("http://127.0.0.1:9000/{TENANT}/v2.0"));
    }

    #[test]
    fn the_audience_is_the_client_id_bare_or_as_api_uri() {
        let profile = parse(&json!({})).unwrap();
        assert!(profile.is_audience(CLIENT) && profile.is_audience(&format!("api://{CLIENT}")));
        for other in [
            "",
            "api://",
            TENANT,
            &format!("api://api://{CLIENT}"),
            &format!("https://{CLIENT}"),
            &format!("{CLIENT}/"),
        ] {
            assert!(!profile.is_audience(other), "{other}");
        }
    }

    #[test]
    fn roles_are_our_names_and_what_the_mapping_adds() {
        let profile = parse(&json!({ "role_mapping": { "Support.Lead": "Licences.Manage" } })).unwrap();
        let roles = profile.roles(["Support.Lead", "Licences.Read", "admin", "Admin ", "Everything"]);
        assert_eq!(roles, BTreeSet::from([Role::Read, Role::Manage]));
    }

    #[test]
    fn a_mapping_cannot_lead_nowhere_or_bend_our_own_roles() {
        assert!(
            refusal(&json!({ "role_mapping": { "x": "Owner" } })).contains("`Owner`, which is none of Licences.Read")
        );
        assert!(refusal(&json!({ "role_mapping": { "Licences.Read": "Admin" } })).contains("another meaning"));
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        assert!(refusal(&json!({ "clientsecret": "x" })).contains("`clientsecret`"));
    }

    #[test]
    fn secret_and_certificate_exclude_each_other() {
        assert!(refusal(&json!({ "client_secret": "s", "cert_path": "a.pem" })).contains("`cert_path`"));
        assert!(matches!(
            parse(&json!({ "client_secret": "s" })).unwrap().credential,
            Some(AuthCredential::Secret(secret)) if secret.expose_secret() == "s"
        ));
        assert!(matches!(
            parse(&json!({ "cert_path": "a.pem" })).unwrap().credential,
            Some(AuthCredential::Certificate { cert_path }) if cert_path == "a.pem"
        ));
    }

    #[test]
    fn neither_debug_form_nor_error_shows_the_secret() {
        let profile = parse(&json!({ "client_secret": "hunter2" })).unwrap();
        assert!(!format!("{profile:?}").contains("hunter2"));
        assert!(!refusal(&json!({ "client_secret": ["hunter2"] })).contains("hunter2"));
    }

    #[test]
    fn addresses_have_to_be_addresses() {
        for bad in ["login.microsoftonline.com", "https://h/?q", "https://h/#f", "file:///etc", ""] {
            assert!(refusal(&json!({ "authority_host": bad })).contains("`authority_host`"), "{bad}");
        }
    }

    #[test]
    fn guests_are_known_by_any_of_three_signs() {
        let home: Uuid = TENANT.parse().unwrap();
        let own = format!("https://sts.windows.net/{}/", TENANT.to_uppercase());
        let name = "ada@contoso.example";
        assert!(!is_foreign_account(home, None, None, name));
        assert!(!is_foreign_account(home, Some(&own), Some(0), name));
        assert!(is_foreign_account(home, None, Some(1), name));
        assert!(is_foreign_account(home, Some("live.com"), None, name));
        assert!(is_foreign_account(home, None, None, "ada_fabrikam.example#ext#@contoso.example"));
    }

    #[test]
    fn the_file_name_carries_the_profiles_name() {
        assert_eq!(name_of_auth_file("auth-office-profile.json"), Some("office"));
        for other in
            ["auth--profile.json", "config-a-profile.json", "auth-a-profile.json.bak", "auth-../x-profile.json"]
        {
            assert_eq!(name_of_auth_file(other), None, "{other}");
        }
    }
}
