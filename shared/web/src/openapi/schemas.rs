//! The forms of answers and bodies as the document names them. Tests read real answers as these types, so that neither has
//! a field that the other has not.

use leitwarte_core::{DateTime, NaiveDate, Utc, Uuid};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// An error (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// What kind it is, stable: `/problems/…`.
    pub r#type: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, where, and what to do.
    pub detail: String,
    /// The id by which the log can be searched.
    pub instance: String,
    /// How it is now, where somebody has changed it meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub current: Option<Value>,
}

/// One product of one tenant. A tenant that has never been read is one row without numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusRow {
    /// The tenant's name.
    pub tenant: String,
    /// Microsoft's GUID of the product.
    #[schema(required)]
    pub skuid: Option<Uuid>,
    /// Microsoft's part number of the product.
    #[schema(required)]
    pub skupartnumber: Option<String>,
    /// The product's name in English.
    #[schema(required)]
    pub product_name: Option<String>,
    /// Usable licences.
    #[schema(required)]
    pub available_units: Option<i64>,
    /// Assigned licences.
    #[schema(required)]
    pub consumed_units: Option<i64>,
    /// Licences left; negative when over-assigned.
    #[schema(required)]
    pub free_units: Option<i64>,
    /// Licences in force.
    #[schema(required)]
    pub enabled_units: Option<i64>,
    /// Licences in their grace period.
    #[schema(required)]
    pub warning_units: Option<i64>,
    /// Suspended licences.
    #[schema(required)]
    pub suspended_units: Option<i64>,
    /// Locked licences.
    #[schema(required)]
    pub locked_out_units: Option<i64>,
    /// State of the subscription.
    #[schema(required)]
    pub capability_status: Option<String>,
    /// `short`, `low`, `fine`, `unmetered`, `company_wide`, `excluded` or `unknown`.
    pub state: String,
    /// The rule that holds, as far as people set one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rule: Option<RuleDefinition>,
    /// The tenant has it on trial alone, as far as that is known.
    #[serde(default)]
    pub trial: bool,
    /// When Microsoft was last asked with success.
    #[schema(required)]
    pub polled_at: Option<DateTime<Utc>>,
    /// Whether these numbers are too old to rely on.
    pub stale: bool,
    /// Why they are, and what to do.
    #[schema(required)]
    pub stale_reason: Option<String>,
}

/// A certificate as the last look found it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// `tenant` or `sharepoint`.
    pub kind: String,
    /// The profile's key.
    pub key: String,
    /// Whose it is.
    pub owner: String,
    /// When it ends.
    #[schema(required)]
    pub ends_at: Option<DateTime<Utc>>,
    /// Days until then.
    #[schema(required)]
    pub days_left: Option<i64>,
    /// Its SHA-256.
    #[schema(required)]
    pub sha256: Option<String>,
    /// Why it does not work.
    #[schema(required)]
    pub problem: Option<String>,
    /// What to do.
    #[schema(required)]
    pub fix: Option<String>,
    /// What is not quite right, but works.
    #[schema(required)]
    pub note: Option<String>,
    /// When it was looked at.
    pub looked_at: DateTime<Utc>,
}

/// How long each product of a tenant lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// The tenant's key.
    pub tenant_key: String,
    /// The tenant's name.
    pub tenant: String,
    /// When Microsoft was last asked with success.
    #[schema(required)]
    pub polled_at: Option<DateTime<Utc>>,
    /// Why nothing is promised of old numbers.
    #[schema(required)]
    pub stale_reason: Option<String>,
    /// Whether and from when it is known what was bought: `known`, `note`, `read_at`.
    #[schema(value_type = Object)]
    pub subscriptions: Map<String, Value>,
    /// Its products.
    pub products: Vec<ForecastOfProduct>,
}

