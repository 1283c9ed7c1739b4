//! Mail through Microsoft Graph, for companies whose mail is in Microsoft 365: no mail server, no password.

use std::time::Duration;

use chrono::{DateTime, Utc};
use leitwarte_core::notifications::GraphMail;
use leitwarte_graph::{AppRegistration, Budget, GraphClient, GraphError};

use crate::channel::{Outgoing, SendError};
use crate::mail;

/// One mail takes no longer, signing in and waiting for a throttled mailbox included.
const LONGEST: Duration = Duration::from_mins(1);

/// Sends one mail.
///
/// # Errors
/// Nobody got it, or nobody knows.
pub async fn send(
    channel: &GraphMail,
    graph: &GraphClient,
    outgoing: &Outgoing,
    now: DateTime<Utc>,
) -> Result<(), SendError> {
    let mime = mail::mime(&channel.sender, &channel.recipients, outgoing, now)?;
    let app = AppRegistration::from(channel.app.as_ref());
    let sent = graph.send_mail(&app, &Budget::of(LONGEST), &channel.sender, &mime).await;
    sent.map_err(|error| refused(channel, &error))
}

fn refused(channel: &GraphMail, error: &GraphError) -> SendError {
    match error {
        // The connection broke, or the time was over: Graph may have taken it.
        GraphError::Unavailable { .. } | GraphError::Timeout { .. } => SendError::Unknown(error.to_string()),
        GraphError::Refused { status: 404, .. } => {
            SendError::NotSent(format!("{error}: there is no mailbox {}; check `sender`", channel.sender))
        }
        _ => SendError::NotSent(format!("{error}. {}", error.fix())),
    }
}
