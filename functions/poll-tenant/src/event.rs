//! What starts the function and what it answers.

use leitwarte_core::poll::FailureKind;
use leitwarte_runtime::FunctionError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whom to poll.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Value")]
pub enum Event {
    /// The timer's tick, a scheduled event: all that are due.
    #[default]
    Due,
    /// `{}`, by hand: everybody, whether due or not.
    Everybody,
    /// `{"tenant": "<key>"}`: one tenant at once.
    One(String),
    /// `{"tenants": ["<key>", …]}`: these at once. Who asks does not wait for the answer, so a poll that fails is part of
    /// the report and not a failed event, which the host would keep as a dead letter; one that is polled already, switched
    /// off or unknown is left out.
    Some(Vec<String>),
}

/// An event that means nothing here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; send {{}} to poll every tenant, {{\"tenant\": \"<key>\"}} to poll one, or {{\"tenants\": [\"<key>\", …]}} to poll \
     some without waiting for them"
)]
pub struct UnknownEvent(String);

impl TryFrom<Value> for Event {
    type Error = UnknownEvent;

    /// Scheduled events have many fields, which say nothing here; anything else may have a tenant and nothing more,
    /// so that a slip of the pen does not look like a poll that found nothing.
    fn try_from(event: Value) -> Result<Self, UnknownEvent> {
        let fields = match event {
            Value::Null => return Ok(Self::Everybody),
            Value::Object(fields) => fields,
            other => return Err(UnknownEvent(format!("the event {other} is no JSON object"))),
        };
        if fields.contains_key("detail-type") {
            return Ok(Self::Due);
        }
        if let Some(keys) = fields.get("tenants") {
            let keys = serde_json::from_value(keys.clone()).ok().filter(|_| fields.len() == 1);
            let wrong = || UnknownEvent("`tenants` is no list of texts, or there is something beside it".to_owned());
            return keys.map(Self::Some).ok_or_else(wrong);
        }
        if let Some(unknown) = fields.keys().find(|name| *name != "tenant") {
            return Err(UnknownEvent(format!("the event has a field `{unknown}`, which this function does not know")));
        }
        match fields.get("tenant") {
            None | Some(Value::Null) => Ok(Self::Everybody),
            Some(Value::String(key)) => Ok(Self::One(key.clone())),
            Some(other) => Err(UnknownEvent(format!("`tenant` is {other} and no text"))),
        }
    }
}

/// How an invocation went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Tenants that were polled, the failed ones included.
    pub polled: usize,
    /// Products whose numbers changed.
    pub changed: usize,
    /// Shortages that were new.
    pub opened: usize,
    /// Shortages that were over.
    pub closed: usize,
    /// Tenants whose poll brought no numbers, ordered by key.
    pub failed: Vec<FailedPoll>,
    /// Tenants that were claimed but brought no result of this invocation: there was no time left for them, and they
    /// are due again once the lease on them is over, when this invocation would have ended at the latest; or somebody
    /// else has polled them meanwhile.
    pub skipped: usize,
    /// How long all of it took, in milliseconds.
    pub duration_ms: u64,
}

impl Report {
    /// What the caller is told. Who asked for one tenant gets its failure as an error; among many, failures are part
    /// of the answer.
    ///
    /// # Errors
    /// `PollFailed`, if `asked_for_one` and that poll brought no numbers.
    pub fn answer(self, asked_for_one: bool) -> Result<Self, FunctionError> {
        match self.failed.first() {
            Some(FailedPoll { tenant, kind, message, fix }) if asked_for_one => Err(FunctionError::new(
                "PollFailed",
                format!("{tenant} could not be read ({}): {message} {fix}", kind.as_str()),
            )),
            _ => Ok(self),
        }
    }
}

/// A tenant whose poll brought no numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedPoll {
    /// The tenant's key.
    pub tenant: String,
    /// The class of failure.
    pub kind: FailureKind,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it, in one sentence.
    pub fix: String,
}