/// How long one product lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForecastOfProduct {
    /// Microsoft's GUID of the product.
    pub skuid: Uuid,
    /// Microsoft's part number.
    pub skupartnumber: String,
    /// The product's name.
    pub product_name: String,
    /// Licences left, the reserve taken off.
    pub free_units: i64,
    /// `outlook` is `exhausted`, `runs_out` (with its numbers) or `silent` (with `why`).
    #[schema(value_type = Object)]
    pub forecast: Map<String, Value>,
    /// What ends unless it is renewed.
    #[schema(value_type = Vec<Object>)]
    pub renewals: Vec<Value>,
    /// The same in words, in English.
    pub words: String,
    /// The same in words, in German.
    pub words_de: String,
}

/// One shortage of one product in one tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// Its number.
    pub number: i64,
    /// The tenant's key.
    pub tenant_key: String,
    /// The tenant's name.
    pub tenant: String,
    /// Microsoft's GUID of the product.
    pub skuid: Uuid,
    /// Microsoft's part number.
    pub skupartnumber: String,
    /// The product's name.
    pub product_name: String,
    /// Start of the poll that first saw it.
    pub opened_at: DateTime<Utc>,
    /// `open`, `acknowledged` or `ordered`.
    pub phase: String,
    /// How many were ordered.
    #[schema(required)]
    pub quantity: Option<i64>,
    /// By when they should be there.
    #[schema(required)]
    pub expected_on: Option<NaiveDate>,
    /// Until when nobody wants to hear of it.
    #[schema(required)]
    pub snoozed_until: Option<DateTime<Utc>>,
    /// How often people were told.
    pub told: i64,
    /// When it ended.
    #[schema(required)]
    pub closed_at: Option<DateTime<Utc>>,
    /// Why: `refilled`, `no_longer_alerts` or `gone`.
    #[schema(required)]
    pub closing: Option<String>,
    /// Grows with every change; what `If-Match` names.
    pub version: i64,
}

/// Something that happened to an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; empty when it was Leitwarte.
    pub who: String,
    /// One word: `opened`, `told`, `closed`, `acknowledged`, `ordered`, `snoozed` or `reopened`.
    pub what: String,
    /// More about it; may be empty.
    pub detail: String,
}

/// An incident and all that happened to it, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentWithEvents {
    /// The incident.
    pub incident: Incident,
    /// What happened.
    pub events: Vec<IncidentEvent>,
}

/// A tenant's switches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MonitoredTenant {
    /// The tenant's key.
    pub id: String,
    /// The tenant's name.
    pub title: String,
    /// Whether it is polled; the profile's switch has to be on, too.
    pub enabled: bool,
    /// Whether its shortages are told.
    pub monitoring: bool,
    /// The switch in the profile file.
    pub profile_enabled: bool,
    /// Grows with every change; what `If-Match` names.
    pub version: i64,
    /// When a switch was last set; `null` when it never was, or the Tenantliste says so.
    #[schema(required)]
    pub changed_at: Option<DateTime<Utc>>,
    /// Who did; empty when nobody here.
    pub changed_by: String,
}

/// What counts as a shortage; what is left out comes from a wider rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleDefinition {
    /// Short when no more than this is free: a number of licences, or a share of the usable ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(100|[1-9]?[0-9])%$|^(1000000|[1-9][0-9]{0,5}|0)$", nullable = false, example = "10%")]
    pub short_at: Option<String>,
    /// A shortage ends when more than this is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(100|[1-9]?[0-9])%$|^(1000000|[1-9][0-9]{0,5}|0)$", nullable = false, example = "15%")]
    pub clear_above: Option<String>,
    /// Licences that are to stay free and do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000, nullable = false)]
    pub reserve: Option<i64>,
    /// Whether shortages are told, also of free and trial products.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub alerts: Option<bool>,
    /// Why shortages are not told; a product with a reason is excluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"\S", max_length = 500, nullable = false)]
    pub excluded: Option<String>,
    /// Days from an order to the licences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 365, nullable = false)]
    pub delivery_days: Option<u32>,
}

