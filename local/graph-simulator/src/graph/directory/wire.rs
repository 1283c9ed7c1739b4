//! The directory's objects as Graph writes them.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::directory::{ApplicationConfig, Assigned, UserConfig};
use crate::graph::error::GraphError;
use crate::seen::Seen;

pub(super) fn user(user: &UserConfig) -> Value {
    json!({ "id": user.object_id, "displayName": user.name, "userPrincipalName": user.user_name })
}

pub(super) fn assignment(one: &Assigned) -> Value {
    json!({
        "id": one.id,
        "createdDateTime": one.created_at,
        "deletedDateTime": null,
        "appRoleId": one.app_role,
        "principalDisplayName": one.name,
        "principalId": one.principal,
        "principalType": if one.is_group { "Group" } else { "User" },
        "resourceDisplayName": one.resource,
        "resourceId": one.service_principal,
    })
}

pub(super) fn service_principal(application: &ApplicationConfig) -> Value {
    let role = |value: &String| {
        json!({
            "id": application.app_role_id(value), "value": value, "displayName": value, "description": value,
            "isEnabled": true, "allowedMemberTypes": ["User"], "origin": "Application",
        })
    };
    let roles: Vec<Value> = application.app_roles.iter().map(role).collect();
    json!({ "id": application.service_principal, "appId": application.client_id, "appRoles": roles })
}

/// One page of a list, with the link to the next one.
pub(super) fn page(rows: Vec<Value>, query: &str, page_size: Option<usize>, seen: &Seen) -> Value {
    let skip = parameter(query, "$skiptoken").and_then(|token| {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        String::from_utf8(bytes).ok()?.parse::<usize>().ok()
    });
    let (all, skip) = (rows.len(), skip.unwrap_or(0));
    let rows: Vec<Value> = rows.into_iter().skip(skip).take(page_size.unwrap_or(usize::MAX)).collect();
    let next = skip + rows.len();
    let mut page = json!({ "value": rows });
    if next < all {
        let token = URL_SAFE_NO_PAD.encode(next.to_string());
        page["@odata.nextLink"] = json!(format!("{}{}?$skiptoken={token}", seen.base, seen.path));
    }
    page
}

/// The application of `$filter=appId eq '…'`, the only filter this stand-in plays.
pub(super) fn app_id(query: &str) -> Result<Uuid, GraphError> {
    let unsupported = || GraphError::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", "Unsupported query.");
    let filter = parameter(query, "$filter").ok_or_else(unsupported)?;
    let id = filter.strip_prefix("appId eq '").and_then(|rest| rest.strip_suffix('\''));
    id.and_then(|id| Uuid::parse_str(id).ok()).ok_or_else(unsupported)
}

fn parameter(query: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
