//! Everything this function answers. The same list stands in template.yaml, which a test compares.

use http::Method;
use leitwarte_web::permission::Permission;
use leitwarte_web::routes::Route;

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Sends a browser to Microsoft.
    Login,
    /// Takes it back from there.
    Callback,
    /// Ends a session.
    Logout,
    /// Ends nothing: following a link must not.
    LogoutByLink,
}

/// The table. All of it is public: this is how one stops being anonymous. Logout checks its caller itself.
pub static ROUTES: [Route<Endpoint>; 4] = [
    route(Method::GET, "/api/v1/auth/login", Endpoint::Login),
    route(Method::GET, "/api/v1/auth/callback", Endpoint::Callback),
    route(Method::POST, "/api/v1/auth/logout", Endpoint::Logout),
    route(Method::GET, "/api/v1/auth/logout", Endpoint::LogoutByLink),
];

const fn route(method: Method, path: &'static str, endpoint: Endpoint) -> Route<Endpoint> {
    Route { method, path, permission: Permission::Public, endpoint }
}
