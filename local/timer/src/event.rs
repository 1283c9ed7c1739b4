//! What a scheduled function receives.

use chrono::{DateTime, SecondsFormat, Utc};
use leitwarte_template::Schedule;
use serde_json::{Value, json};
use uuid::Uuid;

/// The schedule's fixed input if it has one, else EventBridge's scheduled event.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html>
///
/// `id` is only unique, not the same when a slot is fired anew after a lost answer; `time` is the slot.
#[must_use]
pub fn payload(schedule: &Schedule, slot: DateTime<Utc>, id: Uuid, region: &str) -> Value {
    schedule.input.clone().unwrap_or_else(|| {
        json!({
            "version": "0",
            "id": id,
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "000000000000",
            "time": slot.to_rfc3339_opts(SecondsFormat::Secs, true),
            "region": region,
            "resources": [format!("arn:aws:events:{region}:000000000000:rule/{}", schedule.name)],
            "detail": {},
        })
    })
}
