//! Who may do what. Everything that is not allowed here is forbidden.

use std::collections::BTreeSet;

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

/// A caller whose token was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What kind of caller this is.
    pub kind: PrincipalKind,
    /// The rights the token carries.
    pub roles: BTreeSet<Role>,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the four permissions a caller has, in their order.
    fn row(kind: PrincipalKind, roles: &[Role]) -> [bool; 4] {
        let principal = Principal { kind, roles: roles.iter().copied().collect() };
        [Permission::Public, Permission::Read, Permission::Manage, Permission::Admin].map(|p| principal.may(p))
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
