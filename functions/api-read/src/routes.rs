//! Everything this function answers, and who may ask for it. The same list stands in template.yaml, which a test
//! compares.

use http::Method;
use leitwarte_web::permission::Permission::{self, Public, Read};
use leitwarte_web::routes::Route;

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The public main page.
    MainPage,
    /// The page of all tenants, worst first.
    OverviewPage,
    /// The page of one tenant.
    TenantPage,
    /// The page of all tenants by name.
    TenantsPage,
    /// Where that page was in the system before.
    TenantsBefore,
    /// The page of help.
    HelpPage,
    /// The page of all licences.
    LicencesPage,
    /// The same for a spreadsheet.
    LicencesCsv,
    /// Where that page was in the system before.
    LicencesBefore,
    /// The page of certificates.
    CertificatesPage,
    /// Style sheet, scripts and icon of the pages.
    Asset,
    /// The icon where browsers look for it unasked.
    Favicon,
    /// Language and appearance of the pages.
    Preference,
    /// Whether this function is alive.
    Health,
    /// Whether it can serve.
    Ready,
    /// Why a sign-in did not succeed.
    SignInProblem,
    /// Tenants and licences for Prometheus.
    Metrics,
    /// How far the data has come.
    Revision,
    /// Certificates.
    Certificates,
    /// What changed in a tenant.
    Changes,
    /// How long a tenant's products last.
    Forecast,
    /// How a tenant's numbers went.
    History,
    /// What a tenant has bought.
    Subscriptions,
    /// Shortages.
    Incidents,
    /// Every tenant's stock.
    StatusOfAll,
    /// One tenant's stock.
    StatusOfTenant,
}

impl Endpoint {
    /// Whether people look at it, so that its problems are pages too.
    #[must_use]
    pub fn is_page(self) -> bool {
        matches!(
            self,
            Self::MainPage
                | Self::OverviewPage
                | Self::TenantPage
                | Self::TenantsPage
                | Self::TenantsBefore
                | Self::HelpPage
                | Self::LicencesPage
                | Self::LicencesBefore
                | Self::CertificatesPage
                | Self::SignInProblem
        )
    }
}

impl Endpoint {
    /// Whether it is made of nothing but the address, the reader and the data, so that it can be kept until one changes.
    #[must_use]
    pub fn is_kept(self) -> bool {
        matches!(
            self,
            Self::OverviewPage | Self::TenantPage | Self::TenantsPage | Self::LicencesPage | Self::CertificatesPage
        )
    }
}

/// The table. A tenant's name may hold a slash (`Tailspin A/S`), which the gateway hands on decoded, so it takes all that
/// is left of the path. It cannot be a word that is a path of its own: a tenant with the key `show` is found at
/// `…/status/show/show`.
pub static ROUTES: &[Route<Endpoint>] = &[
    get("/", Public, Endpoint::MainPage),
    get("/overview", Read, Endpoint::OverviewPage),
    get("/tenants/{tenant+}", Read, Endpoint::TenantPage),
    get("/tenants", Read, Endpoint::TenantsPage),
    get("/api/v1/licenses/status/tenant", Read, Endpoint::TenantsBefore),
    get("/help", Read, Endpoint::HelpPage),
    get("/licences", Read, Endpoint::LicencesPage),
    get("/licences.csv", Read, Endpoint::LicencesCsv),
    get("/api/v1/licenses/statusall", Read, Endpoint::LicencesBefore),
    get("/certificates", Read, Endpoint::CertificatesPage),
    get("/assets/{proxy+}", Public, Endpoint::Asset),
    get("/favicon.ico", Public, Endpoint::Favicon),
    get("/preferences/{name}/{value}", Public, Endpoint::Preference),
    get("/health", Public, Endpoint::Health),
    get("/ready", Public, Endpoint::Ready),
    get("/sign-in-problem", Public, Endpoint::SignInProblem),
    get("/api/v1/metrics", Read, Endpoint::Metrics),
    get("/api/v1/revision", Read, Endpoint::Revision),
    get("/api/v1/certificates", Read, Endpoint::Certificates),
    get("/api/v1/incidents", Read, Endpoint::Incidents),
    get("/api/v1/licenses/changes/{tenant+}", Read, Endpoint::Changes),
    get("/api/v1/licenses/forecast/{tenant+}", Read, Endpoint::Forecast),
    get("/api/v1/licenses/history/{tenant+}", Read, Endpoint::History),
    get("/api/v1/licenses/subscriptions/{tenant+}", Read, Endpoint::Subscriptions),
    get("/api/v1/licenses/status", Read, Endpoint::StatusOfAll),
    get("/api/v1/licenses/status/show", Read, Endpoint::StatusOfAll),
    get("/api/v1/licenses/status/{tenant+}", Read, Endpoint::StatusOfTenant),
    get("/api/v1/licenses/status/show/{tenant+}", Read, Endpoint::StatusOfTenant),
];

const fn get(path: &'static str, permission: Permission, endpoint: Endpoint) -> Route<Endpoint> {
    Route { method: Method::GET, path, permission, endpoint }
}
