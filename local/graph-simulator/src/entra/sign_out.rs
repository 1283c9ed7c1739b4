//! `GET /{tenant}/oauth2/v2.0/logout`: Microsoft's end of a session (OIDC RP-Initiated Logout 1.0).

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::world::World;

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/{tenant}/oauth2/v2.0/logout", get(sign_out))
}

/// Sends the browser on to a registered address, or says that it is signed out.
async fn sign_out(State(world): State<Arc<World>>, Query(query): Query<HashMap<String, String>>) -> Response {
    let wanted = query.get("post_logout_redirect_uri");
    let registered = world.sign_in.as_ref().map(|sign_in| sign_in.redirect_uris.as_slice()).unwrap_or_default();
    match wanted.filter(|wanted| registered.contains(wanted)) {
        Some(address) => (StatusCode::FOUND, [(LOCATION, address.clone())]).into_response(),
        None => {
            ([(CONTENT_TYPE, "text/html; charset=utf-8")], "<h1>You signed out of your account</h1>").into_response()
        }
    }
}
