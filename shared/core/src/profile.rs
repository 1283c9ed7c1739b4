//! Tenant profiles: `config-profiles/config-<name>-profile.json`, the format of the source system.

mod found;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use found::{FoundProfile, comparable_name, file_name, refuse_shared_names, refuse_shared_tenants};

/// One tenant to watch, as its profile file describes it. Holds no secret: the key is in the file that
/// `cert_path` names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantProfile {
    /// Entra's GUID of the tenant.
    pub tenant_id: Uuid,
    /// The name the API's `tenant` field, the pages and the SharePoint lists show.
    pub tenant_name: String,
    /// GUID of the app registration in that tenant.
    pub client_id: Uuid,
    /// SHA-1 thumbprint of the certificate, 40 hex digits, colons and spaces allowed.
    pub thumbprint: String,
    /// One PEM file with private key and certificate, relative to the profiles' folder or its parent.
    pub cert_path: String,
    /// The day the certificate ends, as noted by hand; the certificate's own date wins.
    pub expires: NaiveDate,
    /// Name for the pages, where it should differ from `tenant_name`.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Which of Microsoft's clouds the tenant lives in.
    #[serde(default)]
    pub cloud: Cloud,
    /// Sign-in host instead of the cloud's own (`https://host[:port]`); must be an allowed host.
    #[serde(default)]
    pub authority_host: Option<String>,
    /// Graph host instead of the cloud's own (`https://host[:port]`); must be an allowed host.
    #[serde(default)]
    pub graph_endpoint: Option<String>,
    /// How the sign-in is signed.
    #[serde(default)]
    pub assertion: AssertionKind,
    /// Whether licences in their grace period count as usable.
    #[serde(default = "yes")]
    pub count_warning_units: bool,
    /// `false`: neither polled nor written.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// Microsoft's national clouds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cloud {
    /// The worldwide cloud.
    #[default]
    Global,
    /// US government, level 4.
    UsGov,
    /// US government, level 5 (`DoD`).
    Dod,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// Base address of sign-in.
    /// Source: Microsoft Learn, "National cloud deployments".
    #[must_use]
    pub fn authority_host(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGov | Self::Dod => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }

    /// Base address of Microsoft Graph.
    #[must_use]
    pub fn graph_endpoint(self) -> &'static str {
        match self {
            Self::Global => "https://graph.microsoft.com",
            Self::UsGov => "https://graph.microsoft.us",
            Self::Dod => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }

    /// Every cloud.
    pub const ALL: [Self; 4] = [Self::Global, Self::UsGov, Self::Dod, Self::China];
}

/// Signature and thumbprint of the client assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssertionKind {
    /// PS256 with `x5t#S256`, Microsoft's current guidance.
    #[default]
    Ps256,
    /// RS256 with `x5t` (SHA-1), for tenants that reject the other.
    Rs256,
}

/// Why a profile file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not JSON, a field missing, of the wrong form, or not known.
    #[error("{0}")]
    Json(String),
    /// A field has the right form but a value that cannot be.
    #[error("`{field}` {problem}")]
    Field {
        /// The field's name in the file.
        field: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
}

impl TenantProfile {
    /// Reads and checks a profile.
    ///
    /// # Errors
    /// The first thing wrong, with the field's name. Serde names unknown fields and lists the known ones.
    pub fn parse(json: &str) -> Result<Self, ProfileError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let profile: Self = serde_json::from_str(json).map_err(|error| ProfileError::Json(error.to_string()))?;
        let field = |field, problem: &str| Err(ProfileError::Field { field, problem: problem.to_owned() });
        if profile.tenant_name.trim().is_empty() {
            return field("tenant_name", "is empty");
        }
        if profile.tenant_name.chars().count() > 255 {
            return field("tenant_name", "is longer than 255 characters, the limit of a SharePoint text column");
        }
        if profile.cert_path.trim().is_empty() {
            return field("cert_path", "is empty");
        }
        let digits = profile.normalised_thumbprint();
        if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return field("thumbprint", "is not 40 hexadecimal digits (SHA-1 of the certificate)");
        }
        for (name, id) in [("tenant_id", profile.tenant_id), ("client_id", profile.client_id)] {
            if id.is_nil() {
                return field(name, "is the zero GUID");
            }
        }
        Ok(profile)
    }

    /// The thumbprint in upper case without separators.
    #[must_use]
    pub fn normalised_thumbprint(&self) -> String {
        self.thumbprint.chars().filter(|c| !matches!(c, ':' | ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect()
    }

    /// The name the pages show.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.tenant_name)
    }

    /// Base address of sign-in: the profile's own or the cloud's, without a trailing slash.
    #[must_use]
    pub fn authority_host(&self) -> &str {
        self.authority_host.as_deref().unwrap_or(self.cloud.authority_host()).trim_end_matches('/')
    }

    /// Base address of Graph: the profile's own or the cloud's, without a trailing slash.
    #[must_use]
    pub fn graph_endpoint(&self) -> &str {
        self.graph_endpoint.as_deref().unwrap_or(self.cloud.graph_endpoint()).trim_end_matches('/')
    }
}

/// The tenant's key in a profile's file name: `config-<name>-profile.json` → `<name>`. Only letters,
/// digits, `.`, `_` and `-` make a key, so that it can stand in a path of the API.
#[must_use]
pub fn key_of_file_name(file_name: &str) -> Option<&str> {
    let key = file_name.strip_prefix("config-")?.strip_suffix("-profile.json")?;
    is_key(key).then_some(key)
}

/// Whether a word can be a tenant's key.
#[must_use]
pub fn is_key(word: &str) -> bool {
    (1..=64).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && !word.starts_with('.')
}
