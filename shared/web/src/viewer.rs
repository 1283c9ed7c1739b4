//! Who looks at a page, as the page shows it.

use leitwarte_core::Uuid;

use crate::permission::{Permission, Principal, Via};

/// Somebody who looks at a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Number of the person in our database; `None` for a token that was not looked up.
    pub person: Option<i64>,
    /// The account; `None` for a program.
    pub object_id: Option<Uuid>,
    /// The tenant of the account.
    pub tenant_id: Uuid,
    /// What they are called.
    pub name: String,
    /// One or two letters for the header.
    pub initials: String,
    /// The most they may do.
    pub rights: Permission,
    /// The token that the page's requests send back as `X-CSRF-Token`; `None` without a session.
    pub csrf: Option<String>,
}

impl Viewer {
    /// The caller as a viewer.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        let csrf = match &principal.via {
            Via::Session(session) => Some(session.csrf.clone()),
            Via::Bearer => None,
        };
        let name = principal.who.name.clone();
        Self {
            person: principal.who.person,
            object_id: principal.who.object_id,
            tenant_id: principal.who.tenant_id,
            initials: initials(&name),
            name,
            rights: principal.widest(),
            csrf,
        }
    }

    /// Whether they may do this.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        permission <= self.rights
    }
}

/// The first letters of the first and the last word; `?` for a name without any.
fn initials(name: &str) -> String {
    let mut firsts = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let (first, last) = (firsts.next(), firsts.next_back());
    let letters: String = first.into_iter().chain(last).flat_map(char::to_uppercase).collect();
    if letters.is_empty() { "?".to_owned() } else { letters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_the_first_letters_of_the_first_and_the_last_word() {
        for (name, letters) in [
            ("Ada Muster", "AM"),
            ("ada von der muster", "AM"),
            ("Ada", "A"),
            ("(extern) Ada", "EA"),
            ("ädä", "Ä"),
            ("- -", "?"),
            ("", "?"),
        ] {
            assert_eq!(initials(name), letters, "{name}");
        }
    }
}