/// A rule as it was set, and for whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A tenant's key; `null` for all.
    #[schema(required)]
    pub tenant: Option<String>,
    /// A product; `null` for all.
    #[schema(required)]
    pub skuid: Option<Uuid>,
    /// What it says; empty where no rule is set.
    pub rule: RuleDefinition,
    /// When it was set.
    #[schema(required)]
    pub changed_at: Option<DateTime<Utc>>,
    /// By whom.
    #[schema(required)]
    pub changed_by: Option<String>,
    /// Grows with every change, 0 where no rule is set; what `If-Match` names.
    pub version: i64,
}

/// How often another threshold would have told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Messages by the rules that hold now.
    pub told_now: u64,
    /// Messages by the other one.
    pub told_then: u64,
    /// Days that were looked at.
    pub days: u16,
    /// The oldest change in that time; silence before it is of a time of which nothing is known.
    #[schema(required)]
    pub oldest: Option<DateTime<Utc>>,
    /// Whether there are more products than were asked for; the sums count all of them.
    pub more: bool,
    /// Products of which one of them would have told.
    pub products: Vec<ReplayedProduct>,
}

/// One product under both rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayedProduct {
    /// The tenant's key.
    pub tenant_key: String,
    /// The tenant's name.
    pub tenant: String,
    /// Microsoft's GUID of the product.
    pub skuid: Uuid,
    /// The product's name.
    pub product_name: String,
    /// Messages by the rule that holds now.
    pub told_now: u64,
    /// Messages by the other one.
    pub told_then: u64,
}

/// A poll that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PollAsked {
    /// Where to look how far it is, as in the header `Location`.
    pub location: String,
    /// Whether it had been asked for before.
    pub already: bool,
}

/// How far a poll of one tenant is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PollOfTenant {
    /// The tenant's key.
    pub tenant_key: String,
    /// The tenant's name.
    pub tenant: String,
    /// `waiting`, `running`, `done` or `failed`.
    pub state: String,
    /// Number of the last poll that has ended; 0 for none.
    pub poll: i64,
    /// When that began.
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
    /// Products whose numbers it changed.
    pub changes: i64,
    /// Why it brought no numbers, and what to do.
    #[schema(required)]
    pub failure: Option<String>,
    /// Start of the last poll that brought numbers.
    #[schema(required)]
    pub last_success_at: Option<DateTime<Utc>>,
}

/// How far a poll of all tenants is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PollOfAll {
    /// `running`, `done`, or `failed` when every tenant was polled and one brought no numbers.
    pub state: String,
    /// Tenants that are polled.
    pub tenants: i64,
    /// Whose poll began since then and has ended.
    pub done: i64,
    /// Whose poll brought no numbers.
    pub failed: i64,
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// Grows by one with each entry.
    pub number: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub who: String,
    /// What was done, one word.
    pub action: String,
    /// What it was done to; may be empty.
    pub subject: String,
    /// More about it.
    #[schema(value_type = Object)]
    pub detail: Value,
}

/// What was bought, assigned and suspended in a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// The tenant's key.
    pub tenant_key: String,
    /// The tenant's name.
    pub tenant: String,
    /// The start of the time looked at.
    pub since: DateTime<Utc>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// Changes, the newest first.
    #[schema(value_type = Vec<Object>)]
    pub changes: Vec<Value>,
}

/// How the numbers of each product of a tenant went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The tenant's key.
    pub tenant_key: String,
    /// The tenant's name.
    pub tenant: String,
    /// The start of the time looked at.
    pub since: DateTime<Utc>,
    /// Its end.
    pub until: DateTime<Utc>,
    /// Each product with its points.
    #[schema(value_type = Vec<Object>)]
    pub products: Vec<Value>,
}

/// Whether a function works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// `alive` or `ready`.
    pub status: String,
}

/// How far the data has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Grows with every change of what readers see.
    pub revision: i64,
    /// When a poll of all due tenants was last completed.
    #[schema(required)]
    pub last_tick: Option<DateTime<Utc>>,
}
