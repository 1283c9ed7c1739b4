//! What a tenant has bought: its subscriptions, until when each runs, and which products are on trial.
//!
//! Microsoft says when a subscription moves to its next state "if not renewed", and does not say whether it will be renewed by
//! itself. So a date here is a date to look at, not a loss that is certain.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::poll::{FailureKind, PollFailure};
use crate::stock::CapabilityStatus;

/// How long what was read counts as new: a tenant is asked again after this.
pub const ASK_AGAIN_AFTER: TimeDelta = TimeDelta::hours(6);

/// After so long in vain, nobody believes any more that a product is a trial: it may have been bought meanwhile, and a
/// shortage of what was bought has to be told.
pub const TRIALS_LAST: TimeDelta = TimeDelta::days(7);

/// The application permission by which they are read. Nothing else needs it, and many customers do not grant it.
/// Source: Microsoft Learn, "List subscriptions", application permissions.
pub const PERMISSION: &str = "Organization.Read.All";

/// What nobody knows where it is missing.
pub const UNKNOWN_WITHOUT_PERMISSION: &str = "when subscriptions end (renewal dates) and which products are trials";

/// How to grant it.
pub const GRANT_PERMISSION: &str = "Give the app registration the application permission Organization.Read.All in the tenant's Entra admin centre, \
                                    and grant admin consent there.";

/// One subscription, as Microsoft lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its GUID.
    pub id: Uuid,
    /// The product.
    pub sku_id: Uuid,
    /// Microsoft's short name of the product.
    pub part_number: String,
    /// Its state.
    pub status: CapabilityStatus,
    /// Licences it has.
    pub licences: i64,
    /// Whether it is a free trial.
    pub is_trial: bool,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// When it moves to its next state unless it is renewed.
    pub next_lifecycle_at: Option<DateTime<Utc>>,
}

impl Subscription {
    /// Whether its licences can be assigned. Those in their grace period can, whatever a profile counts.
    fn is_in_force(&self) -> bool {
        matches!(self.status, CapabilityStatus::Enabled | CapabilityStatus::Warning)
    }

    /// What becomes of licences that count now when it is not renewed; `None` when they do not count already.
    fn then(&self, count_warning_units: bool) -> Option<Then> {
        match self.status {
            CapabilityStatus::Enabled if count_warning_units => Some(Then::Grace),
            CapabilityStatus::Enabled => Some(Then::Unusable),
            CapabilityStatus::Warning if count_warning_units => Some(Then::Unusable),
            CapabilityStatus::Warning
            | CapabilityStatus::Suspended
            | CapabilityStatus::Deleted
            | CapabilityStatus::LockedOut => None,
        }
    }
}

/// The products that a tenant has on trial alone: every subscription in force is one. A product with one bought subscription
/// is no trial.
#[must_use]
pub fn trials(subscriptions: &[Subscription]) -> BTreeSet<Uuid> {
    let mut all_trial: BTreeMap<Uuid, bool> = BTreeMap::new();
    for subscription in subscriptions.iter().filter(|one| one.is_in_force()) {
        *all_trial.entry(subscription.sku_id).or_insert(true) &= subscription.is_trial;
    }
    all_trial.into_iter().filter_map(|(sku_id, trial)| trial.then_some(sku_id)).collect()
}

/// What becomes of licences that are not renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// They stay usable for a grace period.
    Grace,
    /// Nobody can use them, or they no longer count.
    Unusable,
}

/// Licences that end on a day unless they are renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// The day (UTC).
    pub on: NaiveDate,
    /// How many.
    pub licences: i64,
    /// What becomes of them.
    pub then: Then,
}

/// When the licences of a product end unless they are renewed, the next first. Days that are over are left out: whether it
/// was renewed is seen at the next reading.
#[must_use]
pub fn endings(
    subscriptions: &[Subscription],
    sku_id: Uuid,
    count_warning_units: bool,
    today: NaiveDate,
) -> Vec<Ending> {
    let mut by_day: BTreeMap<(NaiveDate, Then), i64> = BTreeMap::new();
    for subscription in subscriptions.iter().filter(|one| one.sku_id == sku_id && one.licences > 0) {
        let (Some(at), Some(then)) = (subscription.next_lifecycle_at, subscription.then(count_warning_units)) else {
            continue;
        };
        if at.date_naive() >= today {
            let licences = by_day.entry((at.date_naive(), then)).or_default();
            *licences = licences.saturating_add(subscription.licences);
        }
    }
    by_day.into_iter().map(|((on, then), licences)| Ending { on, licences, then }).collect()
}

/// How far a tenant's subscriptions are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// When it was last asked, whatever came of it.
    pub asked_at: Option<DateTime<Utc>>,
    /// When it last told; what is known is from then.
    pub read_at: Option<DateTime<Utc>>,
    /// Why it told nothing when it was last asked.
    pub failure: Option<PollFailure>,
}

/// What can be said of a [`Reading`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// The last reading worked.
    Known,
    /// The application may not ask; that is the customer's choice and no error.
    NotPermitted,
    /// The last reading failed; what was read before is still shown.
    Failed,
    /// It was not asked yet.
    NotYet,
}

impl Reading {
    /// What can be said.
    #[must_use]
    pub fn known(&self) -> Known {
        match &self.failure {
            Some(failure) if failure.kind == FailureKind::Permission => Known::NotPermitted,
            Some(_) => Known::Failed,
            None if self.read_at.is_some() => Known::Known,
            None => Known::NotYet,
        }
    }

    /// What a person should know about it; `None` when all is well.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        match self.known() {
            Known::Known => None,
            Known::NotPermitted => Some(format!(
                "not permitted: without {PERMISSION} nobody knows {UNKNOWN_WITHOUT_PERMISSION}. {GRANT_PERMISSION}"
            )),
            Known::NotYet => Some("not asked yet".to_owned()),
            Known::Failed => {
                let failure = self.failure.as_ref()?;
                Some(format!("{} {}", failure.message, failure.fix))
            }
        }
    }

    /// Whether those products are still trials that were when it last told.
    #[must_use]
    pub fn trials_hold(&self) -> bool {
        self.asked_at.zip(self.read_at).is_none_or(|(asked_at, read_at)| asked_at - read_at <= TRIALS_LAST)
    }

    /// Whether the tenant is to be asked; `by_hand` also when the last time brought nothing, so that a permission that was
    /// just granted shows at once. A time ahead of the clock (which was set back) does not count.
    #[must_use]
    pub fn is_due(&self, by_hand: bool, now: DateTime<Utc>) -> bool {
        let Some(asked_at) = self.asked_at else { return true };
        asked_at > now || now - asked_at >= ASK_AGAIN_AFTER || (by_hand && self.failure.is_some())
    }
}

#[cfg(test)]
mod tests;
