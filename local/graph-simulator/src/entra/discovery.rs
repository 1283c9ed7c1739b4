//! What clients read before they sign in: OIDC discovery, signing keys, instance discovery.
//!
//! MSAL Python reads the tenant's discovery document first and takes the token endpoint from it. It asks for instance
//! discovery only when told to ask this host (`instance_discovery=…`), and for `userrealm` only for passwords, which
//! this Entra does not know.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use crate::entra::api_token::ApiTokens;
use crate::entra::refusal::Refusal;
use crate::entra::token::tenant_of_path;
use crate::seen::Seen;
use crate::world::World;

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(openid_configuration))
        .route("/{tenant}/discovery/v2.0/keys", get(keys))
        .route("/common/discovery/instance", get(instance))
}

/// Refuses a tenant this Entra does not know; the support company's own one counts too.
fn known(world: &World, segment: &str) -> Result<(), Refusal> {
    let home = world.api.as_ref().map(|api| api.app.tenant_id);
    if home.is_some() && Uuid::parse_str(segment).ok() == home {
        return Ok(());
    }
    tenant_of_path(world, segment).map(|_| ())
}

async fn openid_configuration(State(world): State<Arc<World>>, seen: Seen, Path(tenant): Path<String>) -> Response {
    if let Err(refusal) = known(&world, &tenant) {
        return refusal.into_response(&seen);
    }
    let tenant_base = format!("{}/{tenant}", seen.base);
    Json(json!({
        "issuer": format!("{tenant_base}/v2.0"),
        // Discovery needs one (OpenID Connect Discovery 1.0, section 3), and MSAL does not start without.
        "authorization_endpoint": format!("{tenant_base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{tenant_base}/oauth2/v2.0/token"),
        "end_session_endpoint": format!("{tenant_base}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{tenant_base}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver",
            "at_hash", "c_hash", "email",
        ],
        "request_uri_parameter_supported": false,
        "tenant_region_scope": "EU",
        "cloud_instance_name": host_of(&seen.base),
        "cloud_graph_host_name": host_of(&seen.base),
        "msgraph_host": host_of(&seen.base),
    }))
    .into_response()
}

fn host_of(base: &str) -> &str {
    base.split_once("://").map_or(base, |(_, host)| host)
}

async fn keys(State(world): State<Arc<World>>, seen: Seen, Path(tenant): Path<String>) -> Response {
    if let Err(refusal) = known(&world, &tenant) {
        return refusal.into_response(&seen);
    }
    let keys: Vec<Value> = world.api.as_ref().map(ApiTokens::public_keys).unwrap_or_default();
    Json(json!({ "keys": keys })).into_response()
}

async fn instance(
    State(world): State<Arc<World>>,
    seen: Seen,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let tenant = query
        .get("authorization_endpoint")
        .and_then(|endpoint| Url::parse(endpoint).ok())
        .and_then(|endpoint| endpoint.path_segments()?.next().map(ToOwned::to_owned))
        .filter(|segment| known(&world, segment).is_ok());
    let Some(tenant) = tenant else {
        let error =
            json!({ "error": "invalid_instance", "error_description": "AADSTS50049: Unknown or invalid instance." });
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    };
    let host = host_of(&seen.base);
    Json(json!({
        "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", seen.base),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
    }))
    .into_response()
}
