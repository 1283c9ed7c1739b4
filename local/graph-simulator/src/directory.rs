//! People, groups and who holds which app role of which application: the state behind `/users` and `/servicePrincipals`.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::edge::new_id;
use crate::world::locked;

/// The directory of one tenant as it begins.
#[derive(Debug, Clone, Default)]
pub struct DirectoryConfig {
    /// The tenant.
    pub tenant_id: Uuid,
    /// Applications with app roles.
    pub applications: Vec<ApplicationConfig>,
    /// People.
    pub users: Vec<UserConfig>,
    /// Groups.
    pub groups: Vec<GroupConfig>,
    /// Who holds what: object id of a person or group, client id of the application, value of the app role.
    pub assignments: Vec<(Uuid, Uuid, String)>,
}

/// An application in the tenant.
#[derive(Debug, Clone)]
pub struct ApplicationConfig {
    /// Its client id.
    pub client_id: Uuid,
    /// Its service principal's object id.
    pub service_principal: Uuid,
    /// Values of its app roles.
    pub app_roles: Vec<String>,
}

/// A person.
#[derive(Debug, Clone)]
pub struct UserConfig {
    /// Object id.
    pub object_id: Uuid,
    /// User principal name.
    pub user_name: String,
    /// Display name.
    pub name: String,
}

/// A group.
#[derive(Debug, Clone)]
pub struct GroupConfig {
    /// Object id.
    pub object_id: Uuid,
    /// Display name.
    pub name: String,
    /// Object ids of its direct members.
    pub members: Vec<Uuid>,
}

/// One assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assigned {
    pub(crate) id: String,
    pub(crate) principal: Uuid,
    pub(crate) is_group: bool,
    pub(crate) name: String,
    pub(crate) service_principal: Uuid,
    pub(crate) resource: String,
    pub(crate) app_role: Uuid,
    pub(crate) created_at: DateTime<Utc>,
}

/// How far lists lag behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lag {
    pub(crate) time: TimeDelta,
    pub(crate) answers: u32,
}

/// The directory as it is.
pub(crate) struct Directory {
    pub(crate) tenant_id: Uuid,
    applications: Vec<ApplicationConfig>,
    groups: Vec<GroupConfig>,
    content: Mutex<Content>,
}

#[derive(Default)]
struct Content {
    users: Vec<UserConfig>,
    assigned: Vec<Assigned>,
    /// What was there before each change, and when that was.
    before: Vec<(DateTime<Utc>, Vec<Assigned>)>,
    /// What lists show for so many more answers.
    stale: Option<(Vec<Assigned>, u32)>,
}

/// Why an assignment is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAssigned {
    Exists,
    NoPrincipal,
    NoAppRole,
}

impl ApplicationConfig {
    /// The id of the app role of this value: follows from the application and the value.
    #[must_use]
    pub fn app_role_id(&self, value: &str) -> Uuid {
        let mixed = value.bytes().fold(self.client_id.as_u128(), |id, byte| id.rotate_left(7) ^ u128::from(byte));
        Uuid::from_u128(mixed)
    }

    /// The value of an app role.
    pub(crate) fn value_of(&self, app_role: Uuid) -> Option<&str> {
        self.app_roles.iter().map(String::as_str).find(|value| self.app_role_id(value) == app_role)
    }
}

impl Directory {
    pub(crate) fn new(config: DirectoryConfig, now: DateTime<Utc>) -> Self {
        let DirectoryConfig { tenant_id, applications, users, groups, assignments } = config;
        let content = Mutex::new(Content { users, ..Content::default() });
        let directory = Self { tenant_id, applications, groups, content };
        for (principal, client_id, value) in assignments {
            let application = directory.applications.iter().find(|one| one.client_id == client_id);
            if let Some((service_principal, app_role)) =
                application.map(|one| (one.service_principal, one.app_role_id(&value)))
            {
                // A principal that is not there holds nothing.
                let _ = directory.assign(principal, service_principal, app_role, now, Lag::NONE);
            }
        }
        directory
    }

    pub(crate) fn application(&self, client_id: Uuid) -> Option<&ApplicationConfig> {
        self.applications.iter().find(|one| one.client_id == client_id)
    }

    pub(crate) fn service_principal(&self, id: Uuid) -> Option<&ApplicationConfig> {
        self.applications.iter().find(|one| one.service_principal == id)
    }

    /// A person by object id or user principal name.
    pub(crate) fn user(&self, id_or_name: &str) -> Option<UserConfig> {
        let id = Uuid::parse_str(id_or_name).ok();
        let content = locked(&self.content);
        let named = |user: &&UserConfig| Some(user.object_id) == id || user.user_name.eq_ignore_ascii_case(id_or_name);
        content.users.iter().find(named).cloned()
    }

    /// Removes a person with everything the person holds.
    pub(crate) fn delete_user(&self, object_id: Uuid) -> bool {
        let mut content = locked(&self.content);
        let before = content.users.len();
        content.users.retain(|user| user.object_id != object_id);
        content.assigned.retain(|one| one.principal != object_id);
        content.users.len() < before
    }

