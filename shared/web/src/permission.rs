//! Who may do what. Everything that is not allowed here is forbidden.

use std::collections::BTreeSet;

use leitwarte_core::Uuid;
pub use leitwarte_core::auth_profile::Role;

/// What a route demands of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Nothing: even an anonymous caller is answered. Only for what says nothing about customers.
    Public,
    /// May see stock, history and incidents.
    Read,
    /// May switch monitoring, work on incidents and poll now.
    Manage,
    /// May change settings.
    Admin,
}

impl Permission {
    /// Every permission, each including those before it.
    pub const ALL: [Self; 4] = [Self::Public, Self::Read, Self::Manage, Self::Admin];
}

/// A caller whose token or session was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What kind of caller this is.
    pub kind: PrincipalKind,
    /// The rights that token or session carry.
    pub roles: BTreeSet<Role>,
    /// Who it is.
    pub who: Who,
    /// How that was shown.
    pub via: Via,
}

/// Who a caller is. An account is tenant and object id; the name is only shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Number of the person in our database; `None` for a program, and for a person whose token was not looked up.
    pub person: Option<i64>,
    /// The tenant of the account.
    pub tenant_id: Uuid,
    /// The account in it, if the token says.
    pub object_id: Option<Uuid>,
    /// What the caller is called.
    pub name: String,
}

/// Longest name that is kept, in characters.
const LONGEST_NAME: usize = 256;

/// A name as it may be shown and stored: without what turns the direction of text or controls a terminal, and not longer
/// than any name of Entra.
#[must_use]
pub fn plain_name(name: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept = name.chars().filter(|c| !c.is_control() && !turns(*c)).take(LONGEST_NAME);
    kept.collect::<String>().trim().to_owned()
}

/// How a caller showed who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// `Authorization: Bearer`.
    Bearer,
    /// The cookie of a session that began with a sign-in.
    Session(SessionInfo),
}

/// What pages need of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// The token that has to come back with each request that changes something.
    pub csrf: String,
}

/// What is known of a caller besides its roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A person with an account of the home tenant: may see without any role.
    HomePerson,
    /// A program, a guest, or a token that does not say: may do only what its roles say.
    Other,
}

impl Principal {
    /// Decides whether the caller may do what a route demands. Managing includes seeing, `Admin` includes all.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        let has = |role| self.roles.contains(&role);
        match permission {
            Permission::Public => true,
            Permission::Read => self.kind == PrincipalKind::HomePerson || !self.roles.is_empty(),
            Permission::Manage => has(Role::Manage) || has(Role::Admin),
            Permission::Admin => has(Role::Admin),
        }
    }

    /// The most that the caller may do.
    #[must_use]
    pub fn widest(&self) -> Permission {
        let allowed = Permission::ALL.into_iter().filter(|permission| self.may(*permission));
        allowed.max().unwrap_or(Permission::Public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(kind: PrincipalKind, roles: &[Role]) -> Principal {
        let who = Who { person: None, tenant_id: Uuid::nil(), object_id: None, name: String::new() };
        Principal { kind, roles: roles.iter().copied().collect(), who, via: Via::Bearer }
    }

    #[test]
    fn the_widest_permission_is_the_last_one_that_is_allowed() {
        let widest = |kind, roles| principal(kind, roles).widest();
        assert_eq!(widest(PrincipalKind::HomePerson, &[]), Permission::Read);
        assert_eq!(widest(PrincipalKind::Other, &[]), Permission::Public);
        assert_eq!(widest(PrincipalKind::Other, &[Role::Manage]), Permission::Manage);
        assert_eq!(widest(PrincipalKind::HomePerson, &[Role::Read, Role::Admin]), Permission::Admin);
    }

    #[test]
    fn a_name_is_kept_without_what_is_not_to_be_seen() {
        assert_eq!(plain_name(" Ada\n\u{202e}Muster\u{0} "), "AdaMuster");
        assert_eq!(plain_name("Jürg <b>=1+1</b>"), "Jürg <b>=1+1</b>");
        assert_eq!(plain_name(&"x".repeat(1000)).len(), 256);
    }

    /// Which of the four permissions a caller has, in their order.
    fn row(kind: PrincipalKind, roles: &[Role]) -> [bool; 4] {
        let principal = principal(kind, roles);
        Permission::ALL.map(|permission| principal.may(permission))
    }

    #[test]
    fn a_person_of_the_home_tenant_may_see_without_a_role() {
        assert_eq!(row(PrincipalKind::HomePerson, &[]), [true, true, false, false]);
    }

    #[test]
    fn a_program_without_a_role_may_do_nothing() {
        assert_eq!(row(PrincipalKind::Other, &[]), [true, false, false, false]);
    }

    #[test]
    fn roles_mean_the_same_for_people_and_programs() {
        for kind in [PrincipalKind::HomePerson, PrincipalKind::Other] {
            assert_eq!(row(kind, &[Role::Read]), [true, true, false, false]);
            assert_eq!(row(kind, &[Role::Manage]), [true, true, true, false]);
            assert_eq!(row(kind, &[Role::Admin]), [true, true, true, true]);
        }
    }
}
