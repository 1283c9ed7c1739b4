//! Who may ask: checks the bearer token of a Graph request.

use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use crate::entra::grant::Grant;
use crate::graph::error::GraphError;
use crate::seen::Seen;
use crate::sharepoint::SiteRole;
use crate::sharepoint::site::Site;
use crate::world::{Tenant, World, locked};

/// The tenant a request's token is for, and what the token allows.
///
/// # Errors
/// 401 for a token that is missing, unknown, expired or for another Graph.
pub(crate) fn authenticate<'a>(
    world: &'a World,
    seen: &Seen,
    headers: &HeaderMap,
) -> Result<(&'a Arc<Tenant>, Grant), GraphError> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token =
        header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
    let Some(token) = token.map(str::trim).filter(|token| !token.is_empty()) else {
        return Err(GraphError::unauthorized("Access token is empty."));
    };
    let known = world.grants.find(token).and_then(|grant| Some((world.tenants.get(&grant.tenant)?, grant)));
    let Some((tenant, grant)) = known else {
        return Err(GraphError::unauthorized("IDX14100: JWT is not well formed, there are no dots (.)."));
    };
    if grant.audience != seen.base {
        return Err(GraphError::unauthorized("Access token validation failure. Invalid audience."));
    }
    if grant.expires_at <= seen.now {
        return Err(GraphError::unauthorized("Lifetime validation failed, the token is expired."));
    }
    Ok((tenant, grant))
}

/// Lets only tokens pass that may do so much in a site. What the directory gave counts for every site, `Sites.Selected`
/// for those that were selected.
///
/// # Errors
/// 403.
pub(crate) fn authorize_in_site(grant: &Grant, site: &Site, needed: SiteRole) -> Result<(), GraphError> {
    let allows = |role: &String| match role.as_str() {
        "Sites.FullControl.All" | "Sites.Manage.All" => Some(SiteRole::Manage),
        "Sites.ReadWrite.All" => Some(SiteRole::Write),
        "Sites.Read.All" => Some(SiteRole::Read),
        "Sites.Selected" => site.role(grant.client_id),
        _ => None,
    };
    if grant.roles.iter().filter_map(allows).any(|allowed| allowed >= needed) {
        Ok(())
    } else {
        Err(GraphError::of_sharepoint_status(StatusCode::FORBIDDEN))
    }
}

/// Counts so many resource units of SharePoint, those of refused requests too. When less than a fifth is left it says how many those are.
///
/// # Errors
/// 429 with the time to wait.
pub(crate) fn throttle_sharepoint(world: &World, tenant: &Tenant, units: u32) -> Result<Option<UnitsLeft>, GraphError> {
    let Some(throttle) = world.settings().resource_units else { return Ok(None) };
    let (units, now) = (f64::from(units), Instant::now());
    let mut bucket = locked(&tenant.resource_units);
    let left = bucket.take_units(throttle, units, now).map_err(|_| {
        let seconds = bucket.overdraw(throttle, units, now);
        GraphError::no_units_left(throttle.capacity, seconds)
    })?;
    let few = left * 5.0 < f64::from(throttle.capacity);
    Ok(few.then_some(UnitsLeft { of: throttle.capacity, left, per_second: throttle.per_second }))
}

/// Resource units that are left before requests are refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitsLeft {
    of: u32,
    left: f64,
    per_second: f64,
}

impl UnitsLeft {
    /// The headers that tell it; `RateLimit-Reset` is when all are back.
    pub(crate) fn headers(self) -> [(&'static str, String); 3] {
        let reset = (f64::from(self.of) - self.left) / self.per_second;
        [
            ("ratelimit-limit", self.of.to_string()),
            ("ratelimit-remaining", format!("{:.0}", self.left.floor())),
            ("ratelimit-reset", format!("{:.0}", reset.ceil())),
        ]
    }
}

/// Lets only tokens with one of these permissions pass.
///
/// # Errors
/// 403.
pub(crate) fn authorize(grant: &Grant, any_of: &[&str]) -> Result<(), GraphError> {
    if grant.roles.iter().any(|role| any_of.contains(&role.as_str())) {
        Ok(())
    } else {
        Err(GraphError::of_status(StatusCode::FORBIDDEN))
    }
}

/// Counts the request against the tenant's limit.
///
/// # Errors
/// 429 with the time to wait.
pub(crate) fn throttle(world: &World, tenant: &Tenant) -> Result<(), GraphError> {
    let Some(throttle) = world.settings().throttle else { return Ok(()) };
    locked(&tenant.bucket).take(throttle, Instant::now()).map_err(GraphError::too_many_requests)
}
