//! The stock of one licence product in one tenant, and what it means.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// To whom a product can be assigned (Graph: `appliesTo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AppliesTo {
    /// Assigned to people; the only kind that can run out.
    User,
    /// Holds for the whole tenant; shown, never alerting.
    Company,
}

/// State of the subscription behind a product (Graph: `capabilityStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CapabilityStatus {
    /// In force.
    Enabled,
    /// Expired, in its grace period: still usable.
    Warning,
    /// Blocked, data kept.
    Suspended,
    /// Gone.
    Deleted,
    /// Locked by Microsoft or the partner.
    LockedOut,
}

impl AppliesTo {
    /// Graph's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Company => "Company",
        }
    }

    /// Reads Graph's word; `None` for a word this program does not know.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::User, Self::Company].into_iter().find(|value| value.as_str() == word)
    }
}

impl CapabilityStatus {
    /// Graph's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Warning => "Warning",
            Self::Suspended => "Suspended",
            Self::Deleted => "Deleted",
            Self::LockedOut => "LockedOut",
        }
    }

    /// Reads Graph's word; `None` for a word this program does not know.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Enabled, Self::Warning, Self::Suspended, Self::Deleted, Self::LockedOut]
            .into_iter()
            .find(|value| value.as_str() == word)
    }
}

/// How many licences of one product a tenant has, as Microsoft counted them in one poll. All counts are
/// licences; none is negative when it comes from Graph, but differences of them may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceStock {
    /// Microsoft's GUID of the product.
    pub sku_id: Uuid,
    /// Microsoft's short name of the product, such as `SPE_E3`.
    pub part_number: String,
    /// To whom it can be assigned.
    pub applies_to: AppliesTo,
    /// State of the subscription.
    pub capability_status: CapabilityStatus,
    /// Bought and in force.
    pub enabled: i64,
    /// Expired but in the grace period.
    pub warning: i64,
    /// Suspended.
    pub suspended: i64,
    /// Locked out.
    pub locked_out: i64,
    /// Assigned.
    pub consumed: i64,
}

/// What a person should think of a stock; [`crate::rules::Definition::state`] decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockState {
    /// Nothing left, or more assigned than bought.
    Short,
    /// The numbers are too old to trust, and the last ones were not short.
    Unknown,
    /// Nearly nothing left.
    Low,
    /// Enough left.
    Fine,
    /// A rule says that nobody wants to hear of it; the numbers are shown all the same.
    Excluded,
    /// Free, viral or trial product: never alerts.
    Unmetered,
    /// Holds for the whole company: cannot run out.
    CompanyWide,
}

impl StockState {
    /// The word the API uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Unknown => "unknown",
            Self::Low => "low",
            Self::Fine => "fine",
            Self::Excluded => "excluded",
            Self::Unmetered => "unmetered",
            Self::CompanyWide => "company_wide",
        }
    }
}

impl LicenceStock {
    /// Licences that can be assigned: those in force and, unless the tenant's profile says otherwise
    /// (`count_warning_units`), those in their grace period.
    #[must_use]
    pub fn usable(&self, count_warning_units: bool) -> i64 {
        if count_warning_units { self.enabled.saturating_add(self.warning) } else { self.enabled }
    }

    /// Licences left to assign. Negative when more are assigned than usable, which is a shortage.
    #[must_use]
    pub fn free(&self, count_warning_units: bool) -> i64 {
        self.usable(count_warning_units).saturating_sub(self.consumed)
    }
}

impl StockState {
    /// What is left of a judgement when the numbers are too old: a shortage stays one, anything that
    /// looked good is unknown. Old numbers never look fine.
    #[must_use]
    pub fn when_stale(self) -> Self {
        if self == Self::Short { Self::Short } else { Self::Unknown }
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
