//! The mapping table `config-profiles/roles/roles.json`: what a role is called here, in Entra and for people, what it
//! ranks, and who may hand it to whom. Both directions come from this one list.

use serde::Deserialize;

use crate::auth_profile::Role as Right;
use crate::message::words::Language;
use crate::profile::ProfileError;

/// The table that is shipped, with the ten roles of the system before.
pub const SHIPPED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config-profiles/roles/roles.json"));

/// Stands for "no role" where a ceiling is stored, so no role may be called so.
pub const NO_ROLE: &str = "none";

/// One role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleEntry {
    /// Its name here.
    pub role: String,
    /// The value of the app role in Entra.
    pub entra: String,
    /// What people call it in German.
    pub german: String,
    /// What people call it in English.
    pub english: String,
    /// Higher ranks have more rights, never fewer.
    pub rank: u32,
    /// What it lets people do in this product.
    #[serde(deserialize_with = "right")]
    pub right: Right,
    /// Exactly one person holds it, and never nobody: it is handed over or exchanged.
    pub exclusive: bool,
    /// Roles its holder may take instead; none of a higher rank.
    pub change_to: Vec<String>,
    /// Roles whose holders may be made its next holder.
    pub successors: Vec<String>,
}

/// The checked table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleTable {
    roles: Vec<RoleEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    roles: Vec<RoleEntry>,
}

impl RoleEntry {
    /// What people call it.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        language.pick(&self.german, &self.english)
    }
}

impl RoleTable {
    /// Reads and checks the table.
    ///
    /// # Errors
    /// The first thing wrong, with the role's name: a name used twice in either direction, a role that leads to one that
    /// is not there or to a higher rank, ranks and rights that contradict each other, an exclusive office without
    /// possible successors.
    pub fn parse(json: &str) -> Result<Self, ProfileError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let Wire { roles } = serde_json::from_str(json).map_err(|error| ProfileError::Json(error.to_string()))?;
        let table = Self { roles };
        for entry in &table.roles {
            table.check(entry)?;
        }
        Ok(table)
    }

    /// The table that is shipped.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn shipped() -> Self {
        Self::parse(SHIPPED).expect("the shipped table is correct")
    }

    /// Every role, in the file's order.
    #[must_use]
    pub fn roles(&self) -> &[RoleEntry] {
        &self.roles
    }

    /// The role of this name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&RoleEntry> {
        self.roles.iter().find(|entry| entry.role == name)
    }

    /// The role of this app role's value.
    #[must_use]
    pub fn of_entra(&self, value: &str) -> Option<&RoleEntry> {
        self.roles.iter().find(|entry| entry.entra == value)
    }

    /// The rank of a role; 0 for none, and for one that the table does not know, which gives nothing.
    #[must_use]
    pub fn rank(&self, role: Option<&str>) -> u32 {
        role.and_then(|role| self.role(role)).map_or(0, |entry| entry.rank)
    }

    /// The lower of two roles; the first one if they rank the same.
    #[must_use]
    pub fn lower<'a>(&self, one: Option<&'a str>, other: Option<&'a str>) -> Option<&'a str> {
        if self.rank(other) < self.rank(one) { other } else { one }
    }

    /// What a role lets people do in this product.
    #[must_use]
    pub fn right(&self, role: Option<&str>) -> Option<Right> {
        role.and_then(|role| self.role(role)).map(|entry| entry.right)
    }

    fn check(&self, entry: &RoleEntry) -> Result<(), ProfileError> {
        let wrong = |field: &'static str, problem: String| {
            Err(ProfileError::Field { field, problem: format!("of the role `{}` {problem}", entry.role) })
        };
        let is_word = |text: &str| {
            (1..=120).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        };
        if !is_word(&entry.role) || entry.role == NO_ROLE {
            return wrong("role", format!("is no name: letters, digits, `_`, `-` and `.`, and not `{NO_ROLE}`"));
        }
        if entry.entra.is_empty() || entry.entra.contains(char::is_whitespace) || entry.entra.len() > 120 {
            return wrong("entra", "is not the value of an app role: 1 to 120 characters without spaces".to_owned());
        }
        if Right::parse(&entry.entra).is_some() {
            return wrong("entra", format!("is `{}`, which has a meaning of its own here", entry.entra));
        }
        if entry.rank == 0 {
            return wrong("rank", "is 0, which is what people without a role have".to_owned());
        }
        let others = || self.roles.iter().filter(|other| !std::ptr::eq(*other, entry));
        if others().any(|other| other.role == entry.role) {
            return wrong("role", "is in the table twice".to_owned());
        }
        if let Some(other) = others().find(|other| other.entra == entry.entra) {
            return wrong("entra", format!("is also that of `{}`", other.role));
        }
        if let Some(other) = others().find(|other| other.rank <= entry.rank && other.right > entry.right) {
            return wrong("right", format!("is less than that of `{}`, which ranks no higher", other.role));
        }
        if let Some(other) = others().find(|other| other.rank == entry.rank && other.right != entry.right) {
            return wrong("right", format!("differs from that of `{}`, which ranks the same", other.role));
        }
        for target in &entry.change_to {
            match self.role(target) {
                Some(other) if other.role != entry.role && other.rank <= entry.rank => {}
                Some(_) => return wrong("change_to", format!("has `{target}`, which is itself or ranks higher")),
                None => return wrong("change_to", format!("has `{target}`, which is not in the table")),
            }
        }
        for from in &entry.successors {
            match self.role(from) {
                Some(other) if !other.exclusive => {}
                Some(_) => {
                    return wrong("successors", format!("has `{from}`, an exclusive office that would be vacant"));
                }
                None => return wrong("successors", format!("has `{from}`, which is not in the table")),
            }
        }
        if entry.exclusive && entry.successors.is_empty() {
            return wrong("successors", "are none, but nobody may leave an exclusive office without one".to_owned());
        }
        Ok(())
    }
}

fn right<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Right, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "see" => Ok(Right::Read),
        "manage" => Ok(Right::Manage),
        "admin" => Ok(Right::Admin),
        other => Err(serde::de::Error::custom(format!("`right` is `{other}`, not see, manage or admin"))),
    }
}

#[cfg(test)]
mod tests;
