//! `GET /api/v1/licenses/polls[/{tenant}]`: how far a poll is that somebody asked for.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use leitwarte_core::{DateTime, Utc};
use leitwarte_store::PollProgress;
use leitwarte_web::http::Answer;
use leitwarte_web::openapi::{PollOfAll, PollOfTenant};
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::{Query, bad};
use serde::Serialize;

use super::private_json;
use super::status_of_tenant::unknown;
use crate::Deps;
use crate::store_problem::store_problem;

/// How far a poll of every tenant is
#[utoipa::path(
    get,
    path = "/api/v1/licenses/polls",
    tag = "polls",
    operation_id = "poll_of_all",
    params(("since" = i64, Query, description = "From `Location`: milliseconds since 1970; polls that began since then count", minimum = 0, maximum = 8_000_000_000_000_i64)),
    responses((status = 200, description = "How many tenants were polled since then", body = PollOfAll))
)]
pub(crate) async fn all(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    let query = Query::parse(request.raw_query_string.as_deref(), &["since"])?;
    let since =
        query.get("since").and_then(|text| text.parse().ok()).filter(|since| (0..=8_000_000_000_000).contains(since));
    let since: Option<DateTime<Utc>> = since.and_then(DateTime::from_timestamp_millis);
    let since = since.ok_or_else(|| bad("since", "has to be milliseconds since 1970, as in `Location`"))?;
    let progress = deps.store.polls_since(since).await.map_err(store_problem)?;
    let state = match (progress.done < progress.tenants, progress.failed) {
        (true, _) => "running",
        (false, 0) => "done",
        (false, _) => "failed",
    };
    written(
        &PollOfAll { state: state.to_owned(), tenants: progress.tenants, done: progress.done, failed: progress.failed },
        state,
        request,
    )
}

/// How far a poll of one tenant is
#[utoipa::path(
    get,
    path = "/api/v1/licenses/polls/{tenant}",
    tag = "polls",
    operation_id = "poll_of_tenant",
    params(
        ("tenant" = String, Path, description = "The tenant's key or exact name"),
        ("after" = Option<i64>, Query, description = "From `Location`: the poll with the first number above this is meant; without it, the last one", minimum = 0),
    ),
    responses(
        (status = 200, description = "How far it is", body = PollOfTenant),
        (status = 404, description = "There is no such tenant"),
    )
)]
pub(crate) async fn one(deps: &Deps, request: &ApiGatewayV2httpRequest, tenant: &str) -> Result<Answer, Problem> {
    let query = Query::parse(request.raw_query_string.as_deref(), &["after"])?;
    let after = query.get("after").map(|text| {
        let number = text.parse::<i64>().ok().filter(|number| *number >= 0);
        number.ok_or_else(|| bad("after", "has to be the number of a poll, as in `Location`"))
    });
    let after = after.transpose()?.unwrap_or(0);
    let found = deps.store.poll_progress(tenant, (deps.clock)()).await.map_err(store_problem)?;
    let Some(progress) = found else { return Err(unknown(deps, tenant).await?) };
    let state = state(&progress, after);
    let answer = PollOfTenant {
        state: state.to_owned(),
        tenant_key: progress.key,
        tenant: progress.tenant_name,
        poll: progress.poll,
        started_at: progress.started_at,
        finished_at: progress.finished_at,
        changes: progress.changes,
        failure: progress.failure.map(|failure| format!("{} {}", failure.message, failure.fix)),
        last_success_at: progress.last_success_at,
    };
    written(&answer, state, request)
}

fn state(progress: &PollProgress, after: i64) -> &'static str {
    match (progress.poll > after, progress.running) {
        (true, _) if progress.failure.is_some() => "failed",
        (true, _) => "done",
        (false, true) => "running",
        (false, false) => "waiting",
    }
}

fn written(answer: &impl Serialize, state: &str, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    let json = serde_json::to_string(answer).map_err(|error| {
        tracing::error!(%error, "cannot write how far a poll is");
        Problem::new(ProblemKind::Internal, "The answer could not be written; the log of api-read says why.")
    })?;
    let answer = private_json(json, &request.headers).header(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(if matches!(state, "done" | "failed") {
        answer
    } else {
        answer.header(RETRY_AFTER, HeaderValue::from_static("1"))
    })
}

#[cfg(test)]
mod tests {
    use leitwarte_core::poll::{FailureKind, PollFailure};

    use super::*;

    fn progress(poll: i64, running: bool, failed: bool) -> PollProgress {
        let failure = PollFailure { kind: FailureKind::SignIn, message: String::new(), fix: String::new() };
        PollProgress {
            key: "contoso".to_owned(),
            tenant_name: "Contoso".to_owned(),
            poll,
            started_at: None,
            finished_at: None,
            changes: 0,
            failure: failed.then_some(failure),
            running,
            last_success_at: None,
        }
    }

    #[test]
    fn a_poll_waits_runs_and_ends_well_or_not() {
        assert_eq!(state(&progress(7, false, true), 7), "waiting", "how the one before ended does not count");
        assert_eq!(state(&progress(7, true, true), 7), "running");
        assert_eq!(state(&progress(8, false, false), 7), "done");
        assert_eq!(state(&progress(8, true, true), 7), "failed", "another one may be under way");
    }
}
