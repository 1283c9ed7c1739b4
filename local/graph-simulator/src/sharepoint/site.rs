//! A running site: who may work in it and what lies there now.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::config::{ListConfig, SiteConfig, SiteRole};
use super::flows::FlowMessage;
use super::list::{ChangeError, List};
use crate::world::locked;

/// What apps may do with a list, whatever their permissions say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListAccess {
    /// As their permissions say.
    #[default]
    Full,
    /// Read: writes are refused with 403.
    ReadOnly,
    /// Nothing: everything is refused with 403.
    None,
}

#[derive(Debug)]
pub(crate) struct Site {
    /// As it was at the start.
    pub(crate) config: SiteConfig,
    /// `host,guid,guid`.
    pub(crate) id: String,
    grants: RwLock<Vec<(Uuid, SiteRole)>>,
    content: Mutex<Content>,
}

/// What lies in a site.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) lists: Vec<List>,
    /// What the flows have sent, oldest first.
    pub(crate) messages: Vec<FlowMessage>,
}

impl Site {
    /// # Errors
    /// When a row does not fit its list.
    pub(crate) fn new(config: SiteConfig, now: DateTime<Utc>) -> Result<Self, ChangeError> {
        let content = Mutex::new(Content::new(&config, now)?);
        let (id, grants) = (config.id(), RwLock::new(config.grants.clone()));
        Ok(Self { config, id, grants, content })
    }

    pub(crate) fn content(&self) -> MutexGuard<'_, Content> {
        locked(&self.content)
    }

    /// What an app with `Sites.Selected` may do here; `None`: nothing.
    pub(crate) fn role(&self, client_id: Uuid) -> Option<SiteRole> {
        let grants = self.grants.read().unwrap_or_else(PoisonError::into_inner);
        grants.iter().find(|(client, _)| *client == client_id).map(|(_, role)| *role)
    }

    /// Gives an app with `Sites.Selected` a role or takes it away.
    pub(crate) fn set_role(&self, client_id: Uuid, role: Option<SiteRole>) {
        let mut grants = self.grants.write().unwrap_or_else(PoisonError::into_inner);
        grants.retain(|(client, _)| *client != client_id);
        grants.extend(role.map(|role| (client_id, role)));
    }

    /// Where a person opens it.
    pub(crate) fn web_url(&self) -> String {
        format!("https://{}/{}", self.config.host, self.config.path)
    }
}

impl Content {
    fn new(config: &SiteConfig, now: DateTime<Utc>) -> Result<Self, ChangeError> {
        let list = |list: &ListConfig| List::filled(config.list_id(&list.name), list.clone(), now);
        Ok(Self { lists: config.lists.iter().map(list).collect::<Result<_, _>>()?, messages: Vec::new() })
    }

    /// A list by its GUID or visible name.
    pub(crate) fn list(&mut self, id_or_name: &str) -> Option<&mut List> {
        let id = Uuid::parse_str(id_or_name).ok();
        self.lists.iter_mut().find(|list| Some(list.id) == id || list.display_name == id_or_name)
    }
}
