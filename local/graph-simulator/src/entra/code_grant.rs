//! `POST /{tenant}/oauth2/v2.0/token` with `grant_type=authorization_code`: a code becomes an ID token.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use serde_json::{Value, json};
use url::form_urlencoded;
use uuid::Uuid;

use crate::entra::api_token::ApiTokens;
use crate::entra::assertion::{Expected, verify};
use crate::entra::codes::Asked;
use crate::entra::refusal::Refusal;
use crate::seen::Seen;
use crate::world::{SignIn, World};

/// Entra dates a new token back by five minutes, and it lives an hour from now.
const DATED_BACK: TimeDelta = TimeDelta::minutes(5);
const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// Whether a body asks to exchange a code.
pub(crate) fn is_meant(body: &[u8]) -> bool {
    form_urlencoded::parse(body).any(|(name, value)| name == "grant_type" && value == "authorization_code")
}

/// The token answer, or Entra's refusal.
pub(crate) fn exchange(
    world: &World,
    seen: &Seen,
    (segment, path): (&str, &str),
    body: &[u8],
) -> Result<Value, Refusal> {
    let form: HashMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let needed = |name: &str| {
        let text = || format!("The request body must contain the following parameter: '{name}'.");
        field(name).ok_or_else(|| Refusal::new(900_144, text()))
    };
    let home = world.api.as_ref().zip(world.sign_in.as_ref());
    let home = home.filter(|(api, _)| Uuid::parse_str(segment).is_ok_and(|id| id == api.app.tenant_id));
    let (api, sign_in) = home.ok_or_else(|| Refusal::new(90002, format!("Tenant '{segment}' not found.")))?;
    if Uuid::parse_str(needed("client_id")?).ok() != Some(api.app.client_id) {
        return Err(Refusal::new(700_016, "Application was not found in the directory."));
    }
    let audiences = [format!("{}{path}", seen.base), format!("{}/{segment}/v2.0", seen.base)];
    let expected = Expected {
        client_id: api.app.client_id,
        app: &sign_in.app,
        audiences: &audiences,
        now: seen.now,
        refuse_replay: world.settings().refuse_replay,
    };
    authenticate(
        sign_in,
        field("client_secret"),
        field("client_assertion"),
        field("client_assertion_type"),
        &expected,
    )?;
    let (code, redirect_uri) = (needed("code")?, needed("redirect_uri")?);
    let asked = sign_in.codes.redeem(code, redirect_uri, field("code_verifier"), seen.now)?;
    let id_token = id_token(world, api, &asked, seen)?;
    Ok(json!({
        "token_type": "Bearer",
        "scope": asked.scope,
        "expires_in": LIFETIME.num_seconds(),
        "ext_expires_in": LIFETIME.num_seconds(),
        "access_token": URL_SAFE_NO_PAD.encode(rand::random::<[u8; 48]>()),
        "id_token": id_token,
    }))
}

/// Checks what the application shows: a secret or an assertion, not both.
fn authenticate(
    sign_in: &SignIn,
    secret: Option<&str>,
    assertion: Option<&str>,
    assertion_type: Option<&str>,
    expected: &Expected<'_>,
) -> Result<(), Refusal> {
    match (secret, assertion) {
        (Some(_), Some(_)) => Err(Refusal::new(90023, "Either client_secret or client_assertion, not both.")),
        (Some(secret), None) if sign_in.secret.as_deref() == Some(secret) => Ok(()),
        (Some(_), None) => Err(Refusal::of_code(7_000_215)),
        (None, Some(assertion)) => {
            if assertion_type != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
                return Err(Refusal::new(900_144, "The client_assertion_type is not jwt-bearer."));
            }
            verify(assertion, expected)
        }
        (None, None) => {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            Err(Refusal::new(7_000_218, text))
        }
    }
}

fn id_token(world: &World, api: &ApiTokens, asked: &Asked, seen: &Seen) -> Result<String, Refusal> {
    let mut claims = asked.person.claims(&api.subject(&asked.person.user_name));
    // What the directory knows counts, as it is now.
    let directory = world.directory.as_ref().filter(|one| one.user(&asked.person.object_id.to_string()).is_some());
    if let Some(directory) = directory {
        let roles = directory.values_of(asked.person.object_id, api.app.client_id);
        if !roles.is_empty() {
            claims["roles"] = json!(roles);
        } else if let Some(claims) = claims.as_object_mut() {
            claims.remove("roles");
        }
    }
    let dated = (seen.now - DATED_BACK).timestamp();
    claims["aud"] = json!(api.app.client_id);
    claims["iss"] = json!(api.issuer());
    claims["tid"] = json!(api.app.tenant_id);
    claims["iat"] = json!(dated);
    claims["nbf"] = json!(dated);
    claims["exp"] = json!((seen.now + LIFETIME).timestamp());
    claims["uti"] = json!(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()));
    claims["ver"] = json!("2.0");
    if let Some(nonce) = &asked.nonce {
        claims["nonce"] = json!(nonce);
    }
    api.sign(&claims).map_err(|_| Refusal::of_status(axum::http::StatusCode::INTERNAL_SERVER_ERROR))
}
