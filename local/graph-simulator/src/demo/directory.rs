//! The demo's directory: its people, and the app roles of our API.

use leitwarte_core::roles::RoleTable;
use uuid::{Uuid, uuid};

use super::tenants::{API_PRINCIPAL, HOME};
use crate::directory::{ApplicationConfig, DirectoryConfig, UserConfig};
use crate::entra::people::{AccountKind, DemoPerson};

/// Somebody whom the support company knows from the system before, and who has never signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newcomer {
    /// The name the person signs in with.
    pub user_name: &'static str,
    /// What the person is called.
    pub name: &'static str,
    /// The role in the shipped table.
    pub role: &'static str,
    object_id: Uuid,
}

/// The demo's one such person: nobody has told the object id yet.
pub const NEWCOMER: Newcomer = Newcomer {
    user_name: "demo.newcomer@adatum.example",
    name: "Demo Newcomer",
    role: "head",
    object_id: uuid!("2d1c6f0e-55a1-4c7b-9e20-000000000040"),
};

/// Everybody who can sign in with an account of the support company, with the app roles they begin with, and [`NEWCOMER`].
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
    let value = table.role(NEWCOMER.role).map(|entry| entry.entra.clone());
    let newcomer = UserConfig {
        object_id: NEWCOMER.object_id,
        user_name: NEWCOMER.user_name.to_owned(),
        name: NEWCOMER.name.to_owned(),
    };
    let held = people.iter().flat_map(|person| person.roles.iter().map(|role| (person.object_id, role.clone())));
    let held = held.chain(value.map(|value| (NEWCOMER.object_id, value)));
    DirectoryConfig {
        tenant_id: HOME.tenant_id,
        assignments: held.map(|(person, role)| (person, HOME.client_id, role)).collect(),
        applications: vec![api],
        users: people
            .into_iter()
            .map(|person| UserConfig { object_id: person.object_id, user_name: person.user_name, name: person.name })
            .chain([newcomer])
            .collect(),
        groups: Vec::new(),
    }
}
