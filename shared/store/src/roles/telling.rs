//! Who looks after a change of roles that stands still.

use chrono::{DateTime, Utc};
use leitwarte_core::message::{Message, RoleChange};
use leitwarte_core::roles::RoleTable;
use leitwarte_database::{PATIENCE, within};

use super::reading;
use crate::outbox::{self, NewMessage};
use crate::{Store, StoreError};

impl Store {
    /// Writes down that people are to be told of a change if it stands still, once for each change; tells whether that was
    /// new. It is looked at in the transaction that writes, so nobody is told of what somebody else has just finished.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn tell_if_it_stands_still(
        &self,
        number: i64,
        table: &RoleTable,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const OPERATION: &str = "writing a message about a change of roles";
        let error = StoreError::during(OPERATION);
        let subject = format!("role-operation/{number}");
        // Each run asks as long as it stands still: not worth everybody's turn to write.
        let mut connection = self.reading(OPERATION).await?;
        if within(PATIENCE, outbox::is_known(&mut connection, &subject)).await.map_err(&error)? {
            return Ok(false);
        }
        drop(connection);
        let mut writing = self.writing(OPERATION).await?;
        let operation = reading::one(writing.connection(), number).await.map_err(&error)?;
        let Some(operation) = operation.filter(|operation| operation.stands_still(now)) else { return Ok(false) };
        let message = Message::RoleChange(RoleChange::of(&operation, table));
        let new = NewMessage { subject, tenant: None, incident: None, message: &message };
        let written = outbox::put(writing.connection(), &new, now).await.map_err(&error)?;
        writing.commit().await?;
        Ok(written)
    }
}
