//! Incidents: one shortage of one product in one tenant, from the moment it is seen until stock is back.
//!
//! A poll shows what there is ([`Sight`]); [`step`] says what follows. Telling people hangs on the steps, so that nobody is
//! told twice of one shortage, however often it is seen. What people do about it ([`Action`]) never ends an incident: only
//! stock does.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An incident that is not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its number, counted over all tenants; never used again.
    pub number: i64,
    /// The tenant's key.
    pub tenant: String,
    /// The product.
    pub sku_id: Uuid,
    /// Start of the poll that first saw it.
    pub opened_at: DateTime<Utc>,
    /// How far people are with it.
    pub phase: Phase,
    /// Until when nobody wants to hear of it.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// How often people were told.
    pub told: i64,
}

/// How far people are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Nobody has said anything.
    Open,
    /// Somebody has seen it.
    Acknowledged,
    /// Licences are on their way; quiet until they should be there.
    Ordered {
        /// How many.
        quantity: i64,
        /// The last day on which nobody needs to worry.
        expected_on: NaiveDate,
    },
}

impl Phase {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Ordered { .. } => "ordered",
        }
    }
}

/// How a stock stands to its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// So little that somebody has to act.
    Short,
    /// Not short, but not enough for an end either (hysteresis).
    Between,
    /// Enough.
    Clear,
}

/// What a poll that brought numbers shows of one product. Old numbers are no sight: they change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// How the stock stands.
    pub level: Level,
    /// Whether a shortage of this product is to be told at all: not of free products, nor of excluded ones.
    pub alerts: bool,
    /// Whether shortages of this tenant are told.
    pub monitoring: bool,
}

/// What follows from a sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Everything is as it was.
    Nothing,
    /// A new incident; people are told.
    Open,
    /// People are told again, and the incident is open again.
    Remind(Reminder),
    /// The end.
    Close(Closing),
}

/// Why people are told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reminder {
    /// What was ordered should be there and is not.
    Overdue,
    /// The time somebody wanted to wait is over.
    SnoozeOver,
}

impl Reminder {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::SnoozeOver => "snooze_over",
        }
    }
}

/// Why an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// Stock is back.
    Refilled,
    /// The product is excluded now, or does not alert any more.
    NoLongerAlerts,
    /// Microsoft no longer lists the product in this tenant.
    Gone,
}

impl Closing {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refilled => "refilled",
            Self::NoLongerAlerts => "no_longer_alerts",
            Self::Gone => "gone",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Refilled, Self::NoLongerAlerts, Self::Gone].into_iter().find(|closing| closing.as_str() == word)
    }
}

/// What follows from what a poll shows of one product; `None` for a product that is no longer listed.
#[must_use]
pub fn step(incident: Option<&Incident>, sight: Option<Sight>, now: DateTime<Utc>) -> Step {
    match (incident, sight) {
        (Some(_), None) => Step::Close(Closing::Gone),
        (Some(_), Some(sight)) if !sight.alerts => Step::Close(Closing::NoLongerAlerts),
        (Some(_), Some(Sight { level: Level::Clear, .. })) => Step::Close(Closing::Refilled),
        (Some(incident), Some(Sight { level: Level::Short, monitoring: true, .. })) => {
            incident.reminder(now).map_or(Step::Nothing, Step::Remind)
        }
        (None, Some(Sight { level: Level::Short, alerts: true, monitoring: true })) => Step::Open,
        (None, None) | (_, Some(_)) => Step::Nothing,
    }
}

impl Incident {
    fn reminder(&self, now: DateTime<Utc>) -> Option<Reminder> {
        if self.snoozed_until.is_some_and(|until| until > now) {
            return None;
        }
        match self.phase {
            Phase::Ordered { expected_on, .. } if expected_on >= now.date_naive() => None,
            Phase::Ordered { .. } => Some(Reminder::Overdue),
            Phase::Open | Phase::Acknowledged => self.snoozed_until.map(|_| Reminder::SnoozeOver),
        }
    }

    /// The incident after people were reminded of it.
    #[must_use]
    pub fn reminded(&self) -> Self {
        Self { phase: Phase::Open, snoozed_until: None, told: self.told + 1, ..self.clone() }
    }
}

/// Longest time somebody may want to hear nothing.
pub const LONGEST_SNOOZE: TimeDelta = TimeDelta::days(90);
/// Longest time an order may take.
pub const LONGEST_ORDER: TimeDelta = TimeDelta::days(365);
/// Largest order that is believed.
pub const LARGEST_ORDER: i64 = 1_000_000;

/// What a person does about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// "I have seen it."
    Acknowledge,
    /// "Licences are on their way."
    Order {
        /// How many.
        quantity: i64,
        /// When they should be there.
        expected_on: NaiveDate,
    },
    /// "Not before then."
    Snooze {
        /// When to tell again.
        until: DateTime<Utc>,
    },
    /// Takes all that back.
    Reopen,
}

/// An action that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// Nothing, or more than anybody buys.
    #[error("an order is of 1 to {LARGEST_ORDER} licences, not of {0}")]
    Quantity(i64),
    /// In the past or too far ahead.
    #[error("the order is expected on a day from today to a year ahead, not on {0}")]
    ExpectedOn(NaiveDate),
    /// In the past or too far ahead.
    #[error("an incident can be snoozed until a moment from now to 90 days ahead, not until {0}")]
    Until(DateTime<Utc>),
}

impl Action {
    /// The word for it in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledged",
            Self::Order { .. } => "ordered",
            Self::Snooze { .. } => "snoozed",
            Self::Reopen => "reopened",
        }
    }

    /// The incident after it.
    ///
    /// # Errors
    /// A quantity, a day or a moment that cannot be meant.
    pub fn on(self, incident: &Incident, now: DateTime<Utc>) -> Result<Incident, ActionError> {
        let after = incident.clone();
        let today = now.date_naive();
        Ok(match self {
            Self::Acknowledge => Incident { phase: Phase::Acknowledged, ..after },
            Self::Order { quantity, .. } if !(1..=LARGEST_ORDER).contains(&quantity) => {
                return Err(ActionError::Quantity(quantity));
            }
            Self::Order { expected_on, .. } if expected_on < today || expected_on - today > LONGEST_ORDER => {
                return Err(ActionError::ExpectedOn(expected_on));
            }
            Self::Order { quantity, expected_on } => {
                Incident { phase: Phase::Ordered { quantity, expected_on }, snoozed_until: None, ..after }
            }
            Self::Snooze { until } if until <= now || until - now > LONGEST_SNOOZE => {
                return Err(ActionError::Until(until));
            }
            Self::Snooze { until } => Incident { snoozed_until: Some(until), ..after },
            Self::Reopen => Incident { phase: Phase::Open, snoozed_until: None, ..after },
        })
    }
}

#[cfg(test)]
mod tests;