    pub(crate) fn assign(
        &self,
        principal: Uuid,
        service_principal: Uuid,
        app_role: Uuid,
        now: DateTime<Utc>,
        lag: Lag,
    ) -> Result<Assigned, NotAssigned> {
        let application = self.service_principal(service_principal).ok_or(NotAssigned::NoAppRole)?;
        application.value_of(app_role).ok_or(NotAssigned::NoAppRole)?;
        let group = self.groups.iter().find(|group| group.object_id == principal);
        let mut content = locked(&self.content);
        let user = content.users.iter().find(|user| user.object_id == principal);
        let name = group.map(|group| &group.name).or(user.map(|user| &user.name)).ok_or(NotAssigned::NoPrincipal)?;
        let new = Assigned {
            id: format!("{}-{}", principal.simple(), new_id().simple()),
            principal,
            is_group: group.is_some(),
            name: name.clone(),
            service_principal,
            resource: "Intranet".to_owned(),
            app_role,
            created_at: now,
        };
        let same = |one: &Assigned| {
            (one.principal, one.service_principal, one.app_role) == (principal, service_principal, app_role)
        };
        if content.assigned.iter().any(same) {
            return Err(NotAssigned::Exists);
        }
        content.changing(now, lag);
        content.assigned.push(new.clone());
        Ok(new)
    }

    /// Whether it was there.
    pub(crate) fn unassign(&self, id: &str, now: DateTime<Utc>, lag: Lag) -> bool {
        let mut content = locked(&self.content);
        if !content.assigned.iter().any(|one| one.id == id) {
            return false;
        }
        content.changing(now, lag);
        content.assigned.retain(|one| one.id != id);
        true
    }

    /// What a list shows that begins now: everything assigned, as it was a while ago.
    pub(crate) fn shown(&self, now: DateTime<Utc>, lag: Lag) -> Vec<Assigned> {
        let mut content = locked(&self.content);
        if let Some((shown, left)) = content.stale.take() {
            if left > 1 {
                content.stale = Some((shown.clone(), left - 1));
            }
            return shown;
        }
        let as_of = now - lag.time;
        content.before.retain(|(at, _)| *at > as_of);
        content.before.first().map_or_else(|| content.assigned.clone(), |(_, before)| before.clone())
    }

    /// What a person holds, directly and through groups, out of what a list shows.
    pub(crate) fn of_user(&self, shown: Vec<Assigned>, user: Uuid) -> Vec<Assigned> {
        let is_member =
            |group: Uuid| self.groups.iter().any(|one| one.object_id == group && one.members.contains(&user));
        shown.into_iter().filter(|one| one.principal == user || (one.is_group && is_member(one.principal))).collect()
    }

    /// Gives a person exactly these roles of an application, at once for every list.
    pub(crate) fn set_values(
        &self,
        user: Uuid,
        client_id: Uuid,
        values: &[&str],
        now: DateTime<Utc>,
    ) -> Result<(), NotAssigned> {
        let application = self.application(client_id).ok_or(NotAssigned::NoAppRole)?;
        let known = |value: &&str| application.app_roles.iter().any(|one| one == value);
        if !values.iter().all(known) {
            return Err(NotAssigned::NoAppRole);
        }
        let wanted: Vec<Uuid> = values.iter().map(|value| application.app_role_id(value)).collect();
        let id = application.service_principal;
        locked(&self.content)
            .assigned
            .retain(|one| one.principal != user || one.service_principal != id || wanted.contains(&one.app_role));
        for app_role in wanted {
            match self.assign(user, id, app_role, now, Lag::NONE) {
                Ok(_) | Err(NotAssigned::Exists) => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    /// The values a person really holds of an application at this moment, as a token has them.
    pub(crate) fn values_of(&self, user: Uuid, client_id: Uuid) -> Vec<String> {
        let Some(application) = self.application(client_id) else { return Vec::new() };
        let assigned = locked(&self.content).assigned.clone();
        let own = self
            .of_user(assigned, user)
            .into_iter()
            .filter(|one| one.service_principal == application.service_principal);
        let mut values: Vec<String> =
            own.filter_map(|one| application.value_of(one.app_role).map(str::to_owned)).collect();
        values.sort();
        values.dedup();
        values
    }
}

impl Lag {
    pub(crate) const NONE: Self = Self { time: TimeDelta::zero(), answers: 0 };
}

impl Content {
    fn changing(&mut self, now: DateTime<Utc>, lag: Lag) {
        if lag.time > TimeDelta::zero() {
            self.before.push((now, self.assigned.clone()));
        }
        if lag.answers > 0 {
            let shown = self.stale.take().map_or_else(|| self.assigned.clone(), |(shown, _)| shown);
            self.stale = Some((shown, lag.answers));
        }
    }
}
