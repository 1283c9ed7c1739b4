//! Everything this function answers, and who may ask for it. The same list stands in template.yaml, which a test
//! compares.

use http::Method;
use leitwarte_web::permission::Permission::{self, Admin, Manage, Read};
use leitwarte_web::routes::Route;

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// A tenant's switches.
    SwitchTenant,
    /// What a person does about an incident.
    ActOnIncident,
    /// A rule of a scope.
    SetRule,
    /// A poll of every tenant now.
    PollAll,
    /// A poll of one tenant now.
    PollTenant,
    /// A person's own role.
    ChangeRole,
    /// Which side holds where roles differ.
    DecideRole,
}

/// The table. Addresses that are read as well are read from `api-read`.
pub static ROUTES: [Route<Endpoint>; 7] = [
    route(Method::PATCH, "/api/v1/monitoring/tenants/{id}", Manage, Endpoint::SwitchTenant),
    route(Method::POST, "/api/v1/incidents/{number}/actions", Manage, Endpoint::ActOnIncident),
    route(Method::PUT, "/api/v1/rules", Admin, Endpoint::SetRule),
    route(Method::POST, "/api/v1/licenses/status/fetch", Manage, Endpoint::PollAll),
    route(Method::POST, "/api/v1/licenses/status/fetch/{tenant+}", Manage, Endpoint::PollTenant),
    // Everybody may ask for the own role; what may be had is decided by the table of roles.
    route(Method::POST, "/api/v1/roles/changes", Read, Endpoint::ChangeRole),
    route(Method::POST, "/api/v1/roles/decisions", Admin, Endpoint::DecideRole),
];

const fn route(method: Method, path: &'static str, permission: Permission, endpoint: Endpoint) -> Route<Endpoint> {
    Route { method, path, permission, endpoint }
}
