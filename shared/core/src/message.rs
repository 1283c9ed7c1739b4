//! What people are told, in facts; [`words`] says it in German and English. Facts are stored, words are made when the
//! message is sent, in the language of those who get it.

pub mod order;
mod role_change;
pub mod words;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::incident::Reminder;
pub use role_change::{InBoth, RoleChange};

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// Licences have run out.
    Shortage(Shortage),
    /// A certificate ends soon, or has ended.
    Certificate(Certificate),
    /// A change of roles does not get further.
    RoleChange(RoleChange),
}

/// A shortage as it was when it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// Number of the incident.
    pub incident: i64,
    /// The tenant's name as people know it.
    pub tenant: String,
    /// The product.
    pub sku_id: Uuid,
    /// Microsoft's short name.
    pub part_number: String,
    /// Licences usable, assigned, left.
    pub usable: i64,
    /// Assigned.
    pub consumed: i64,
    /// Left; negative when more are assigned than usable.
    pub free: i64,
    /// When these numbers were read.
    pub polled_at: DateTime<Utc>,
    /// Why it is told again; `None` the first time.
    pub again: Option<Reminder>,
}

/// A certificate and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Whose: the tenant's name, or the SharePoint profile's.
    pub owner: String,
    /// The key by which commands know it.
    pub key: String,
    /// Its last day.
    pub ends_on: NaiveDate,
    /// Days until then; zero or less when it is over.
    pub days_left: i64,
}
