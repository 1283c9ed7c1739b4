//! What starts the function and what it answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why to sync.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Value")]
pub enum Event {
    /// The schedule, or by hand.
    Now,
    /// `{"plan": true}`, by hand: only say what would be written.
    Plan,
    /// `poll-tenant` succeeded: its report is the `responsePayload` of the destination's record.
    Polled {
        /// Tenants it polled.
        tenants: u64,
    },
}

impl From<Value> for Event {
    fn from(event: Value) -> Self {
        if event["plan"] == true {
            return Self::Plan;
        }
        match event["responsePayload"]["polled"].as_u64() {
            Some(tenants) => Self::Polled { tenants },
            None => Self::Now,
        }
    }
}

/// How it went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Each SharePoint profile.
    pub profiles: Vec<ProfileReport>,
}

/// How the sync of one SharePoint profile went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProfileReport {
    /// The profile's key.
    pub profile: String,
    /// Rows that were made or changed.
    pub written: usize,
    /// Of them, rows that start the flow.
    pub triggered: usize,
    /// Differences left for the next run.
    pub left: usize,
    /// Rows that stand for the same licence as another row; a person has to delete them.
    pub doubled_rows: Vec<String>,
    /// Requests sent to Entra and Graph.
    pub requests: u32,
    /// What is wrong and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What would be written; only when that was asked for, and nothing is written then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned: Option<Vec<String>>,
    /// Somebody else is syncing these lists right now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub busy: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_of_polls_says_how_many_tenants_were_polled() {
        let record = json!({ "version": "1.0", "requestPayload": {}, "responsePayload": { "polled": 3 } });
        assert_eq!(Event::from(record), Event::Polled { tenants: 3 });
        assert_eq!(Event::from(json!({ "plan": true })), Event::Plan);
        assert_eq!(Event::from(json!({ "plan": false })), Event::Now);
        assert_eq!(Event::from(json!({})), Event::Now);
        assert_eq!(Event::from(json!({ "detail-type": "Scheduled Event" })), Event::Now);
    }
}
