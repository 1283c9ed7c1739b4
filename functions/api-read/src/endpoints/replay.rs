//! `GET /api/v1/rules/replay`: how often another threshold would have told, from what is known of the past.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_core::rules::Scope;
use leitwarte_core::threshold::Limit;
use leitwarte_core::{TimeDelta, Uuid};
use leitwarte_store::{WhatIf, told};
use leitwarte_web::http::Answer;
use leitwarte_web::openapi::{Replay, ReplayedProduct};
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::{Query, bad};

use super::status_of_tenant::unknown;
use super::{private_json, within_limit};
use crate::Deps;
use crate::store_problem::store_problem;

/// Days looked back at where nobody says how many.
const DAYS: u16 = 90;
/// Most days looked back at: what is kept where nobody sets something else.
pub(crate) const MOST_DAYS: u16 = 400;
/// Products when nobody says how many, and at most.
const LIMIT: u32 = 1000;
const MOST: u32 = 20_000;

/// What is asked.
#[derive(Debug, PartialEq)]
struct Question {
    scope: Scope,
    what_if: WhatIf,
    days: u16,
    limit: u32,
}

/// Ask what another threshold would have told
#[utoipa::path(
    get,
    path = "/api/v1/rules/replay",
    tag = "rules",
    operation_id = "replay",
    params(
        ("short_at" = String, Query, description = "Short when no more than this is free: a number, or a share such as 10%", pattern = "^(100|[1-9]?[0-9])%$|^(1000000|[1-9][0-9]{0,5}|0)$", example = "5"),
        ("clear_above" = Option<String>, Query, description = "A shortage ends when more than this is free; without it, as by the rule that holds now", pattern = "^(100|[1-9]?[0-9])%$|^(1000000|[1-9][0-9]{0,5}|0)$"),
        ("tenant" = Option<String>, Query, description = "A tenant's key; without it, all tenants"),
        ("skuid" = Option<Uuid>, Query, description = "A product; without it, all products"),
        ("days" = Option<u16>, Query, description = "How far back; 90 days without it", minimum = 1, maximum = 400),
        ("limit" = Option<u32>, Query, description = "At most so many products; 1000 without it", minimum = 1, maximum = 20000),
    ),
    responses(
        (status = 200, description = "How often people would have been told", body = Replay),
        (status = 404, description = "There is no such tenant"),
        (status = 413, description = "Larger than Lambda carries: ask for less"),
    )
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    let Question { scope, what_if, days, limit } = question(request.raw_query_string.as_deref())?;
    if let Some(key) = &scope.tenant
        && deps.store.switches_of(key).await.map_err(store_problem)?.is_none()
    {
        return Err(unknown(deps, key).await?);
    }
    let start = (deps.clock)() - TimeDelta::days(i64::from(days));
    let replayed = deps.store.replay(&scope, what_if, start).await.map_err(store_problem)?;
    let (told_now, told_then) = replayed.told();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let answer = Replay {
        told_now: told_now as u64,
        told_then: told_then as u64,
        days,
        oldest: replayed.oldest,
        more: replayed.products.len() > limit,
        products: replayed
            .products
            .into_iter()
            .take(limit)
            .map(|one| ReplayedProduct {
                told_now: told(&one.now) as u64,
                told_then: told(&one.then) as u64,
                tenant_key: one.tenant,
                tenant: one.tenant_name,
                skuid: one.sku_id,
                product_name: one.product,
            })
            .collect(),
    };
    let json = serde_json::to_string(&answer).map_err(|error| {
        tracing::error!(%error, "cannot write what a threshold would have told");
        Problem::new(ProblemKind::Internal, "The answer could not be written; the log of api-read says why.")
    })?;
    within_limit(private_json(json, &request.headers), "fewer products with `limit`, or one tenant with `tenant`")
}

fn question(raw_query: Option<&str>) -> Result<Question, Problem> {
    let query = Query::parse(raw_query, &["short_at", "clear_above", "tenant", "skuid", "days", "limit"])?;
    let threshold = |name| {
        query
            .get(name)
            .map(|text| text.parse::<Limit>().map_err(|_| bad(name, "is no number and no share, such as 5 or 10%")))
    };
    let short_at = threshold("short_at").ok_or_else(|| bad("short_at", "is missing"))??;
    let days = match query.get("days") {
        None => DAYS,
        Some(text) => {
            let days = text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
            days.ok_or_else(|| bad("days", &format!("has to be a whole number from 1 to {MOST_DAYS}")))?
        }
    };
    let sku = query.get("skuid").map(|id| Uuid::parse_str(id).map_err(|_| bad("skuid", "is no GUID"))).transpose()?;
    Ok(Question {
        scope: Scope { tenant: query.get("tenant").map(str::to_owned), sku },
        what_if: WhatIf { short_at, clear_above: threshold("clear_above").transpose()? },
        days,
        limit: query.number("limit", 1..=MOST, LIMIT)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_a_threshold_and_may_name_a_scope_and_a_time() {
        let asked = question(Some("short_at=10%25&tenant=contoso&days=7")).unwrap();
        assert_eq!((asked.what_if.short_at, asked.days), (Limit::Percent(10), 7));
        assert_eq!(asked.scope.tenant.as_deref(), Some("contoso"));
        let asked = question(Some("short_at=5")).unwrap();
        assert_eq!((asked.days, asked.limit), (90, 1000));
    }

    #[test]
    fn what_cannot_be_asked_is_refused_by_name() {
        for (query, name) in [
            ("", "short_at"),
            ("short_at=many", "short_at"),
            ("short_at=5&clear_above=-1", "clear_above"),
            ("short_at=5&skuid=SPE_E3", "skuid"),
            ("short_at=5&days=0", "days"),
            ("short_at=5&days=401", "days"),
            ("short_at=5&limit=0", "limit"),
        ] {
            let problem = question(Some(query)).unwrap_err();
            assert!(problem.into_answer("r").body_text().contains(&format!("`{name}`")), "{query}");
        }
    }
}
