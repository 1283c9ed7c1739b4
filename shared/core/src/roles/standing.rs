//! Which role counts at the moment: the one stored here, limited by a ceiling as long as Entra and this product have not
//! been seen to agree.
//!
//! The stored role is what somebody decided. A ceiling only ever takes away: it is set when a demotion is accepted, when
//! Entra shows less, and is lifted when both sides agree. A sign-in never lifts it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::operation::Held;
use super::table::{NO_ROLE, RoleEntry, RoleTable};
use super::words::shown;
use crate::auth_profile::Role as Right;
use crate::message::words::Language;

/// A token that was issued so soon after a change may still tell of the time before: what Entra puts into tokens lags
/// behind, and clocks differ.
pub const TOKENS_LAG: TimeDelta = TimeDelta::minutes(5);

/// The role that counts.
#[must_use]
pub fn effective<'a>(table: &RoleTable, role: Option<&'a str>, ceiling: Option<&'a str>) -> Option<&'a str> {
    match ceiling {
        None => role,
        Some(NO_ROLE) => None,
        Some(ceiling) => table.lower(role, Some(ceiling)),
    }
}

/// What a person may do in this product by the role that counts and by the app roles that mean a right themselves.
#[must_use]
pub fn rights(
    table: &RoleTable,
    role: Option<&str>,
    ceiling: Option<&str>,
    of_token: &BTreeSet<Right>,
) -> BTreeSet<Right> {
    let own = table.right(effective(table, role, ceiling));
    of_token.iter().copied().chain(own).collect()
}

/// What is known of a person when a token arrives.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The role stored.
    pub role: Option<&'a str>,
    /// Its limit.
    pub ceiling: Option<&'a str>,
    /// When somebody last decided about the role; never, for who is new.
    pub changed_at: Option<DateTime<Utc>>,
    /// A change is under way.
    pub under_way: bool,
}

/// What a look at Entra does to what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Keep,
    /// Nobody has decided yet: this role is stored.
    Adopt(String),
    /// The role is limited: [`NO_ROLE`] or a role.
    Limit(String),
    /// Both sides agree: no limit.
    Agree,
}

/// What a look at Entra means for the sessions of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OpenSessions {
    /// They go on.
    #[default]
    Stay,
    /// All end: the account is gone.
    End,
    /// Those end that have a right by an app role that the person does not hold any more.
    Within {
        /// Rights by app roles that the person holds.
        rights: BTreeSet<Right>,
        /// Only sessions that began by then: what a list does not show yet may stand in a newer token.
        begun_by: DateTime<Utc>,
    },
}

/// What a sign-in does, given the `roles` of its token and when that was issued. Role claims do not count while a change
/// is under way or when the token may be older than the last one; no role is made up, and none is raised.
#[must_use]
pub fn at_sign_in(table: &RoleTable, known: Known<'_>, claims: &[String], issued_at: DateTime<Utc>) -> Effect {
    if known.under_way || known.changed_at.is_some_and(|changed| issued_at < changed + TOKENS_LAG) {
        return Effect::Keep;
    }
    let held: Vec<&RoleEntry> = claims.iter().filter_map(|value| table.of_entra(value)).collect();
    match effect(table, known, &held) {
        Effect::Limit(to) if table.rank(Some(&to)) < table.rank(effective(table, known.role, known.ceiling)) => {
            Effect::Limit(to)
        }
        Effect::Adopt(role) => Effect::Adopt(role),
        Effect::Limit(_) | Effect::Agree | Effect::Keep => Effect::Keep,
    }
}

fn effect(table: &RoleTable, known: Known<'_>, held: &[&RoleEntry]) -> Effect {
    // Without a table nobody's roles are looked after: what was stored before stays for the day there is one again.
    if table.roles().is_empty() {
        return Effect::Keep;
    }
    let lowest = held.iter().min_by_key(|entry| entry.rank).map(|entry| entry.role.as_str());
    match (known.role, lowest) {
        (None, Some(lowest)) if known.changed_at.is_none() => Effect::Adopt(lowest.to_owned()),
        (None, _) => Effect::Keep,
        (Some(_), None) => Effect::Limit(NO_ROLE.to_owned()),
        (Some(role), Some(lowest)) if role == lowest && held.len() == 1 => Effect::Agree,
        (role, lowest) => Effect::Limit(table.lower(role, lowest).unwrap_or(NO_ROLE).to_owned()),
    }
}

