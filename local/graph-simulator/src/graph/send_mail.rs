//! `POST /v1.0/users/{id}/sendMail` with a mail in MIME. Nobody gets it: it is kept to be looked at.
//!
//! Source: Microsoft Learn, "user: sendMail", "Send a new message using MIME format".

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::answer::answer;
use crate::config::SEND_MAIL;
use crate::fault::Operation;
use crate::graph::error::GraphError;
use crate::graph::{access, with_request_ids};
use crate::seen::Seen;
use crate::world::{World, locked};

/// More mails than this are forgotten, the oldest first.
const MOST: usize = 1000;

/// A mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMail {
    /// The mailbox it was sent from.
    pub mailbox: String,
    /// The mail as it would be delivered.
    pub mime: String,
}

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/v1.0/users/{id}/sendMail", post(send))
}

async fn send(
    State(world): State<Arc<World>>,
    seen: Seen,
    Path(mailbox): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let caller = access::authenticate(&world, &seen, &headers);
    let tenant = caller.as_ref().ok().map(|(tenant, _)| tenant.as_ref());
    answer(&world, &seen, Operation::SendMail, tenant, async {
        let taken = caller.as_ref().map_err(Clone::clone).and_then(|(tenant, grant)| {
            access::authorize(grant, &[SEND_MAIL])?;
            access::throttle(&world, tenant)?;
            let mail = SentMail { mime: mime(&headers, &body)?, mailbox };
            let mut mails = locked(&world.mails);
            if mails.len() >= MOST {
                mails.remove(0);
            }
            mails.push(mail);
            Ok(())
        });
        match taken {
            Ok(()) => with_request_ids(StatusCode::ACCEPTED.into_response(), &seen),
            Err(error) => error.into_response(&seen),
        }
    })
    .await
}

fn mime(headers: &HeaderMap, body: &str) -> Result<String, GraphError> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("text/plain") {
        // Graph takes JSON, too; nobody sends it here.
        return Err(GraphError::bad_request("This simulator takes mails in MIME, as text/plain, only."));
    }
    let bytes = STANDARD.decode(body.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    bytes.ok_or_else(|| {
        let text = "Invalid base64 string for MIME content.";
        GraphError::new(StatusCode::BAD_REQUEST, "ErrorMimeContentInvalidBase64String", text)
    })
}
