//! What the API, the pages and the command line show of a tenant's licences.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::catalogue;
use crate::poll::{PollFailure, PollPolicy};
use crate::rules::{Rule, Rules};
use crate::stock::{CapabilityStatus, LicenceStock, StockState};

/// All that is known of one tenant at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantSnapshot {
    /// The tenant's key in commands and paths.
    pub key: String,
    /// The name the API shows.
    pub tenant_name: String,
    /// Whether it is polled at all.
    pub enabled: bool,
    /// Whether grace-period licences count as usable.
    pub count_warning_units: bool,
    /// When the stock was last read from Microsoft without error (start of that poll).
    pub polled_at: Option<DateTime<Utc>>,
    /// Why the last poll brought nothing; `None` when it worked or there was none.
    pub failure: Option<PollFailure>,
    /// The last good stock.
    pub stock: Vec<LicenceStock>,
    /// By what it is judged.
    pub yardstick: Yardstick,
}

/// By what a tenant's stock is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Yardstick {
    /// The rules people set.
    pub rules: Arc<Rules>,
    /// The products it has on trial alone, as far as that is known.
    pub trials: BTreeSet<Uuid>,
}

/// One row of `/api/v1/licenses/status`: the source system's fields and ours. A tenant that has never been
/// read is one row whose numbers are `null`, so that it cannot be overlooked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRow {
    /// The tenant's name.
    pub tenant: String,
    /// Microsoft's GUID of the product.
    pub skuid: Option<Uuid>,
    /// Microsoft's part number of the product.
    pub skupartnumber: Option<String>,
    /// Name of the product in English.
    pub product_name: Option<String>,
    /// Usable licences.
    pub available_units: Option<i64>,
    /// Assigned licences.
    pub consumed_units: Option<i64>,
    /// Licences left; negative when over-assigned.
    pub free_units: Option<i64>,
    /// Licences in force.
    pub enabled_units: Option<i64>,
    /// Licences in their grace period.
    pub warning_units: Option<i64>,
    /// Suspended licences.
    pub suspended_units: Option<i64>,
    /// Locked licences.
    pub locked_out_units: Option<i64>,
    /// State of the subscription.
    pub capability_status: Option<CapabilityStatus>,
    /// What to think of it, by the rule that holds.
    pub state: StockState,
    /// The rule that holds, as far as people set one; not in JSON where they did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// Whether the tenant has it on trial alone, as far as that is known; in JSON only where it has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trial: bool,
    /// When Microsoft was last asked with success (RFC 3339, UTC).
    pub polled_at: Option<String>,
    /// Whether these numbers are too old to rely on.
    pub stale: bool,
    /// Why they are: what went wrong and what to do. `null` when fresh.
    pub stale_reason: Option<String>,
}

/// How far ahead of the clock a poll may seem to lie before its age counts as unknown.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(2);

/// Why numbers are not fresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Staleness {
    /// The last poll failed.
    Failing(PollFailure),
    /// The tenant is not polled.
    SwitchedOff,
    /// It has never been polled.
    NeverPolled,
    /// The last poll seems to lie ahead: the clock was set back.
    Ahead {
        /// By how much.
        minutes: i64,
    },
    /// The last poll was too long ago.
    Old {
        /// How long.
        minutes: i64,
    },
}

impl Staleness {
    /// What is wrong and what to do.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Failing(failure) => format!("{} {}", failure.message, failure.fix),
            Self::SwitchedOff => "This tenant is switched off and not polled.".to_owned(),
            Self::NeverPolled => "This tenant has not been polled yet.".to_owned(),
            Self::Ahead { minutes } => format!(
                "The last poll lies {minutes} minutes in the future: the machine's clock was set back, so nobody knows how \
                 old these numbers are. Check its time synchronisation; the next poll clears this."
            ),
            Self::Old { minutes } => {
                format!("The last poll was {minutes} minutes ago. Check that the timer and poll-tenant are running.")
            }
        }
    }
}

impl TenantSnapshot {
    /// The rule that holds for one of its products.
    #[must_use]
    pub fn rule(&self, sku_id: Uuid) -> Rule {
        self.yardstick.rules.of(&self.key, sku_id)
    }

    /// Whether it has a product on trial alone, as far as that is known.
    #[must_use]
    pub fn is_trial(&self, sku_id: Uuid) -> bool {
        self.yardstick.trials.contains(&sku_id)
    }

