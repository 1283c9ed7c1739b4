//! `GET /api/v1/roles`: the caller's own role and what it may become, changes, and for administrators the differences.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_core::Uuid;
use leitwarte_core::message::words::Language as InWords;
use leitwarte_core::roles::wish::{Candidate, Way, choices};
use leitwarte_core::roles::{Operation, RoleTable};
use leitwarte_runtime::role_files;
use leitwarte_store::{RolePerson, RoleStep};
use leitwarte_web::http::Answer;
use leitwarte_web::permission::Permission;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::Query;
use leitwarte_web::viewer::Viewer;
use serde_json::{Value, json};

use super::private_json;
use crate::Deps;
use crate::pages::{Frame, Keeping, RolesView};
use crate::store_problem::store_problem;

/// Changes that are shown, the newest first.
const SHOWN: u32 = 50;

/// Show roles
///
/// Everybody sees the own role and the changes that concern it; administrators see every change and the differences that the
/// last comparison with Entra ID found.
#[utoipa::path(
    get,
    path = "/api/v1/roles",
    tag = "roles",
    operation_id = "roles",
    responses((status = 200, description = "`own`, `operations`, `findings`, `compared_at`", body = Object))
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, frame: &Frame) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let view = load(deps, frame).await?;
    Ok(private_json(json(&view).to_string(), &request.headers))
}

/// Everything that the viewer may see.
pub(crate) async fn load(deps: &Deps, frame: &Frame) -> Result<RolesView, Problem> {
    let viewer = frame.viewer.as_ref().ok_or_else(|| Problem::new(ProblemKind::MissingToken, "Sign in first."))?;
    let table = role_files::table(&deps.profiles_dir).map_err(|error| {
        tracing::error!(error, "roles cannot be shown");
        let detail =
            "config-profiles/roles/roles.json cannot be used; `leitwarte roles check` says what is wrong with it.";
        Problem::new(ProblemKind::RolesUnavailable, detail)
    })?;
    let keeping = keeping(deps, viewer.tenant_id);
    let own = person(deps, viewer).await?;
    let people = deps.store.role_people(viewer.tenant_id).await.map_err(store_problem)?;
    let sees_all = viewer.may(Permission::Admin);
    let found = match own {
        _ if sees_all => deps.store.role_operations(viewer.tenant_id, None, SHOWN).await,
        Some(own) => deps.store.role_operations_of(viewer.tenant_id, own, SHOWN).await,
        None => Ok(Vec::new()),
    };
    let mut operations = Vec::new();
    for operation in found.map_err(store_problem)? {
        let steps = if operation.phase.is_over() {
            Vec::new()
        } else {
            deps.store.role_steps(operation.number).await.map_err(store_problem)?
        };
        operations.push((operation, steps));
    }
    let findings =
        if sees_all { deps.store.role_findings(viewer.tenant_id).await.map_err(store_problem)? } else { Vec::new() };
    let compared = deps.store.last_reconciliation(viewer.tenant_id).await.map_err(store_problem)?;
    Ok(RolesView { table, keeping, own, sees_all, people, operations, findings, compared })
}

/// Whether roles of this tenant are kept in step with Entra, as `api-manage` and `role-sync` see it.
fn keeping(deps: &Deps, tenant: Uuid) -> Keeping {
    match role_files::profile(&deps.profiles_dir) {
        Ok(Some(profile)) if profile.app.tenant_id == tenant => Keeping::On,
        Ok(Some(_)) => Keeping::OfAnotherTenant,
        Ok(None) => Keeping::NoProfile,
        Err(error) => {
            tracing::error!(error, "the profile of role-sync cannot be used");
            Keeping::BrokenProfile
        }
    }
}

/// Number of the person who looks; a bearer token names the account only.
async fn person(deps: &Deps, viewer: &Viewer) -> Result<Option<i64>, Problem> {
    if viewer.person.is_some() {
        return Ok(viewer.person);
    }
    let Some(object_id) = viewer.object_id else { return Ok(None) };
    let found = deps.store.person_of_account(viewer.tenant_id, object_id).await.map_err(store_problem)?;
    Ok(found.map(|person| person.number))
}

/// The person who looks, as far as it is one of ours.
pub(crate) fn own(view: &RolesView) -> Option<&RolePerson> {
    view.people.iter().find(|person| Some(person.number) == view.own)
}

/// What the viewer may choose: role, way, people.
pub(crate) fn ways(view: &RolesView) -> Vec<(&str, Way)> {
    let candidate = |person: &RolePerson| Candidate {
        person: person.number,
        name: person.name.clone(),
        object_id: person.object_id,
        role: person.role.clone(),
        ceiling: person.ceiling.clone(),
    };
    let Some(own) = own(view).filter(|own| view.keeping.is_on() && own.under_way.is_none()) else { return Vec::new() };
    let free: Vec<Candidate> = view.people.iter().filter(|person| person.under_way.is_none()).map(candidate).collect();
    choices(&view.table, &candidate(own), &free).into_iter().map(|(entry, way)| (entry.role.as_str(), way)).collect()
}

fn json(view: &RolesView) -> Value {
    let named = |number: i64| {
        let name = view.people.iter().find(|person| person.number == number).map(|person| person.name.as_str());
        json!({ "person": number, "name": name })
    };
    let own = own(view).map(|own| {
        let choices = ways(view).into_iter().map(|(role, way)| match way {
            Way::Alone => json!({ "to": role }),
            Way::Exchange(with) => json!({ "to": role, "exchange_with": named(with) }),
            Way::HandOver(to) => {
                json!({ "to": role, "successors": to.into_iter().map(named).collect::<Vec<_>>() })
            }
        });
        json!({
            "person": own.number, "role": own.role, "ceiling": own.ceiling, "under_way": own.under_way,
            "version": own.version, "choices": choices.collect::<Vec<_>>(),
        })
    });
    let operations: Vec<Value> =
        view.operations.iter().map(|(operation, steps)| operation_json(&view.table, operation, steps)).collect();
    let findings = view.findings.iter().map(|finding| {
        json!({
            "person": finding.person.map(named), "drift": finding.drift, "since": finding.since,
            "text": finding.drift.text(&view.table, InWords::En), "ways_out": finding.drift.ways_out(),
        })
    });
    json!({
        "own": own, "operations": operations, "findings": findings.collect::<Vec<_>>(),
        "compared_at": view.compared.as_ref().map(|compared| compared.at),
    })
}

fn operation_json(table: &RoleTable, operation: &Operation, steps: &[RoleStep]) -> Value {
    let text = |problem: &leitwarte_core::roles::words::Problem| problem.text(table, InWords::En);
    let moves = operation
        .moves
        .iter()
        .map(|one| json!({ "person": one.person, "name": one.name, "from": one.from, "to": one.to }));
    json!({
        "number": operation.number, "kind": operation.kind.as_str(), "asked_by": operation.asked_by,
        "accepted_at": operation.accepted_at, "ended_at": operation.ended_at, "phase": operation.phase.as_str(),
        "moves": moves.collect::<Vec<_>>(), "problem": operation.problem.as_ref().map(text),
        "trouble": operation.trouble.as_ref().map(text),
        "steps": steps.iter().map(|step| json!({ "at": step.at, "step": step.detail["step"] })).collect::<Vec<_>>(),
    })
}
