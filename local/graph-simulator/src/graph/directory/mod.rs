//! `/v1.0/users/…` and `/v1.0/servicePrincipals/…`: people, and who holds which app role.
//!
//! Sources: Microsoft Learn, "List appRoleAssignments granted to a user", "Grant an appRoleAssignment for a service
//! principal", "Delete appRoleAssignedTo", "Get user", "List servicePrincipals".

mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use bytes::Bytes;
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::answer::answer;
use crate::directory::{Directory, Lag, NotAssigned};
use crate::entra::grant::Grant;
use crate::fault::Operation;
use crate::graph::error::GraphError;
use crate::graph::{JSON, access, with_request_ids};
use crate::seen::Seen;
use crate::world::{Tenant, World};

/// Application permissions that let an app read assignments.
const READ: [&str; 3] = ["AppRoleAssignment.ReadWrite.All", "Application.Read.All", "Directory.Read.All"];
/// The one that lets it write them.
const WRITE: [&str; 1] = ["AppRoleAssignment.ReadWrite.All"];
/// Those that let it read applications.
const READ_APPLICATIONS: [&str; 2] = ["Application.Read.All", "Directory.Read.All"];
/// Those that let it read people.
const READ_USERS: [&str; 2] = ["User.Read.All", "Directory.Read.All"];

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        // No more of /users: mail is sent there, too.
        .route("/v1.0/users/{id}", any(of_users))
        .route("/v1.0/users/{id}/appRoleAssignments", any(roles_of_user))
        .route("/v1.0/servicePrincipals", any(of_principals))
        .route("/v1.0/servicePrincipals/{*path}", any(of_principals))
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Call<'a> {
    User(&'a str),
    RolesOfUser(&'a str),
    ServicePrincipals,
    AssignedTo(&'a str),
    Assign(&'a str),
    Unassign(&'a str, &'a str),
}

#[derive(Deserialize)]
struct NewAssignment {
    #[serde(rename = "principalId")]
    principal: Uuid,
    #[serde(rename = "resourceId")]
    resource: Uuid,
    #[serde(rename = "appRoleId")]
    app_role: Uuid,
}

impl<'a> Call<'a> {
    fn read(of_users: bool, method: &Method, path: &'a str) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        Some(match (of_users, method.as_str(), segments.as_slice()) {
            (true, "GET", [user]) => Self::User(user),
            (true, "GET", [user, "appRoleAssignments"]) => Self::RolesOfUser(user),
            (false, "GET", []) => Self::ServicePrincipals,
            (false, "GET", [principal, "appRoleAssignedTo"]) => Self::AssignedTo(principal),
            (false, "POST", [principal, "appRoleAssignedTo"]) => Self::Assign(principal),
            (false, "DELETE", [principal, "appRoleAssignedTo", id]) => Self::Unassign(principal, id),
            _ => return None,
        })
    }

    fn operation(&self) -> Operation {
        match self {
            Self::User(_) => Operation::User,
            Self::RolesOfUser(_) | Self::AssignedTo(_) => Operation::RoleAssignments,
            Self::ServicePrincipals => Operation::ServicePrincipals,
            Self::Assign(_) => Operation::GrantRole,
            Self::Unassign(..) => Operation::RevokeRole,
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        match self {
            Self::User(_) => &READ_USERS,
            Self::RolesOfUser(_) | Self::AssignedTo(_) => &READ,
            Self::ServicePrincipals => &READ_APPLICATIONS,
            Self::Assign(_) | Self::Unassign(..) => &WRITE,
        }
    }
}

async fn of_users(
    state: State<Arc<World>>,
    seen: Seen,
    method: Method,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    handle(&state.0, seen, Call::read(true, &method, &path), query, &headers, &body).await
}

async fn roles_of_user(
    state: State<Arc<World>>,
    seen: Seen,
    method: Method,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = format!("{id}/appRoleAssignments");
    handle(&state.0, seen, Call::read(true, &method, &path), query, &headers, &body).await
}

async fn of_principals(
    state: State<Arc<World>>,
    seen: Seen,
    method: Method,
    path: Option<Path<String>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = path.map(|Path(path)| path).unwrap_or_default();
    handle(&state.0, seen, Call::read(false, &method, &path), query, &headers, &body).await
}

async fn handle(
    world: &Arc<World>,
    seen: Seen,
    call: Option<Call<'_>>,
    query: Option<String>,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let Some(call) = call else {
        return GraphError::bad_request("The simulator does not play this.").into_response(&seen);
    };
    let caller = access::authenticate(world, &seen, headers);
    let tenant = caller.as_ref().ok().map(|(tenant, _)| tenant.as_ref());
    answer(world, &seen, call.operation(), tenant, async {
        let query = query.as_deref().unwrap_or_default();
        let done = caller
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|(tenant, grant)| perform(world, (tenant, grant), &call, (query, body), &seen));
        match done {
            Ok((status, Some(body))) => {
                with_request_ids((status, [(CONTENT_TYPE, JSON)], body.to_string()).into_response(), &seen)
            }
            Ok((status, None)) => with_request_ids(status.into_response(), &seen),
            Err(error) => error.into_response(&seen),
        }
    })
    .await
}

fn perform(
    world: &World,
    (tenant, grant): (&Tenant, &Grant),
    call: &Call<'_>,
    (query, body): (&str, &[u8]),
    seen: &Seen,
) -> Result<(StatusCode, Option<Value>), GraphError> {
    access::authorize(grant, call.permissions())?;
    access::throttle(world, tenant)?;
    let not_found = || GraphError::of_status(StatusCode::NOT_FOUND);
    let directory = world.directory.as_ref().filter(|one| one.tenant_id == tenant.id).ok_or_else(not_found)?;
    let settings = world.settings();
    let time = TimeDelta::try_milliseconds(settings.directory_lag_ms).unwrap_or_default();
    let lag = Lag { time, answers: settings.directory_stale_answers };
    let page = |rows: Vec<Value>| Ok((StatusCode::OK, Some(wire::page(rows, query, settings.page_size, seen))));
    match *call {
        Call::User(user) => {
            let user = directory.user(user).ok_or_else(not_found)?;
            Ok((StatusCode::OK, Some(wire::user(&user))))
        }
        Call::RolesOfUser(user) => {
            let user = directory.user(user).ok_or_else(not_found)?;
            let shown = directory.of_user(directory.shown(seen.now, lag), user.object_id);
            page(shown.iter().map(wire::assignment).collect())
        }
        Call::ServicePrincipals => {
            let client_id = wire::app_id(query)?;
            page(directory.application(client_id).map(wire::service_principal).into_iter().collect())
        }
        Call::AssignedTo(principal) => {
            let id = known_principal(directory, principal)?;
            let shown = directory.shown(seen.now, lag).into_iter().filter(|one| one.service_principal == id);
            page(shown.map(|one| wire::assignment(&one)).collect())
        }
        Call::Assign(principal) => {
            let id = known_principal(directory, principal)?;
            let new: NewAssignment = serde_json::from_slice(body)
                .map_err(|_| GraphError::bad_request("Unable to read JSON request payload."))?;
            if new.resource != id {
                return Err(GraphError::bad_request("One or more properties are invalid."));
            }
            let made = directory.assign(new.principal, id, new.app_role, seen.now, lag).map_err(not_assigned)?;
            Ok((StatusCode::CREATED, Some(wire::assignment(&made))))
        }
        Call::Unassign(principal, id) => {
            known_principal(directory, principal)?;
            if directory.unassign(id, seen.now, lag) { Ok((StatusCode::NO_CONTENT, None)) } else { Err(not_found()) }
        }
    }
}

fn known_principal(directory: &Directory, id: &str) -> Result<Uuid, GraphError> {
    let id = Uuid::parse_str(id).map_err(|_| GraphError::bad_request("Invalid object identifier."))?;
    let known = directory.service_principal(id);
    known.map(|one| one.service_principal).ok_or_else(|| GraphError::of_status(StatusCode::NOT_FOUND))
}

/// Graph's words for it, by which a client has to tell them apart.
fn not_assigned(why: NotAssigned) -> GraphError {
    match why {
        NotAssigned::Exists => GraphError::bad_request("Permission being assigned already exists on the object"),
        NotAssigned::NoAppRole => {
            GraphError::bad_request("Permission being assigned was not found on application 'Intranet'")
        }
        NotAssigned::NoPrincipal => GraphError::of_status(StatusCode::NOT_FOUND),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_by_method_and_path() {
        let read = |of_users, method: &'static str, path| {
            Call::read(of_users, &Method::from_bytes(method.as_bytes()).expect("a method"), path)
        };
        assert_eq!(read(true, "GET", "x/appRoleAssignments"), Some(Call::RolesOfUser("x")));
        assert_eq!(read(false, "DELETE", "sp/appRoleAssignedTo/a"), Some(Call::Unassign("sp", "a")));
        assert_eq!(read(true, "DELETE", "x"), None);
        assert_eq!(read(false, "POST", ""), None);
    }
}
