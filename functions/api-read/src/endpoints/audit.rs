//! `GET /api/v1/audit`: who did what, the newest first, in parts (`limit`, `cursor`).

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::HeaderValue;
use http::header::LINK;
use leitwarte_store::AuditEntry;
use leitwarte_web::http::Answer;
use leitwarte_web::openapi;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::{Query, bad};
use serde_json::{Value, json};

use super::private_json;
use crate::Deps;
use crate::store_problem::store_problem;

/// Entries in a part where nobody says how many, and at most.
const ENTRIES: u32 = 100;
const MOST_ENTRIES: u32 = 500;

/// Which part is asked for.
#[derive(Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) limit: u32,
    /// Entries before this number.
    pub(crate) before: Option<i64>,
    pub(crate) subject: Option<String>,
}

/// Read the audit log
///
/// Entries come the newest first; `Link: rel="next"` names the next part.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "audit",
    operation_id = "audit",
    params(
        ("limit" = Option<u32>, Query, description = "Entries in this part; 100 without it", minimum = 1, maximum = 500),
        ("cursor" = Option<i64>, Query, description = "From a Link header: entries before this number", minimum = 1),
        ("subject" = Option<String>, Query, description = "Entries about this alone: a tenant's key, an incident's number"),
    ),
    responses((status = 200, description = "Entries, the newest first", body = Vec<openapi::AuditEntry>))
)]
pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    let part = Part::parse(request.raw_query_string.as_deref())?;
    let entries = part.read(deps).await?;
    let rows: Vec<Value> = entries.iter().map(wire).collect();
    let mut answer = private_json(Value::Array(rows).to_string(), &request.headers);
    if let Some(address) = part.next(&entries)
        && let Ok(link) = HeaderValue::from_str(&format!("</api/v1/audit?{address}>; rel=\"next\""))
    {
        answer.headers.insert(LINK, link);
    }
    Ok(answer)
}

fn wire(entry: &AuditEntry) -> Value {
    json!({
        "number": entry.number, "at": entry.at, "who": entry.who, "action": entry.action, "subject": entry.subject,
        "detail": entry.detail,
    })
}

impl Part {
    pub(crate) fn parse(raw_query: Option<&str>) -> Result<Self, Problem> {
        let query = Query::parse(raw_query, &["limit", "cursor", "subject"])?;
        let limit = match query.get("limit") {
            None => ENTRIES,
            Some(text) => {
                let limit = text.parse().ok().filter(|limit| (1..=MOST_ENTRIES).contains(limit));
                limit.ok_or_else(|| bad("limit", &format!("has to be a whole number from 1 to {MOST_ENTRIES}")))?
            }
        };
        let before = query.get("cursor").map(|text| {
            let number = text.parse().ok().filter(|number| *number > 0);
            number.ok_or_else(|| bad("cursor", "is not one from a Link header of this API; start again without it"))
        });
        let subject = query.get("subject").filter(|subject| !subject.is_empty()).map(str::to_owned);
        Ok(Self { limit, before: before.transpose()?, subject })
    }

    pub(crate) async fn read(&self, deps: &Deps) -> Result<Vec<AuditEntry>, Problem> {
        deps.store.audit_log(self.before, self.subject.as_deref(), self.limit).await.map_err(store_problem)
    }

    /// The query of the part after these entries; `None` after the last one.
    pub(crate) fn next(&self, entries: &[AuditEntry]) -> Option<String> {
        let last = entries.last().filter(|_| entries.len() == self.limit as usize)?;
        let subject = self.subject.as_ref().map(|subject| format!("&subject={}", crate::pages::escaped(subject)));
        Some(format!("limit={}&cursor={}{}", self.limit, last.number, subject.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use leitwarte_web::problem::ProblemKind;

    use super::*;

    #[test]
    fn a_part_is_a_hundred_entries_unless_somebody_says_otherwise() {
        assert_eq!(Part::parse(None).unwrap(), Part { limit: 100, before: None, subject: None });
        let part = Part::parse(Some("limit=2&cursor=17&subject=contoso")).unwrap();
        assert_eq!(part, Part { limit: 2, before: Some(17), subject: Some("contoso".to_owned()) });
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for query in ["limit=0", "limit=501", "limit=x", "cursor=0", "cursor=-1", "cursor=x"] {
            assert_eq!(Part::parse(Some(query)).unwrap_err().kind(), ProblemKind::BadParameter, "{query}");
        }
    }

    #[test]
    fn a_part_that_is_not_full_is_the_last() {
        let entry = |number| AuditEntry {
            number,
            at: leitwarte_core::DateTime::UNIX_EPOCH,
            person: None,
            who: String::new(),
            action: String::new(),
            subject: String::new(),
            detail: Value::Null,
        };
        let part = Part { limit: 2, before: None, subject: Some("a&b".to_owned()) };
        assert_eq!(part.next(&[entry(9), entry(8)]).as_deref(), Some("limit=2&cursor=8&subject=a%26b"));
        assert_eq!(part.next(&[entry(9)]), None);
    }
}