/// What the reconciler found about one person or office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "drift", rename_all = "snake_case")]
pub enum Drift {
    /// A role here, none in Entra.
    NoRole {
        /// The role here.
        stored: String,
    },
    /// Several roles in Entra.
    Several {
        /// The role here.
        stored: Option<String>,
        /// Those in Entra.
        entra: Vec<String>,
    },
    /// Another role in Entra than here.
    Differs {
        /// The role here.
        stored: Option<String>,
        /// The one in Entra.
        entra: String,
    },
    /// App roles that the table does not know.
    Unknown {
        /// Their values.
        values: Vec<String>,
    },
    /// The role comes through a group, so that no change here can take it.
    ThroughGroup {
        /// Which.
        role: String,
    },
    /// The account is not in Entra any more.
    AccountGone,
    /// The object id is missing: the person has to sign in, or `backfill-object-ids` finds it.
    NoObjectId,
    /// An exclusive office without holder.
    Vacant {
        /// The office.
        office: String,
    },
    /// An exclusive office with several holders.
    HeldBySeveral {
        /// The office.
        office: String,
        /// Who.
        names: Vec<String>,
    },
}

/// Which of the two sides is carried to the other when an administrator decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What Entra says is stored here.
    Entra,
    /// What is stored here is carried to Entra.
    Stored,
}

impl Drift {
    /// Which decisions are possible.
    #[must_use]
    pub fn ways_out(&self) -> &'static [Side] {
        match self {
            Self::NoRole { .. } | Self::Differs { stored: Some(_), .. } => &[Side::Entra, Side::Stored],
            Self::Several { stored: Some(_), .. } => &[Side::Stored],
            Self::Differs { stored: None, .. } | Self::AccountGone => &[Side::Entra],
            Self::Several { stored: None, .. }
            | Self::Unknown { .. }
            | Self::ThroughGroup { .. }
            | Self::NoObjectId
            | Self::Vacant { .. }
            | Self::HeldBySeveral { .. } => &[],
        }
    }

    /// Whether a person with this role here is still who it was found about.
    #[must_use]
    pub fn is_about(&self, role: Option<&str>) -> bool {
        match self {
            Self::NoRole { stored } => role == Some(stored),
            Self::Several { stored, .. } | Self::Differs { stored, .. } => role == stored.as_deref(),
            Self::Unknown { .. }
            | Self::ThroughGroup { .. }
            | Self::AccountGone
            | Self::NoObjectId
            | Self::Vacant { .. }
            | Self::HeldBySeveral { .. } => true,
        }
    }

    /// The finding in words.
    #[must_use]
    pub fn text(&self, table: &RoleTable, language: Language) -> String {
        let role = |role: &str| shown(table, role, language);
        let here = |stored: &Option<String>| {
            stored.as_deref().map_or_else(|| language.pick("keine Rolle", "no role").to_owned(), role)
        };
        let list = |roles: &[String]| roles.iter().map(|one| role(one)).collect::<Vec<_>>().join(", ");
        match (self, language) {
            (Self::NoRole { stored }, Language::De) => format!("Hier {}, in Entra ID keine Rolle.", role(stored)),
            (Self::NoRole { stored }, Language::En) => format!("Here {}, in Entra ID no role.", role(stored)),
            (Self::Several { stored, entra }, Language::De) => {
                format!("Hier {}, in Entra ID mehrere Rollen: {}.", here(stored), list(entra))
            }
            (Self::Several { stored, entra }, Language::En) => {
                format!("Here {}, in Entra ID several roles: {}.", here(stored), list(entra))
            }
            (Self::Differs { stored, entra }, Language::De) => {
                format!("Hier {}, in Entra ID {}.", here(stored), role(entra))
            }
            (Self::Differs { stored, entra }, Language::En) => {
                format!("Here {}, in Entra ID {}.", here(stored), role(entra))
            }
            (Self::Unknown { values }, Language::De) => {
                format!("App-Rollen, die roles.json nicht kennt: {}.", values.join(", "))
            }
            (Self::Unknown { values }, Language::En) => {
                format!("App roles that roles.json does not know: {}.", values.join(", "))
            }
            (Self::ThroughGroup { role: of }, Language::De) => {
                format!("{} kommt über eine Gruppe; weisen Sie die Rolle in Entra ID direkt zu.", role(of))
            }
            (Self::ThroughGroup { role: of }, Language::En) => {
                format!("{} comes through a group; assign the role directly in Entra ID.", role(of))
            }
            (Self::AccountGone, Language::De) => "Das Konto gibt es in Entra ID nicht mehr.".to_owned(),
            (Self::AccountGone, Language::En) => "The account is not in Entra ID any more.".to_owned(),
            (Self::NoObjectId, Language::De) => "Die Objekt-ID fehlt; die Person muss sich einmal anmelden.".to_owned(),
            (Self::NoObjectId, Language::En) => "The object id is missing; the person has to sign in once.".to_owned(),
            (Self::Vacant { office }, Language::De) => format!("Das Amt {} hat niemand.", role(office)),
            (Self::Vacant { office }, Language::En) => format!("Nobody holds the office {}.", role(office)),
            (Self::HeldBySeveral { office, names }, Language::De) => {
                format!("Das Amt {} haben mehrere: {}.", role(office), names.join(", "))
            }
            (Self::HeldBySeveral { office, names }, Language::En) => {
                format!("Several hold the office {}: {}.", role(office), names.join(", "))
            }
        }
    }
}

