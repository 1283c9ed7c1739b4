//! What people are told, in facts; [`words`] says it in German and English. Facts are stored, words are made when the
//! message is sent, in the language of those who get it.

pub mod order;
pub mod words;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::incident::Reminder;

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

/// A change of roles that stands still where it can neither be finished nor given up. It names roles and nobody who has them:
/// who that is stands on the page, for those who may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChange {
    /// Number of the change.
    pub operation: i64,
    /// From which role to which, for each person.
    pub roles: Vec<InBoth>,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// What keeps it, and what to do.
    pub problem: InBoth,
}

/// Words in both languages: what roles are called stands in a table that who sends messages does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InBoth {
    /// German.
    pub de: String,
    /// English.
    pub en: String,
}

impl InBoth {
    /// The same in each language.
    pub fn new(say: impl Fn(words::Language) -> String) -> Self {
        Self { de: say(words::Language::De), en: say(words::Language::En) }
    }
}
