//! The demo: four tenants of different character whose numbers move, their history, and their files.
//!
//! | key | character |
//! |---|---|
//! | `contoso-school` | a school running dry: within five minutes nothing is left, after eight it is refilled |
//! | `fabrikam` | a company with plenty |
//! | `northwind` | over-assigned since it renewed for fewer people |
//! | `tailspin` | fine numbers, but its certificate ends in five days |

//! The support company's own tenant has a SharePoint site with the three lists of the source document.

mod directory;
mod history;
mod movement;
mod prepare;
mod tenants;

pub use directory::{NEWCOMER, Newcomer};
pub use history::{HISTORY_DAYS, HistoryPoint, history};
pub use prepare::{Setup, SetupTenant, prepare};

pub(crate) use tenants::{HOME, TENANTS};

use chrono::TimeDelta;
use leitwarte_core::stock::LicenceStock;

/// Keys of the demo's tenants.
#[must_use]
pub fn tenant_keys() -> [&'static str; 4] {
    TENANTS.map(|tenant| tenant.key)
}

/// A demo tenant's numbers this long after the demo began; `None` for another key. At zero they are the start
/// numbers, in which [`history`] ends.
#[must_use]
pub fn stock_after(key: &str, elapsed: TimeDelta) -> Option<Vec<LicenceStock>> {
    TENANTS.iter().find(|tenant| tenant.key == key).map(|tenant| movement::stock_after(tenant, elapsed))
}

/// Scatters a number (`SplitMix64`), for choices that look random and are always the same.
pub(crate) fn scatter(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