/// What the reconciler makes of one person whose account exists: findings, and what they do to what is stored.
#[must_use]
pub fn reconcile(table: &RoleTable, known: Known<'_>, held: &[Held]) -> (Vec<Drift>, Effect) {
    if known.under_way {
        return (Vec::new(), Effect::Keep);
    }
    let entries: Vec<(&RoleEntry, bool)> =
        held.iter().filter_map(|one| Some((table.of_entra(one.value.as_deref()?)?, one.direct))).collect();
    let mut names: Vec<&RoleEntry> = entries.iter().map(|(entry, _)| *entry).collect();
    names.sort_by_key(|entry| (entry.rank, &entry.role));
    names.dedup();
    let stored = known.role.map(str::to_owned);
    let mut drifts = Vec::new();
    let effect = effect(table, known, &names);
    match (names.as_slice(), known.role, &effect) {
        (_, _, Effect::Adopt(_) | Effect::Agree) | ([], None, _) => {}
        ([], Some(role), _) => drifts.push(Drift::NoRole { stored: role.to_owned() }),
        ([one], _, _) => drifts.push(Drift::Differs { stored, entra: one.role.clone() }),
        _ => {}
    }
    if names.len() > 1 {
        let entra = names.iter().map(|entry| entry.role.clone()).collect();
        drifts.push(Drift::Several { stored: known.role.map(str::to_owned), entra });
    }
    if let Some((group, _)) = entries.iter().find(|(_, direct)| !direct) {
        drifts.push(Drift::ThroughGroup { role: group.role.clone() });
    }
    let foreign: BTreeSet<String> = held
        .iter()
        .filter_map(|one| one.value.clone())
        .filter(|value| table.of_entra(value).is_none() && Right::parse(value).is_none())
        .collect();
    if !foreign.is_empty() {
        drifts.push(Drift::Unknown { values: foreign.into_iter().collect() });
    }
    (drifts, effect)
}

/// Offices that nobody or several hold in Entra, given who holds which role there.
#[must_use]
pub fn offices(table: &RoleTable, holders: &[(String, String)]) -> Vec<(String, Drift)> {
    let exclusive = table.roles().iter().filter(|entry| entry.exclusive);
    let finding = |entry: &RoleEntry| {
        let names: BTreeSet<String> =
            holders.iter().filter(|(role, _)| *role == entry.role).map(|(_, name)| name.clone()).collect();
        let office = entry.role.clone();
        match names.len() {
            0 => Some((office.clone(), Drift::Vacant { office })),
            1 => None,
            _ => Some((office.clone(), Drift::HeldBySeveral { office, names: names.into_iter().collect() })),
        }
    };
    exclusive.filter_map(finding).collect()
}

#[cfg(test)]
mod tests;
