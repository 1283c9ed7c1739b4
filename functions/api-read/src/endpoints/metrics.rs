//! `GET /api/v1/metrics`: tenants and licences for Prometheus.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use http::header::{CACHE_CONTROL, VARY};
use leitwarte_core::incident::Phase;
use leitwarte_web::http::{Answer, Coding};
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::Query;

use super::status_of_all::{PRIVATE, VARY_BY};
use crate::Deps;
use crate::metrics::{CONTENT_TYPE, Known, render};
use crate::status_cache::nothing_is_known;
use crate::store_problem::{not_polled_yet, store_problem};

/// Tenants and licences for Prometheus
#[utoipa::path(
    get,
    path = "/api/v1/metrics",
    tag = "state",
    operation_id = "metrics",
    responses((status = 200, description = "Metrics in Prometheus' text format", body = String, content_type = "text/plain"))
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let known = read(deps).await?;
    let (policy, now, coding) = (deps.polls, (deps.clock)(), Coding::preferred(&request.headers));
    // A thousand tenants are megabytes of text: not on the threads that answer other requests.
    let written = tokio::task::spawn_blocking(move || {
        Answer::text(StatusCode::OK, CONTENT_TYPE, render(&known, &policy, now)).compressed(coding)
    });
    let answer = written.await.map_err(|error| {
        tracing::error!(%error, "cannot write the metrics");
        Problem::new(ProblemKind::Internal, "The metrics could not be written; the log of api-read says why.")
    })?;
    if !answer.fits() {
        return Err(Problem::new(
            ProblemKind::AnswerTooLarge,
            "The answer is larger than the 6 MB that Lambda carries. Accept compression (`Accept-Encoding: gzip`), as \
             Prometheus does unless `enable_compression` is off.",
        ));
    }
    Ok(answer.header(CACHE_CONTROL, PRIVATE).header(VARY, VARY_BY))
}

/// Before the first poll there is no answer, so that Prometheus takes its target for down and not for a quiet one.
async fn read(deps: &Deps) -> Result<Known, Problem> {
    let revision = deps.store.revision().await.map_err(store_problem)?;
    let tenants = deps.store.snapshots().await.map_err(store_problem)?;
    if nothing_is_known(&revision, &tenants) {
        return Err(not_polled_yet());
    }
    // A moment later than the snapshots, which does no harm: the end of a certificate is judged by no other number.
    let infos = deps.store.tenants().await.map_err(store_problem)?;
    let certificates = infos.into_iter().filter_map(|info| Some((info.key, info.certificate_ends_at?))).collect();
    let syncs = deps.store.syncs().await.map_err(store_problem)?;
    let outbox = deps.store.outbox_counts().await.map_err(store_problem)?;
    let open = deps.store.incidents(0).await.map_err(store_problem)?;
    let untouched = open.iter().filter(|one| one.incident.phase == Phase::Open).count();
    let incidents = (open.len(), untouched);
    Ok(Known { tenants, certificates, syncs, incidents, outbox, last_tick: revision.last_tick })
}
