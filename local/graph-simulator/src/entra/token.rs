//! `POST /{tenant}/oauth2/v2.0/token`: an app signs in with its certificate.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use chrono::TimeDelta;
use rand::Rng as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::answer;
use crate::entra::assertion::{Expected, verify};
use crate::entra::code_grant;
use crate::entra::grant::Grant;
use crate::entra::refusal::Refusal;
use crate::fault::Operation;
use crate::seen::Seen;
use crate::world::{Tenant, World};

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/{tenant}/oauth2/v2.0/token", post(token))
}

/// The tenant a path names, or Entra's refusal.
pub(crate) fn tenant_of_path<'a>(world: &'a World, segment: &str) -> Result<&'a Arc<Tenant>, Refusal> {
    Uuid::parse_str(segment).ok().and_then(|id| world.tenants.get(&id)).ok_or_else(|| {
        let text = format!(
            "Tenant '{segment}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud."
        );
        Refusal::new(90002, text)
    })
}

async fn token(
    State(world): State<Arc<World>>,
    seen: Seen,
    Path(segment): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Response {
    let tenant = tenant_of_path(&world, &segment);
    let known = tenant.as_ref().ok().map(AsRef::as_ref);
    answer(&world, &seen, Operation::Token, known, async {
        if code_grant::is_meant(&body) {
            return match code_grant::exchange(&world, &seen, (&segment, uri.path()), &body) {
                Ok(tokens) => token_response(&tokens),
                Err(refusal) => refusal.into_response(&seen),
            };
        }
        let granted = tenant.clone().and_then(|tenant| sign_in(&world, &seen, tenant, uri.path(), &segment, &body));
        match granted {
            Ok((access_token, expires_in)) => granted_response(&access_token, expires_in),
            Err(refusal) => refusal.into_response(&seen),
        }
    })
    .await
}

fn granted_response(access_token: &str, expires_in: u64) -> Response {
    let body = json!({
        "token_type": "Bearer",
        "expires_in": expires_in,
        "ext_expires_in": expires_in,
        "access_token": access_token,
    });
    token_response(&body)
}

fn token_response(body: &Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json; charset=utf-8"), (CACHE_CONTROL, "no-store, no-cache")];
    (headers, body.to_string()).into_response()
}

/// Checks the request and gives out a token with its life in seconds.
fn sign_in(
    world: &World,
    seen: &Seen,
    tenant: &Tenant,
    path: &str,
    segment: &str,
    body: &[u8],
) -> Result<(String, u64), Refusal> {
    let form: HashMap<_, _> = url::form_urlencoded::parse(body).collect();
    let field = |name: &str| {
        form.get(name).map(AsRef::as_ref).filter(|value: &&str| !value.is_empty()).ok_or_else(|| {
            Refusal::new(900_144, format!("The request body must contain the following parameter: '{name}'."))
        })
    };
    if field("grant_type")? != "client_credentials" {
        return Err(Refusal::new(70003, "The app requested an unsupported grant type."));
    }
    let client_id = field("client_id")?;
    let app = Uuid::parse_str(client_id).ok().and_then(|id| Some((id, tenant.apps.get(&id)?)));
    let Some((client_id, app)) = app else {
        let text = format!(
            "Application with identifier '{client_id}' was not found in the directory '{}'. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant.",
            tenant.name
        );
        return Err(Refusal::new(700_016, text));
    };
    check_scope(field("scope")?, &seen.base)?;
    if !form.contains_key("client_assertion") {
        let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(Refusal::new(7_000_218, text));
    }
    if field("client_assertion_type")? != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
        return Err(Refusal::new(900_144, "The client_assertion_type is not jwt-bearer."));
    }
    let settings = world.settings();
    let audiences = [format!("{}{path}", seen.base), format!("{}/{segment}/v2.0", seen.base)];
    let expected =
        Expected { client_id, app, audiences: &audiences, now: seen.now, refuse_replay: settings.refuse_replay };
    verify(field("client_assertion")?, &expected)?;
    let expires_in = rand::rng().random_range(settings.token_lifetime_seconds);
    let grant = Grant {
        tenant: tenant.id,
        client_id,
        audience: seen.base.clone(),
        roles: Arc::clone(&app.roles),
        expires_at: seen.now + TimeDelta::seconds(i64::try_from(expires_in).unwrap_or(i64::MAX / 1000)),
    };
    Ok((world.grants.issue(grant, seen.now), expires_in))
}

/// Graph stands on the same address as this Entra, so that is the one resource there is.
fn check_scope(scope: &str, base: &str) -> Result<(), Refusal> {
    let Some(resource) = scope.strip_suffix("/.default") else {
        let text = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        return Err(Refusal::new(1_002_012, text));
    };
    if resource.trim_end_matches('/') == base {
        Ok(())
    } else {
        Err(Refusal::new(500_011, format!("The resource principal named {resource} was not found in the tenant.")))
    }
}
