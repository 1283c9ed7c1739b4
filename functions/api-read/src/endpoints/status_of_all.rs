//! `GET /api/v1/licenses/status`: every tenant's stock, worst first, whole or in pages (`limit`, `cursor`).

use std::ops::Range;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::header::{CACHE_CONTROL, LINK, VARY};
use http::{HeaderValue, StatusCode};
use leitwarte_store::Revision;
use leitwarte_web::http::{Answer, Coding};
use leitwarte_web::openapi;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::{Query, bad};

use crate::Deps;
use crate::status_cache::read_table;
use crate::status_table::{Position, StatusTable};

/// Customer data: only the caller's own cache may keep it, and has to ask each time.
pub(super) const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// What the answer depends on besides the address.
pub(super) const VARY_BY: HeaderValue = HeaderValue::from_static("Authorization, Cookie, Accept-Encoding");

/// Largest `limit`.
const MOST_ROWS: usize = 20_000;

/// Every tenant's stock, worst first
///
/// `Link: rel="next"` names the next part where `limit` is given.
#[utoipa::path(
    get,
    path = "/api/v1/licenses/status",
    tag = "licences",
    operation_id = "status",
    params(
        ("limit" = Option<usize>, Query, description = "So many rows; all without it", minimum = 1, maximum = 20000),
        ("cursor" = Option<String>, Query, description = "From a Link header"),
    ),
    responses(
        (status = 200, description = "A row for each product of each tenant", body = Vec<openapi::StatusRow>),
        (status = 413, description = "Larger than Lambda carries: accept compression, or ask for parts"),
    )
)]
pub(crate) async fn answer(
    deps: &Deps,
    path: &'static str,
    request: &ApiGatewayV2httpRequest,
) -> Result<Answer, Problem> {
    let asked = Page::parse(request.raw_query_string.as_deref())?;
    let now = (deps.clock)();
    let read = async |revision: &Revision| read_table(&deps.store, &deps.polls, now, revision).await;
    let (_, table) = deps.status.current(&deps.store, now, read).await?;
    let rows = asked.range(&table);
    let coding = Coding::preferred(&request.headers);
    let content = if coding == Coding::Gzip { table.gzipped(&rows) } else { table.json(&rows) };
    let mut answer = Answer::bytes(StatusCode::OK, "application/json", content)
        .coded(coding)
        .header(CACHE_CONTROL, PRIVATE)
        .header(VARY, VARY_BY)
        .tagged(&table.tag(&rows), &request.headers);
    if !answer.fits() {
        return Err(too_large());
    }
    if let Some(next) = table.position_before(rows.end).filter(|_| rows.end < table.len()) {
        let link = format!("<{path}?limit={}&cursor={}>; rel=\"next\"", rows.len(), next.to_cursor());
        if let Ok(link) = HeaderValue::from_str(&link) {
            answer.headers.insert(LINK, link);
        }
    }
    Ok(answer)
}

/// Which part is asked for.
#[derive(Debug, PartialEq)]
struct Page {
    limit: usize,
    after: Option<Position>,
}

impl Page {
    fn parse(raw_query: Option<&str>) -> Result<Self, Problem> {
        let query = Query::parse(raw_query, &["limit", "cursor"])?;
        let limit = match query.get("limit") {
            None => usize::MAX,
            Some(text) => {
                let limit = text.parse().ok().filter(|limit| (1..=MOST_ROWS).contains(limit));
                limit.ok_or_else(|| bad("limit", &format!("has to be a whole number from 1 to {MOST_ROWS}")))?
            }
        };
        let after = query.get("cursor").map(|cursor| {
            Position::from_cursor(cursor)
                .ok_or_else(|| bad("cursor", "is not one from a Link header of this API; start again without it"))
        });
        Ok(Self { limit, after: after.transpose()? })
    }

    fn range(&self, table: &StatusTable) -> Range<usize> {
        let start = self.after.as_ref().map_or(0, |position| table.first_after(position));
        start..start.saturating_add(self.limit).min(table.len())
    }
}

fn too_large() -> Problem {
    Problem::new(
        ProblemKind::AnswerTooLarge,
        "The answer is larger than the 6 MB that Lambda carries. Accept compression (`Accept-Encoding: gzip`), or ask for \
         parts with `limit` (1 to 20000) and follow the Link header, which brings the `cursor`.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_parameters_everything_is_asked_for() {
        assert_eq!(Page::parse(None).unwrap(), Page { limit: usize::MAX, after: None });
    }

    #[test]
    fn a_limit_is_a_number_in_range() {
        assert_eq!(Page::parse(Some("limit=20000")).unwrap().limit, 20_000);
        for query in
            ["limit=0", "limit=20001", "limit=-1", "limit=ten", "limit=", "limit=1.5", "limit=99999999999999999999"]
        {
            assert_eq!(Page::parse(Some(query)).unwrap_err().kind(), ProblemKind::BadParameter, "{query}");
        }
    }

    #[test]
    fn an_invented_cursor_is_refused() {
        for query in ["cursor=", "cursor=x", "cursor=e30", "cursor=%00", "cursor=W10"] {
            assert_eq!(Page::parse(Some(query)).unwrap_err().kind(), ProblemKind::BadParameter, "{query}");
        }
    }
}
