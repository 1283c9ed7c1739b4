//! Mail from a mailbox of a tenant: `POST /v1.0/users/{mailbox}/sendMail`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::app::AppRegistration;
use crate::budget::Budget;
use crate::client::GraphClient;
use crate::error::{GraphError, Peer};

/// The permission that sends mail. An administrator can restrict it to some mailboxes.
/// Source: Microsoft Learn, "user: sendMail" and "Role Based Access Control for Applications in Exchange Online".
const PERMISSION: &str = "Mail.Send";

impl GraphClient {
    /// Sends one mail, given as it is to be delivered (MIME), from a mailbox. Graph answers 202: it has taken the mail and
    /// delivers it later. The call is repeated only when Graph said that it did nothing.
    ///
    /// # Errors
    /// It was not taken; after [`GraphError::Unavailable`] and [`GraphError::Timeout`] nobody knows.
    pub async fn send_mail(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        mailbox: &str,
        mime: &[u8],
    ) -> Result<(), GraphError> {
        let (url, peer) = self.address(app, mailbox)?;
        let mut session = Self::session(app, budget, PERMISSION);
        self.post_text(&mut session, (&url, &peer), &STANDARD.encode(mime)).await
    }

    /// The mailbox as one segment of the path, whatever is in its name.
    fn address(&self, app: &AppRegistration, mailbox: &str) -> Result<(Url, Peer), GraphError> {
        let (mut url, peer) = self.allowed(&format!("{}/v1.0/users", app.graph_endpoint))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend([mailbox, "sendMail"]);
        }
        Ok((url, peer))
    }
}
