//! The demo's directory: its people, and the app roles of our API.

use leitwarte_core::roles::RoleTable;

use super::tenants::{API_PRINCIPAL, HOME};
use crate::directory::{ApplicationConfig, DirectoryConfig, UserConfig};
use crate::entra::people::{AccountKind, DemoPerson};

/// Everybody who can sign in with an account of the support company, with the app roles they begin with.
pub(super) fn config() -> DirectoryConfig {
    let people: Vec<DemoPerson> =
        DemoPerson::all().into_iter().filter(|person| person.account == AccountKind::Member).collect();
    let table = RoleTable::shipped();
    let rights = ["Licences.Read", "Licences.Manage", "Admin"].map(str::to_owned);
    let api = ApplicationConfig {
        client_id: HOME.client_id,
        service_principal: API_PRINCIPAL,
        app_roles: rights.into_iter().chain(table.roles().iter().map(|entry| entry.entra.clone())).collect(),
    };
    let held = people.iter().flat_map(|person| person.roles.iter().map(|role| (person.object_id, role.clone())));
    DirectoryConfig {
        tenant_id: HOME.tenant_id,
        assignments: held.map(|(person, role)| (person, HOME.client_id, role)).collect(),
        applications: vec![api],
        users: people
            .into_iter()
            .map(|person| UserConfig { object_id: person.object_id, user_name: person.user_name, name: person.name })
            .collect(),
        groups: Vec::new(),
    }
}
