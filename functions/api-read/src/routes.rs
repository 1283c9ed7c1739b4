//! Everything this function answers, and who may ask for it. The same list stands in template.yaml, which a test
//! compares.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::Method;
use leitwarte_web::permission::Permission::{self, Manage, Public, Read};
use leitwarte_web::routes::{self, Match, Route};

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
    /// The page of the tenants' switches.
    MonitoringPage,
    /// Where that page was in the system before.
    MonitoringBefore,
    /// The page of all incidents.
    IncidentsPage,
    /// The page of one incident.
    IncidentPage,
    /// The page of the rules.
    SettingsPage,
    /// The page of the audit log.
    AuditPage,
    /// The page of roles.
    RolesPage,
    /// Swagger UI.
    DocsPage,
    /// A file of Swagger UI.
    DocsFile,
    /// The API's document.
    Document,
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
    /// One shortage.
    Incident,
    /// The tenants' switches.
    Monitoring,
    /// The rules.
    Rules,
    /// What another threshold would have told.
    Replay,
    /// Who did what.
    Audit,
    /// Roles of people.
    Roles,
    /// How far a poll of all tenants is.
    PollOfAll,
    /// How far a poll of one tenant is.
    PollOfTenant,
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
                | Self::MonitoringPage
                | Self::MonitoringBefore
                | Self::IncidentsPage
                | Self::IncidentPage
                | Self::SettingsPage
                | Self::AuditPage
                | Self::RolesPage
                | Self::DocsPage
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
    get("/monitoring", Read, Endpoint::MonitoringPage),
    get("/api/v1/monitoring/", Read, Endpoint::MonitoringBefore),
    get("/incidents", Read, Endpoint::IncidentsPage),
    get("/incidents/{number}", Read, Endpoint::IncidentPage),
    get("/settings", Read, Endpoint::SettingsPage),
    get("/audit", Manage, Endpoint::AuditPage),
    get("/roles", Read, Endpoint::RolesPage),
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
    get("/api/v1/incidents/{number}", Read, Endpoint::Incident),
    get("/api/v1/monitoring/tenants", Read, Endpoint::Monitoring),
    get("/api/v1/rules", Read, Endpoint::Rules),
    get("/api/v1/rules/replay", Read, Endpoint::Replay),
    get("/api/v1/audit", Manage, Endpoint::Audit),
    get("/api/v1/roles", Read, Endpoint::Roles),
    get("/api/v1/openapi.json", Read, Endpoint::Document),
    get("/api/v1/docs", Read, Endpoint::DocsPage),
    get("/api/v1/docs/{file}", Read, Endpoint::DocsFile),
    get("/api/v1/licenses/polls", Read, Endpoint::PollOfAll),
    get("/api/v1/licenses/polls/{tenant+}", Read, Endpoint::PollOfTenant),
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

/// What other functions answer. Whoever comes with another method lands here, by the gateway's `$default` or by a tenant's
/// address, and learns which method there is: above all that a poll is not asked for with `GET`. A test compares the list
/// with template.yaml.
pub static ELSEWHERE: &[(Method, &str)] = &[
    (Method::GET, "/api/v1/auth/login"),
    (Method::GET, "/api/v1/auth/callback"),
    (Method::POST, "/api/v1/auth/logout"),
    (Method::GET, "/api/v1/auth/logout"),
    (Method::PATCH, "/api/v1/monitoring/tenants/{id}"),
    (Method::POST, "/api/v1/incidents/{number}/actions"),
    (Method::PUT, "/api/v1/rules"),
    (Method::POST, "/api/v1/licenses/status/fetch"),
    (Method::POST, "/api/v1/licenses/status/fetch/{tenant+}"),
    (Method::POST, "/api/v1/roles/changes"),
    (Method::POST, "/api/v1/roles/decisions"),
];

/// What a request means here, other functions' addresses in mind.
pub(crate) fn find(request: &ApiGatewayV2httpRequest) -> Match<'static, Endpoint> {
    let found = routes::find(ROUTES, request);
    let path = request.raw_path.as_deref().unwrap_or("/");
    let elsewhere = ELSEWHERE.iter().filter(|(_, pattern)| routes::parameters(pattern, path).is_some());
    let methods: Vec<&str> = elsewhere.map(|(method, _)| method.as_str()).collect();
    match found {
        _ if methods.is_empty() => found,
        // An address of its own here is that, and not another's.
        Match::Route(route, _) if !route.path.ends_with("+}") => found,
        Match::OtherMethod(here) if !here.is_empty() && !is_tenant(path) => {
            Match::OtherMethod(format!("{here}, {}", methods.join(", ")))
        }
        Match::Route(..) | Match::OtherMethod(_) | Match::Nothing => Match::OtherMethod(methods.join(", ")),
    }
}

/// Whether only a tenant's name makes this an address of ours.
fn is_tenant(path: &str) -> bool {
    let mut same = ROUTES.iter().filter(|route| routes::parameters(route.path, path).is_some());
    same.all(|route| route.path.ends_with("+}"))
}
