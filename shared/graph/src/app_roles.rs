//! App roles of an application and who holds them.
//!
//! Sources: Microsoft Learn, "List appRoleAssignments granted to a user", "Grant an appRoleAssignment for a service
//! principal", "Delete appRoleAssignedTo", "appRoleAssignment resource type". Lists lag behind a change by up to a minute; an
//! answer to a change does not.

use std::collections::HashMap;

use leitwarte_core::Uuid;
use leitwarte_core::roles::Held;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::app::AppRegistration;
use crate::batch::{BatchAnswer, BatchRequest, MOST};
use crate::budget::Budget;
use crate::client::{GraphClient, Repeat, Session};
use crate::error::{BadAnswer, GraphError, Peer};
use crate::transport::{Answer, bad};

/// Reads and writes assignments. It can grant itself anything, so one function alone holds it.
const WRITE: &str = "AppRoleAssignment.ReadWrite.All";
/// Reads the application's app roles.
const READ_APPLICATION: &str = "Application.Read.All";
/// Reads people.
const READ_USERS: &str = "User.Read.All";

/// What Graph says when an assignment is there already; by status alone it cannot be told from other refusals.
const EXISTS: &str = "Permission being assigned already exists";

/// The app roles of one application in the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRoles {
    /// The application's service principal in the tenant.
    pub service_principal: Uuid,
    /// Value of each app role that people can hold, by its id.
    pub values: HashMap<Uuid, String>,
}

/// Who holds an app role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Object id of a person, a group or an application.
    pub principal: Uuid,
    /// Which of them.
    pub kind: PrincipalKind,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub held: Held,
}

/// What can hold an app role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A group, and by it its direct members.
    Group,
    /// An application.
    Other,
}

/// What became of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantAnswer {
    /// Made, with this id.
    Made(String),
    /// It is there already, or will be in a moment: it may be our own, whose answer was lost.
    Exists,
}

/// What became of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeAnswer {
    /// Revoked.
    Done,
    /// It was not there any more.
    Gone,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireServicePrincipal {
    id: Uuid,
    #[serde(default)]
    app_roles: Vec<WireAppRole>,
}

#[derive(Deserialize)]
struct WireAppRole {
    id: Uuid,
    #[serde(default)]
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAssignment {
    id: String,
    app_role_id: Uuid,
    principal_id: Uuid,
    resource_id: Uuid,
    #[serde(default)]
    principal_type: Option<String>,
    #[serde(default)]
    principal_display_name: Option<String>,
}

#[derive(Deserialize)]
struct WirePage {
    value: Vec<WireAssignment>,
    #[serde(rename = "@odata.nextLink", default)]
    next_link: Option<String>,
}

#[derive(Deserialize)]
struct WireId {
    id: String,
}

#[derive(Deserialize)]
struct WireError {
    error: WireErrorBody,
}

#[derive(Deserialize)]
struct WireErrorBody {
    message: String,
}

impl AppRoles {
    /// The id of the app role of this value.
    #[must_use]
    pub fn id_of(&self, value: &str) -> Option<Uuid> {
        self.values.iter().find(|(_, known)| *known == value).map(|(id, _)| *id)
    }

    /// One assignment, if it is of this application.
    fn read(&self, wire: WireAssignment) -> Option<Assignment> {
        if wire.resource_id != self.service_principal {
            return None;
        }
        let kind = match wire.principal_type.as_deref() {
            Some("Group") => PrincipalKind::Group,
            Some("User") | None => PrincipalKind::User,
            Some(_) => PrincipalKind::Other,
        };
        let value = self.values.get(&wire.app_role_id).cloned();
        let held = Held { id: wire.id, value, direct: kind != PrincipalKind::Group };
        let name = wire.principal_display_name.unwrap_or_default();
        Some(Assignment { principal: wire.principal_id, kind, name, held })
    }
}

impl GraphClient {
    /// The app roles of an application, by its client id; `None` when it is not in the tenant.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    pub async fn app_roles(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        application: Uuid,
    ) -> Result<Option<AppRoles>, GraphError> {
        let mut session = Self::session(app, budget, READ_APPLICATION);
        let address = format!(
            "{}/v1.0/servicePrincipals?$filter=appId eq '{application}'&$select=id,appRoles",
            app.graph_endpoint
        );
        let found: Vec<WireServicePrincipal> = self.list(&mut session, &address).await?;
        Ok(found.into_iter().next().map(|principal| AppRoles {
            service_principal: principal.id,
            values: principal.app_roles.into_iter().filter_map(|role| Some((role.id, role.value?))).collect(),
        }))
    }

    /// What people hold of an application's roles, also through groups, in their order; `None` where there is no account.
    ///
    /// # Errors
    /// Whatever keeps one whole list from being read.
    pub async fn roles_of(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        roles: &AppRoles,
        people: &[Uuid],
    ) -> Result<Vec<Option<Vec<Held>>>, GraphError> {
        let mut session = Self::session(app, budget, WRITE);
        let (_, peer) = self.allowed(&app.graph_endpoint)?;
        let mut found = Vec::with_capacity(people.len());
        for some in people.chunks(MOST) {
            let get = |person: &Uuid| BatchRequest::get(format!("/users/{person}/appRoleAssignments"));
            let answers = self.batch(&mut session, Repeat::Always, some.iter().map(get).collect()).await?;
            for answer in answers {
                found.push(self.whole_list(&mut session, answer, &peer, roles).await?);
            }
        }
        Ok(found)
    }

