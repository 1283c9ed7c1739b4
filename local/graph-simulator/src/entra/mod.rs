//! The part that plays Entra: sign-in of apps and what clients read about a tenant before it.
//!
//! One endpoint, one file.

pub(crate) mod api_token;
pub(crate) mod assertion;
pub(crate) mod authorize;
pub(crate) mod code_grant;
pub(crate) mod codes;
pub(crate) mod discovery;
pub(crate) mod grant;
pub(crate) mod people;
pub(crate) mod refusal;
pub(crate) mod sign_out;
pub(crate) mod token;

use std::sync::Arc;

use axum::Router;

use crate::world::World;

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .merge(token::routes())
        .merge(discovery::routes())
        .merge(api_token::routes())
        .merge(authorize::routes())
        .merge(sign_out::routes())
}
