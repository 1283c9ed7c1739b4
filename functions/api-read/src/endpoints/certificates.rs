//! `GET /api/v1/certificates`: every certificate as the last daily look found it, what does not work first.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use http::header::{CACHE_CONTROL, VARY};
use leitwarte_web::http::{Answer, Coding, ETag};
use leitwarte_web::problem::Problem;
use leitwarte_web::query::Query;

use super::status_of_all::{PRIVATE, VARY_BY};
use crate::Deps;
use crate::store_problem::store_problem;

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    let known = deps.store.certificates().await.map_err(store_problem)?;
    let now = (deps.clock)();
    let rows: Vec<_> = known.iter().map(|one| one.to_json(now)).collect();
    let json = serde_json::Value::Array(rows).to_string();
    let tag = ETag::of(json.as_bytes());
    Ok(Answer::text(StatusCode::OK, "application/json", json)
        .header(CACHE_CONTROL, PRIVATE)
        .header(VARY, VARY_BY)
        .tagged(&tag, &request.headers)
        .compressed(Coding::preferred(&request.headers)))
}