    /// The list of one person out of a batch, with the pages that follow.
    async fn whole_list(
        &self,
        session: &mut Session<'_>,
        answer: BatchAnswer,
        peer: &Peer,
        roles: &AppRoles,
    ) -> Result<Option<Vec<Held>>, GraphError> {
        match answer.status {
            200 => {}
            404 => return Ok(None),
            _ => return Err(answer.error(peer, WRITE)),
        }
        let page: WirePage =
            serde_json::from_value(answer.body).map_err(|_| bad(peer, BadAnswer::Form { line: 1, column: 1 }))?;
        let mut list = page.value;
        if let Some(next) = page.next_link {
            list.extend(self.list::<WireAssignment>(session, &next).await?);
        }
        Ok(Some(list.into_iter().filter_map(|wire| roles.read(wire)).map(|one| one.held).collect()))
    }

    /// Everybody who holds a role of an application: people, groups and applications, every page.
    ///
    /// # Errors
    /// Whatever keeps the whole list from being read.
    pub async fn role_holders(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        roles: &AppRoles,
    ) -> Result<Vec<Assignment>, GraphError> {
        let mut session = Self::session(app, budget, WRITE);
        let list: Vec<WireAssignment> = self.list(&mut session, &assigned_to(app, roles)).await?;
        Ok(list.into_iter().filter_map(|wire| roles.read(wire)).collect())
    }

    /// Grants a role to a person. Sent once only when nobody knows what became of it.
    ///
    /// # Errors
    /// Why it was not granted, or that nobody knows.
    pub async fn grant_role(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        roles: &AppRoles,
        (person, app_role): (Uuid, Uuid),
    ) -> Result<GrantAnswer, GraphError> {
        let mut session = Self::session(app, budget, WRITE);
        let (url, peer) = self.allowed(&assigned_to(app, roles))?;
        let body = json!({ "principalId": person, "resourceId": roles.service_principal, "appRoleId": app_role });
        let understand = |answer: &Answer| match answer.status {
            StatusCode::CREATED => answer.json::<WireId>(&peer).ok().map(|made| GrantAnswer::Made(made.id)),
            StatusCode::BAD_REQUEST => {
                let said = answer.json::<WireError>(&peer).ok()?;
                said.error.message.starts_with(EXISTS).then_some(GrantAnswer::Exists)
            }
            _ => None,
        };
        self.send(&mut session, (Method::POST, &url, &peer), Repeat::IfRefused, Some(&body), understand).await
    }

    /// Revokes an assignment; sent again when its answer was lost.
    ///
    /// # Errors
    /// Why it was not revoked.
    pub async fn revoke_role(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        roles: &AppRoles,
        assignment: &str,
    ) -> Result<RevokeAnswer, GraphError> {
        let mut session = Self::session(app, budget, WRITE);
        let (mut url, peer) = self.allowed(&assigned_to(app, roles))?;
        push_segment(&mut url, assignment, &peer)?;
        let understand = |answer: &Answer| match answer.status {
            StatusCode::NO_CONTENT | StatusCode::OK => Some(RevokeAnswer::Done),
            StatusCode::NOT_FOUND => Some(RevokeAnswer::Gone),
            _ => None,
        };
        self.send(&mut session, (Method::DELETE, &url, &peer), Repeat::Always, None, understand).await
    }

    /// The object ids of people by the names they sign in with; `None` for whom there is no account.
    ///
    /// # Errors
    /// Whatever keeps one of them from being looked up.
    pub async fn object_ids(
        &self,
        app: &AppRegistration,
        budget: &Budget,
        user_names: &[String],
    ) -> Result<Vec<Option<Uuid>>, GraphError> {
        let mut session = Self::session(app, budget, READ_USERS);
        let (url, peer) = self.allowed(&app.graph_endpoint)?;
        let mut found = Vec::with_capacity(user_names.len());
        for names in user_names.chunks(MOST) {
            let requests = names.iter().map(|name| {
                let mut user = url.clone();
                user.set_path("/users");
                push_segment(&mut user, name, &peer)?;
                Ok(BatchRequest::get(format!("{}?$select=id", user.path())))
            });
            let requests = requests.collect::<Result<_, GraphError>>()?;
            found.extend(self.looked_up(&mut session, requests, &peer).await?);
        }
        Ok(found)
    }

    async fn looked_up(
        &self,
        session: &mut Session<'_>,
        requests: Vec<BatchRequest>,
        peer: &Peer,
    ) -> Result<Vec<Option<Uuid>>, GraphError> {
        let answers = self.batch(session, Repeat::Always, requests).await?;
        let read = |answer: BatchAnswer| match answer.status {
            200 => match answer.body["id"].as_str().and_then(|id| id.parse().ok()) {
                Some(id) => Ok(Some(id)),
                None => Err(bad(peer, BadAnswer::Form { line: 1, column: 1 })),
            },
            404 => Ok(None),
            _ => Err(answer.error(peer, READ_USERS)),
        };
        answers.into_iter().map(read).collect()
    }
}

fn assigned_to(app: &AppRegistration, roles: &AppRoles) -> String {
    format!("{}/v1.0/servicePrincipals/{}/appRoleAssignedTo", app.graph_endpoint, roles.service_principal)
}

/// Adds one segment to a path, encoded, so that it cannot lead elsewhere.
fn push_segment(url: &mut Url, segment: &str, peer: &Peer) -> Result<(), GraphError> {
    let unusable = || bad(peer, BadAnswer::Form { line: 1, column: 1 });
    if matches!(segment, "" | "." | "..") {
        return Err(unusable());
    }
    url.path_segments_mut().map_err(|()| unusable())?.push(segment);
    Ok(())
}
