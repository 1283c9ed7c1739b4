//! `/{tenant}/oauth2/v2.0/authorize`: the page at which people sign in. Here nobody has a password; one chooses who one is.
//!
//! Source: Microsoft Learn, "Microsoft identity platform and OAuth 2.0 authorization code flow". Where the client or the
//! address to return to is not known, Entra shows a page of its own and sends nobody anywhere.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use url::{Url, form_urlencoded};
use uuid::Uuid;

use crate::entra::codes::Asked;
use crate::entra::people::{AccountKind, DemoPerson};
use crate::seen::Seen;
use crate::world::{SignIn, World};

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/{tenant}/oauth2/v2.0/authorize", get(show).post(choose))
}

/// The name of the field that says who signs in.
const PERSON: &str = "person";

type Parameters = HashMap<String, String>;

/// A request of an application that is known, to send somebody back to an address that is registered.
struct Asking {
    redirect_uri: Url,
    state: Option<String>,
}

impl Asking {
    /// Sends the browser back with these parameters.
    fn back(&self, parameters: &[(&str, &str)]) -> Response {
        let mut address = self.redirect_uri.clone();
        {
            let mut query = address.query_pairs_mut();
            query.extend_pairs(parameters);
            if let Some(state) = &self.state {
                query.append_pair("state", state);
            }
        }
        let headers = [(LOCATION, String::from(address)), (CACHE_CONTROL, "no-store".to_owned())];
        (StatusCode::FOUND, headers).into_response()
    }

    fn refused(&self, error: &str, code: u32, text: &str) -> Response {
        self.back(&[("error", error), ("error_description", &format!("AADSTS{code}: {text}"))])
    }
}

async fn show(State(world): State<Arc<World>>, Path(tenant): Path<String>, RawQuery(query): RawQuery) -> Response {
    let parameters = parameters(query.unwrap_or_default().as_bytes());
    match check(&world, &tenant, &parameters) {
        Ok((sign_in, asking)) if parameters.get("prompt").is_some_and(|prompt| prompt == "none") => {
            let _ = sign_in;
            asking.refused("login_required", 50058, "A silent sign-in request was sent but no user is signed in.")
        }
        Ok((sign_in, _)) => page(&sign_in.people, &parameters),
        Err(answer) => *answer,
    }
}

async fn choose(State(world): State<Arc<World>>, seen: Seen, Path(tenant): Path<String>, body: Bytes) -> Response {
    let parameters = parameters(&body);
    let (sign_in, asking) = match check(&world, &tenant, &parameters) {
        Ok(found) => found,
        Err(answer) => return *answer,
    };
    let chosen = parameters.get(PERSON).and_then(|id| Uuid::parse_str(id).ok());
    let Some(person) = sign_in.people.iter().find(|person| Some(person.object_id) == chosen) else {
        return asking.refused("access_denied", 65004, "User declined to consent to access the app.");
    };
    if person.account == AccountKind::Foreign {
        let text = format!(
            "User account '{}' from identity provider does not exist in tenant and cannot access the application.",
            person.user_name
        );
        return wrong(50020, &text);
    }
    let field = |name: &str| parameters.get(name).cloned();
    let asked = Asked {
        person: person.clone(),
        redirect_uri: field("redirect_uri").unwrap_or_default(),
        nonce: field("nonce"),
        challenge: field("code_challenge").unwrap_or_default(),
        scope: field("scope").unwrap_or_default(),
    };
    let code = sign_in.codes.issue(asked, seen.now);
    asking.back(&[("code", &code), ("session_state", &Uuid::from_u128(rand::random()).to_string())])
}

fn parameters(text: &[u8]) -> Parameters {
    form_urlencoded::parse(text).into_owned().filter(|(_, value)| !value.is_empty()).collect()
}

/// What Entra checks before it shows anything, in its order.
fn check<'w>(world: &'w World, tenant: &str, parameters: &Parameters) -> Result<(&'w SignIn, Asking), Box<Response>> {
    let field = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    let stop = |code, text: &str| Box::new(wrong(code, text));
    let home = world.api.as_ref().map(|api| api.app).zip(world.sign_in.as_ref());
    let home = home.filter(|(app, _)| Uuid::parse_str(tenant).is_ok_and(|id| id == app.tenant_id));
    let (app, sign_in) = home.ok_or_else(|| stop(90002, "Tenant not found."))?;
    if Uuid::parse_str(field("client_id")).ok() != Some(app.client_id) {
        return Err(stop(700_016, "Application was not found in the directory."));
    }
    let registered = sign_in.redirect_uris.iter().any(|uri| uri == field("redirect_uri"));
    let redirect_uri = Url::parse(field("redirect_uri")).ok().filter(|_| registered);
    let redirect_uri = redirect_uri.ok_or_else(|| {
        stop(50011, "The redirect URI specified in the request does not match the redirect URIs configured for the application.")
    })?;
    let asking = Asking { redirect_uri, state: parameters.get("state").cloned() };
    let refused = |error, code, text| Err(Box::new(asking.refused(error, code, text)));
    if field("response_type") != "code" {
        return refused("unsupported_response_type", 700_054, "response_type is not enabled for the application.");
    }
    if !field("scope").split(' ').any(|scope| scope == "openid") {
        return refused("invalid_scope", 70011, "The scope must contain openid.");
    }
    if !matches!(field("response_mode"), "" | "query") {
        return refused("invalid_request", 900_561, "This simulator knows the response mode query alone.");
    }
    if field("code_challenge_method") != "S256" || field("code_challenge").len() != 43 {
        return refused(
            "invalid_request",
            50147,
            "Missing or bad code challenge; this simulator wants PKCE with S256.",
        );
    }
    Ok((sign_in, asking))
}

/// A page instead of a way back.
fn wrong(code: u32, text: &str) -> Response {
    let text = escaped(text);
    html(
        StatusCode::BAD_REQUEST,
        &format!("<h1>Sorry, but we’re having trouble signing you in.</h1><p>AADSTS{code}: {text}</p>"),
    )
}

fn page(people: &[DemoPerson], parameters: &Parameters) -> Response {
    let mut form = String::from(
        "<h1>Pick an account</h1><p>A stand-in for Microsoft’s sign-in, for the demo.</p><form method=\"post\">",
    );
    for (name, value) in parameters.iter().filter(|(name, _)| *name != PERSON) {
        let _ = write!(form, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", escaped(name), escaped(value));
    }
    for person in people {
        let _ = write!(
            form,
            "<button name=\"{PERSON}\" value=\"{}\"><b>{}</b><br>{}<br><small>{}</small></button>",
            person.object_id,
            escaped(&person.name),
            escaped(&person.user_name),
            escaped(&person.description())
        );
    }
    form.push_str("<button name=\"person\" value=\"cancel\">Cancel</button></form>");
    html(StatusCode::OK, &form)
}

fn html(status: StatusCode, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Sign in to your account</title><link rel=\"icon\" href=\"data:,\"><style>\
         body{{font:16px system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}}\
         button{{display:block;width:100%;margin:.5rem 0;padding:.7rem;text-align:left;font:inherit;cursor:pointer}}\
         </style></head><body>{body}</body></html>"
    );
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-store")], page).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
