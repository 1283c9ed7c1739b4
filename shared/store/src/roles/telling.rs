//! Who looks after a change of roles that stands still.

use chrono::{DateTime, Utc};
use leitwarte_core::message::{Message, RoleChange};

use crate::outbox::{self, NewMessage};
use crate::{Store, StoreError};

impl Store {
    /// Writes down that people are to be told of a change that stands still, once for each change; tells whether it was new.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn tell_of_role_operation(&self, change: RoleChange, now: DateTime<Utc>) -> Result<bool, StoreError> {
        const OPERATION: &str = "writing a message about a change of roles";
        let error = StoreError::during(OPERATION);
        let subject = format!("role-operation/{}", change.operation);
        let message = Message::RoleChange(change);
        let mut writing = self.writing(OPERATION).await?;
        let new = NewMessage { subject, tenant: None, incident: None, message: &message };
        let written = outbox::put(writing.connection(), &new, now).await.map_err(error)?;
        writing.commit().await?;
        Ok(written)
    }
}
