//! Entra through Microsoft Graph.

use std::time::Duration;

use leitwarte_core::Uuid;
use leitwarte_core::roles::protocol::{Fault, Sight};
use leitwarte_core::roles::words::Problem;
use leitwarte_graph::{
    AppRegistration, AppRoles, Assignment, Budget, GrantAnswer, GraphClient, GraphError, RevokeAnswer,
};
use tokio::sync::OnceCell;

use crate::edge::Directory;

/// No call takes longer, its own attempts included.
const CALL: Duration = Duration::from_secs(25);

/// The app roles of one application, read when they are first needed.
#[derive(Debug)]
pub struct GraphDirectory {
    client: GraphClient,
    app: AppRegistration,
    application: Uuid,
    roles: OnceCell<AppRoles>,
}

impl GraphDirectory {
    /// The roles of `application`, as `app`.
    #[must_use]
    pub fn new(client: GraphClient, app: AppRegistration, application: Uuid) -> Self {
        Self { client, app, application, roles: OnceCell::new() }
    }

    async fn roles(&self) -> Result<&AppRoles, Fault> {
        let read = || async {
            let found = self
                .client
                .app_roles(&self.app, &Budget::of(CALL), self.application)
                .await
                .map_err(|error| fault(&error))?;
            found.ok_or_else(|| {
                Fault::Final(Problem::Entra {
                    message: format!("The application {} is not in the tenant.", self.application),
                    fix: "Correct application_id in roles/role-sync-profile.json.".to_owned(),
                })
            })
        };
        self.roles.get_or_try_init(read).await
    }
}

impl Directory for GraphDirectory {
    async fn app_role(&self, value: &str) -> Result<Option<Uuid>, Fault> {
        Ok(self.roles().await?.id_of(value))
    }

    async fn sights(&self, people: &[Uuid]) -> Result<Vec<Sight>, Fault> {
        let roles = self.roles().await?;
        let found =
            self.client.roles_of(&self.app, &Budget::of(CALL), roles, people).await.map_err(|error| fault(&error))?;
        Ok(found.into_iter().map(|held| held.map_or(Sight::NoAccount, Sight::Holds)).collect())
    }

    async fn holders(&self) -> Result<Vec<Assignment>, Fault> {
        self.client.role_holders(&self.app, &Budget::of(CALL), self.roles().await?).await.map_err(|error| fault(&error))
    }

    async fn grant(&self, person: Uuid, app_role: Uuid) -> Result<GrantAnswer, Fault> {
        let roles = self.roles().await?;
        self.client
            .grant_role(&self.app, &Budget::of(CALL), roles, (person, app_role))
            .await
            .map_err(|error| fault(&error))
    }

    async fn revoke(&self, assignment: &str) -> Result<RevokeAnswer, Fault> {
        let roles = self.roles().await?;
        self.client.revoke_role(&self.app, &Budget::of(CALL), roles, assignment).await.map_err(|error| fault(&error))
    }

    async fn object_ids(&self, user_names: &[String]) -> Result<Vec<Option<Uuid>>, Fault> {
        self.client.object_ids(&self.app, &Budget::of(CALL), user_names).await.map_err(|error| fault(&error))
    }
}

/// What may pass by itself is tried again; everything else stands until a person has done something.
pub(crate) fn fault(error: &GraphError) -> Fault {
    let problem = Problem::Entra { message: format!("{error}."), fix: error.fix() };
    match error {
        GraphError::Throttled { .. }
        | GraphError::Unavailable { .. }
        | GraphError::BadAnswer { .. }
        | GraphError::Timeout { .. }
        | GraphError::Internal(_) => Fault::Passing(problem),
        GraphError::Credential(_)
        | GraphError::Host(_)
        | GraphError::SignIn(_)
        | GraphError::Unauthorized { .. }
        | GraphError::Forbidden { .. }
        | GraphError::Refused { .. } => Fault::Final(problem),
    }
}
