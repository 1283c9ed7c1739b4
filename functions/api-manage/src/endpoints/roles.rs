//! What both endpoints about roles need: the table, whose roles they are, the language of refusals, and `role-sync`.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_core::Uuid;
use leitwarte_core::message::words::Language as InWords;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::words::Refusal;
use leitwarte_runtime::role_files;
use leitwarte_web::http::{Language, preferred_language};
use leitwarte_web::permission::Principal;
use leitwarte_web::problem::{Problem, ProblemKind};
use serde_json::json;

use crate::Deps;

const ROLE_SYNC: &str = "role-sync";

/// How roles are kept, for one request.
#[derive(Debug)]
pub(super) struct Roles {
    pub(super) table: RoleTable,
    pub(super) tenant: Uuid,
    language: InWords,
}

impl Roles {
    /// Reads the files. What is accepted has to be carried out, so nothing is accepted where `role-sync` is not set up.
    pub(super) fn of(deps: &Deps, request: &ApiGatewayV2httpRequest, caller: &Principal) -> Result<Self, Problem> {
        let unusable = |error: String| {
            tracing::error!(error, "roles cannot be changed");
            let detail =
                "A file in config-profiles/roles cannot be used; `leitwarte roles check` says what is wrong with it.";
            Problem::new(ProblemKind::RolesUnavailable, detail)
        };
        let table = role_files::table(&deps.profiles_dir).map_err(unusable)?;
        let profile = role_files::profile(&deps.profiles_dir).map_err(unusable)?;
        let tenant = caller.who.tenant_id;
        if profile.is_none_or(|profile| profile.app.tenant_id != tenant) {
            let detail = "Roles are not kept in step with Entra ID here: there is no roles/role-sync-profile.json for this \
                          tenant. The README says how to write it.";
            return Err(Problem::new(ProblemKind::RolesUnavailable, detail));
        }
        let language = match preferred_language(&request.headers) {
            Language::German => InWords::De,
            Language::English => InWords::En,
        };
        Ok(Self { table, tenant, language })
    }

    /// The caller's number.
    pub(super) fn person(&self, caller: &Principal) -> Result<i64, Problem> {
        let missing = || Refusal::MissingObjectId { name: caller.who.name.clone() };
        caller.who.person.ok_or_else(|| self.refused(&missing()))
    }

    pub(super) fn words(&self, refusal: &Refusal) -> String {
        refusal.text(&self.table, self.language)
    }

    pub(super) fn refused(&self, refusal: &Refusal) -> Problem {
        Problem::new(ProblemKind::RoleRefused, self.words(refusal))
    }
}

/// Wakes `role-sync`. If the host does not take it, the next minute's run finds the change all the same.
pub(super) async fn start(deps: &Deps, number: i64) {
    let event = json!({ "action": "operation", "number": number });
    if let Err(error) = deps.functions.start(ROLE_SYNC, &event).await {
        tracing::warn!(error = &error as &dyn std::error::Error, number, "a change of roles begins with the next tick");
    }
}

/// Has `role-sync` look whether Entra still says what somebody has decided for. If the host does not take it, the next
/// comparison does it.
pub(super) async fn compare(deps: &Deps) {
    if let Err(error) = deps.functions.start(ROLE_SYNC, &json!({ "action": "reconcile" })).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "roles are compared with the next tick that is due");
    }
}
