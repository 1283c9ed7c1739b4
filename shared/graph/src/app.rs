//! Who signs in where.

use leitwarte_core::Uuid;
use leitwarte_core::profile::{AssertionKind, TenantProfile};

/// One app registration in one tenant: all that is needed to sign in as it and to call Graph. Holds no secret.
///
/// Every kind of profile that names a certificate (tenants, SharePoint, role sync) becomes one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRegistration {
    /// Entra's GUID of the tenant.
    pub tenant_id: Uuid,
    /// GUID of the app registration.
    pub client_id: Uuid,
    /// Base address of sign-in, `https://host[:port]` without a trailing slash.
    pub authority_host: String,
    /// Base address of Graph, `https://host[:port]` without a trailing slash.
    pub graph_endpoint: String,
    /// How the client assertion is signed.
    pub assertion: AssertionKind,
    /// The PEM file with key and certificate, as the profile writes it.
    pub cert_path: String,
    /// SHA-1 thumbprint the certificate must have: 40 upper-case hex digits.
    pub thumbprint: String,
}

impl From<&TenantProfile> for AppRegistration {
    fn from(profile: &TenantProfile) -> Self {
        Self {
            tenant_id: profile.tenant_id,
            client_id: profile.client_id,
            authority_host: profile.authority_host().to_owned(),
            graph_endpoint: profile.graph_endpoint().to_owned(),
            assertion: profile.assertion,
            cert_path: profile.cert_path.clone(),
            thumbprint: profile.normalised_thumbprint(),
        }
    }
}

impl AppRegistration {
    /// Entra's token endpoint (v2.0), which is also the audience of the client assertion.
    #[must_use]
    pub fn token_address(&self) -> String {
        format!("{}/{}/oauth2/v2.0/token", self.authority_host, self.tenant_id)
    }

    /// The scope that asks for every application permission the tenant's administrator consented to.
    #[must_use]
    pub fn scope(&self) -> String {
        format!("{}/.default", self.graph_endpoint)
    }
}
