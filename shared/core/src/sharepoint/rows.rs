//! What is in the lists, and what has to be.

use chrono::NaiveDate;
use uuid::Uuid;

/// SharePoint's number of a row and the mark of its version, so that a change made meanwhile is not overwritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The number, unique in its list and never used again.
    pub id: String,
    /// The version.
    pub etag: String,
}

/// A row of the Tenantliste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRow {
    /// Which.
    pub item: Item,
    /// The tenant's name.
    pub title: String,
    /// Whether it is watched at all; an empty cell means yes, as in the source system.
    pub enabled: bool,
    /// Whether shortages are told; an empty cell means no, as in the source system.
    pub monitoring: bool,
    /// The day its certificate ends.
    pub cert_expires: Option<NaiveDate>,
}

/// A row of the Lizenzstatusliste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenceRow {
    /// Which.
    pub item: Item,
    /// `Product name (PART_NUMBER)` or the bare part number.
    pub title: String,
    /// The tenant's name.
    pub tenant: String,
    /// Licences usable, assigned, left.
    pub numbers: Option<Numbers>,
    /// The flow is to tell a technician.
    pub trigger: bool,
    /// The flow has told a technician.
    pub informed: bool,
}

/// Licences usable, assigned, left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers {
    /// Usable.
    pub available: i64,
    /// Assigned.
    pub consumed: i64,
    /// Left; negative when over-assigned.
    pub free: i64,
}

/// What is known of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The tenant's key, which never changes.
    pub key: String,
    /// Its name in the lists.
    pub name: String,
    /// Whether its profile switches it on.
    pub enabled: bool,
    /// Whether people switched it on here; counts until the Tenantliste has a row of it.
    pub switched_on: bool,
    /// Whether people want its shortages told, here; counts until the Tenantliste has a row of it.
    pub monitoring: bool,
    /// The day its certificate ends.
    pub cert_expires: Option<NaiveDate>,
    /// Its licences; `None` while the numbers are too old or there are none: then its rows stay as they are.
    pub licences: Option<Vec<Licence>>,
}

/// One licence of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// Microsoft's GUID of the product.
    pub sku_id: Uuid,
    /// Microsoft's part number.
    pub part_number: String,
    /// The title of a new row.
    pub title: String,
    /// The numbers.
    pub numbers: Numbers,
    /// Whether a shortage of it is told: not for free products and those that hold for the whole company.
    pub alerts: bool,
}

impl Licence {
    /// Whether a row's title means this licence: its part number in brackets at the end, or alone.
    #[must_use]
    pub(crate) fn is_meant_by(&self, title: &str) -> bool {
        let title = title.trim();
        let bracketed = title.strip_suffix(')').and_then(|title| Some(title.rsplit_once('(')?.1));
        [Some(title), bracketed].into_iter().flatten().any(|part| part.trim().eq_ignore_ascii_case(&self.part_number))
    }
}
