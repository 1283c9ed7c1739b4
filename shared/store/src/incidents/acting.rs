//! What people do about incidents.

use chrono::{DateTime, Utc};
use leitwarte_core::incident::{Action, ActionError};
use serde_json::json;

use super::{StoredIncident, note, one, save};
use crate::audit::{self, Actor};
use crate::{Store, StoreError};

/// What became of a wish about an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    /// Done; the incident afterwards.
    Done(Box<StoredIncident>),
    /// There is no such incident.
    Unknown,
    /// It is closed already.
    Closed,
    /// Somebody has changed it since the version that was seen; the incident as it is.
    Changed(Box<StoredIncident>),
    /// The wish cannot be meant.
    Refused(ActionError),
}

impl Store {
    /// Does what a person wants with an incident, if it is still as that person saw it (`version`; `None` whatever it
    /// is). It stands in the audit log if and only if it was done.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn act_on_incident(
        &self,
        number: i64,
        version: Option<i64>,
        action: Action,
        actor: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Acted, StoreError> {
        const OPERATION: &str = "changing an incident";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let Some(before) = one(writing.connection(), number).await.map_err(&error)? else { return Ok(Acted::Unknown) };
        if before.closed.is_some() {
            return Ok(Acted::Closed);
        }
        if version.is_some_and(|version| version != before.version) {
            return Ok(Acted::Changed(Box::new(before)));
        }
        let after = match action.on(&before.incident, now) {
            Ok(after) => after,
            Err(refusal) => return Ok(Acted::Refused(refusal)),
        };
        save(writing.connection(), &after).await.map_err(&error)?;
        let detail = match action {
            Action::Order { quantity, expected_on } => format!("{quantity}, {expected_on}"),
            Action::Snooze { until } => until.to_rfc3339(),
            Action::Acknowledge | Action::Reopen => String::new(),
        };
        note(writing.connection(), number, now, actor.who, action.as_str(), &detail).await.map_err(&error)?;
        let (word, subject) = (format!("incident-{}", action.as_str()), number.to_string());
        let detail = json!({ "tenant": before.incident.tenant, "skuid": before.incident.sku_id, "action": action });
        audit::note(writing.connection(), actor, &word, &subject, &detail, now).await.map_err(&error)?;
        writing.revise();
        writing.commit().await?;
        Ok(Acted::Done(Box::new(StoredIncident { incident: after, version: before.version + 1, ..before })))
    }
}
