//! `PUT /api/v1/rules?tenant=&skuid=`: what counts as a shortage, for everybody, one product, one tenant, or one product of
//! one tenant.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_core::Uuid;
use leitwarte_core::rules::{Definition, Scope};
use leitwarte_store::RuleSet;
use leitwarte_web::body;
use leitwarte_web::http::{Answer, if_match};
use leitwarte_web::openapi::{Rule, RuleDefinition};
use leitwarte_web::permission::Principal;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::{Query, bad};

use super::{changed, unknown_tenant};
use crate::store_problem::store_problem;
use crate::{Deps, actor};

/// Set the rule of a scope, or take it back
///
/// What a narrower rule leaves out it takes from the wider ones; an empty object takes the rule back. It counts from the
/// next poll on, and only in the version that `If-Match` names: `"0"` where no rule was set.
#[utoipa::path(
    put,
    path = "/api/v1/rules",
    tag = "rules",
    operation_id = "set_rule",
    params(
        ("tenant" = Option<String>, Query, description = "A tenant's key; without it, all tenants", pattern = "^[A-Za-z0-9._-]{1,64}$"),
        ("skuid" = Option<Uuid>, Query, description = "A product; without it, all products"),
        ("If-Match" = String, Header, description = "The `version` that was seen, in quotes; `*` for whatever it is", example = "\"0\""),
    ),
    request_body = RuleDefinition,
    responses(
        (status = 200, description = "Done; the rule afterwards", body = Rule),
        (status = 404, description = "There is no such tenant"),
        (status = 412, description = "Somebody has changed it since; `current` is how it is now"),
        (status = 422, description = "A rule that cannot be meant"),
    )
)]
pub(crate) async fn answer(
    deps: &Deps,
    request: &ApiGatewayV2httpRequest,
    caller: &Principal,
) -> Result<Answer, Problem> {
    let scope = scope(request.raw_query_string.as_deref())?;
    let definition: Definition = body::json(request)?;
    definition
        .check()
        .map_err(|error| Problem::new(ProblemKind::ImpossibleWish, format!("Nothing was changed: {error}.")))?;
    let version = if_match(&request.headers)?;
    // A misspelt name would make a rule that never counts.
    if let Some(key) = &scope.tenant
        && deps.store.switches_of(key).await.map_err(store_problem)?.is_none()
    {
        return Err(unknown_tenant(key));
    }
    let set = deps.store.set_rule(&scope, &definition, version, actor(caller), (deps.clock)()).await;
    match set.map_err(store_problem)? {
        RuleSet::Done(rule) => Ok(changed(&rule.to_json(), rule.version())),
        RuleSet::Changed(now) => {
            let by = now.changed.as_ref().map_or_else(|| "taken back".to_owned(), |(_, who)| format!("set by {who}"));
            let detail = format!("This rule was {by} since you have seen it. Look at it again.");
            Err(Problem::changed_meanwhile(detail, now.to_json()))
        }
    }
}

fn scope(raw_query: Option<&str>) -> Result<Scope, Problem> {
    let query = Query::parse(raw_query, &["tenant", "skuid"])?;
    let sku = query.get("skuid").map(|id| Uuid::parse_str(id).map_err(|_| bad("skuid", "is no GUID")));
    Ok(Scope { tenant: query.get("tenant").map(str::to_owned), sku: sku.transpose()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_everybody_a_product_a_tenant_or_both() {
        assert_eq!(scope(None), Ok(Scope::default()));
        let both = scope(Some("tenant=contoso&skuid=05e9a617-0261-4cee-bb44-138d3ef5d965")).unwrap();
        assert_eq!((both.tenant.as_deref(), both.sku.is_some()), (Some("contoso"), true));
        assert_eq!(scope(Some("skuid=SPE_E3")).unwrap_err().kind(), ProblemKind::BadParameter);
        assert_eq!(scope(Some("sku=x")).unwrap_err().kind(), ProblemKind::UnknownParameter);
    }
}
