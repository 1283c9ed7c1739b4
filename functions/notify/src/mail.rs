//! A mail as it is delivered, whatever the way.

use chrono::{DateTime, Utc};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};

use crate::channel::{Outgoing, SendError};

/// Writes the mail. Its `Message-ID` is the mark, by which mail systems know a copy.
pub(crate) fn mime(
    sender: &str,
    recipients: &[String],
    outgoing: &Outgoing,
    now: DateTime<Utc>,
) -> Result<Vec<u8>, SendError> {
    let invalid = |problem: String| SendError::NotSent(format!("the mail cannot be written: {problem}"));
    let sender: Mailbox = sender.parse().map_err(|error| invalid(format!("sender: {error}")))?;
    let domain = sender.email.domain().to_owned();
    let mut builder = Message::builder()
        .from(sender)
        .subject(&outgoing.text.subject)
        .message_id(Some(format!("<{}@{domain}>", outgoing.mark)))
        .date(now.into());
    for recipient in recipients {
        builder = builder.to(recipient.parse().map_err(|error| invalid(format!("{recipient}: {error}")))?);
    }
    // RFC 3834: no out-of-office answers, please.
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let message =
        builder.raw_header(automatic).body(outgoing.text.plain()).map_err(|error| invalid(error.to_string()))?;
    Ok(message.formatted())
}
