//! The two Power Automate flows of the source system, played once.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::{Change, Site, object};

/// The second flow tells of certificates that end within this time.
const CERTIFICATE_WARNING: TimeDelta = TimeDelta::days(7);

/// A message that a flow sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// `E-Mail` or `Teams`, from the Parameterliste.
    pub channel: String,
    /// From the Parameterliste.
    pub recipient: String,
    /// The tenant's name.
    pub tenant: String,
    /// The licence; `None` when it is about the tenant's certificate.
    pub licence: Option<String>,
    /// Free licences.
    pub free: Option<f64>,
}

impl Site {
    /// Plays both flows.
    pub(crate) fn run_flows(&self, now: DateTime<Utc>) -> Vec<Told> {
        let text = |fields: &Map<String, Value>, name: &str| {
            fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let parameters = self.rows(self.config.parameter_list);
        let parameter = |name: &str| {
            let found = parameters.iter().find(|(_, fields)| text(fields, "Title") == name);
            found.map(|(_, fields)| text(fields, "Parameterwert")).unwrap_or_default()
        };
        let told = |tenant, licence, free| Told {
            channel: parameter("communication"),
            recipient: parameter("recipientmail"),
            tenant,
            licence,
            free,
        };
        let mut messages = Vec::new();
        for (id, fields) in self.rows(self.config.licence_list) {
            if fields.get("trigger_inform_supporter") == Some(&json!(true)) {
                let free = fields.get("Frei").and_then(Value::as_f64);
                messages.push(told(text(&fields, "tenant"), Some(text(&fields, "Title")), free));
                let done = object(json!({ "trigger_inform_supporter": false, "technician_informed": true }));
                let _ = self.change(self.config.licence_list, &Change::Set(id, None, done));
            }
        }
        for (_, fields) in self.rows(self.config.tenant_list) {
            let ends = DateTime::parse_from_rfc3339(&text(&fields, "cert_expires"));
            if ends.is_ok_and(|ends| ends.to_utc() - now < CERTIFICATE_WARNING) {
                messages.push(told(text(&fields, "Title"), None, None));
            }
        }
        messages
    }
}
