//! Who may ask: checks the bearer token of a Graph request.

use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use crate::entra::grant::Grant;
use crate::graph::error::GraphError;
use crate::seen::Seen;
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