    /// Why the numbers are not fresh; `None` when they are.
    #[must_use]
    pub fn staleness(&self, policy: &PollPolicy, now: DateTime<Utc>) -> Option<Staleness> {
        if let Some(failure) = &self.failure {
            return Some(Staleness::Failing(failure.clone()));
        }
        if !self.enabled {
            return Some(Staleness::SwitchedOff);
        }
        match self.polled_at {
            None => Some(Staleness::NeverPolled),
            Some(at) if at - now > CLOCK_TOLERANCE => Some(Staleness::Ahead { minutes: (at - now).num_minutes() }),
            Some(at) if now - at > policy.stale_after() => Some(Staleness::Old { minutes: (now - at).num_minutes() }),
            Some(_) => None,
        }
    }

    /// The same in words.
    #[must_use]
    pub fn stale_reason(&self, policy: &PollPolicy, now: DateTime<Utc>) -> Option<String> {
        self.staleness(policy, now).map(|staleness| staleness.words())
    }

    /// The moment at which fresh numbers become stale if nothing happens; `None` if they already are.
    #[must_use]
    pub fn fresh_until(&self, policy: &PollPolicy, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.stale_reason(policy, now).is_some() {
            return None;
        }
        self.polled_at.map(|at| at + policy.stale_after())
    }

    /// The tenant's rows, worst first. Never empty: see [`StatusRow`].
    #[must_use]
    pub fn rows(&self, policy: &PollPolicy, now: DateTime<Utc>) -> Vec<StatusRow> {
        let stale_reason = self.stale_reason(policy, now);
        let polled_at = self.polled_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
        if self.stock.is_empty() {
            return vec![StatusRow {
                tenant: self.tenant_name.clone(),
                skuid: None,
                skupartnumber: None,
                product_name: None,
                available_units: None,
                consumed_units: None,
                free_units: None,
                enabled_units: None,
                warning_units: None,
                suspended_units: None,
                locked_out_units: None,
                capability_status: None,
                state: StockState::Unknown,
                rule: None,
                trial: false,
                polled_at,
                stale: true,
                stale_reason: stale_reason.or_else(|| Some("Microsoft lists no licence for this tenant.".to_owned())),
            }];
        }
        let mut rows: Vec<StatusRow> =
            self.stock.iter().map(|stock| self.row(stock, polled_at.as_ref(), stale_reason.as_ref())).collect();
        rows.sort_by(|a, b| a.severity().cmp(&b.severity()));
        rows
    }

    fn row(&self, stock: &LicenceStock, polled_at: Option<&String>, stale_reason: Option<&String>) -> StatusRow {
        let (rule, trial) = (self.rule(stock.sku_id), self.is_trial(stock.sku_id));
        let fresh_state = rule.state(stock, self.count_warning_units, trial);
        StatusRow {
            tenant: self.tenant_name.clone(),
            skuid: Some(stock.sku_id),
            skupartnumber: Some(stock.part_number.clone()),
            product_name: Some(catalogue::product_name(stock.sku_id, &stock.part_number).to_owned()),
            available_units: Some(stock.usable(self.count_warning_units)),
            consumed_units: Some(stock.consumed),
            free_units: Some(stock.free(self.count_warning_units)),
            enabled_units: Some(stock.enabled),
            warning_units: Some(stock.warning),
            suspended_units: Some(stock.suspended),
            locked_out_units: Some(stock.locked_out),
            capability_status: Some(stock.capability_status),
            state: if stale_reason.is_some() { fresh_state.when_stale() } else { fresh_state },
            rule: Some(rule).filter(|rule| *rule != Rule::default()),
            trial,
            polled_at: polled_at.cloned(),
            stale: stale_reason.is_some(),
            stale_reason: stale_reason.cloned(),
        }
    }
}

impl StatusRow {
    /// Sort key that puts what needs a person first: by state, then by what is left, then by name.
    #[must_use]
    pub fn severity(&self) -> (StockState, i64, &str, &str) {
        (
            self.state,
            self.free_units.unwrap_or(i64::MIN),
            &self.tenant,
            self.skupartnumber.as_deref().unwrap_or_default(),
        )
    }
}

#[cfg(test)]
mod tests;
