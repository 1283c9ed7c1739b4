//! SharePoint lists: columns and rows, alone or in a `$batch`.
//!
//! Source: Microsoft Learn, "Enumerate items in a list", "Create a new item in a list", "Update an item in a list".

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::answer;
use crate::entra::grant::Grant;
use crate::fault::{FaultKind, Operation};
use crate::graph::error::GraphError;
use crate::graph::{access, with_request_ids};
use crate::seen::Seen;
use crate::site::{Change, ListError, object};
use crate::world::{Tenant, World};

const READ: [&str; 4] = ["Sites.Selected", "Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All"];
const WRITE: [&str; 3] = ["Sites.Selected", "Sites.ReadWrite.All", "Sites.Manage.All"];

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/v1.0/sites/{site}/lists/{list}/{*rest}", any(direct))
}

/// One request for a list, however it came.
#[derive(Debug)]
pub(crate) struct ListRequest<'a> {
    pub(crate) method: &'a str,
    /// Below `/v1.0`, with its query.
    pub(crate) path: &'a str,
    pub(crate) if_match: Option<&'a str>,
    pub(crate) body: Value,
}

/// What it is about, by its path: site, list, and what stands behind.
struct Target<'a> {
    site: &'a str,
    list: Uuid,
    rest: Vec<&'a str>,
    query: &'a str,
}

impl<'a> Target<'a> {
    fn read(path: &'a str) -> Option<Self> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut parts = path.trim_start_matches('/').split('/');
        let ("sites", Some(site), Some("lists"), list) = (parts.next()?, parts.next(), parts.next(), parts.next()?)
        else {
            return None;
        };
        Some(Self { site, list: Uuid::parse_str(list).ok()?, rest: parts.collect(), query })
    }
}

pub(crate) fn operation(method: &str, path: &str) -> Operation {
    match (method, path.contains("/columns")) {
        ("GET", true) => Operation::Columns,
        ("GET", false) => Operation::Items,
        _ => Operation::ItemWrite,
    }
}

async fn direct(
    State(world): State<Arc<World>>,
    seen: Seen,
    method: Method,
    Path((site, list, rest)): Path<(String, String, String)>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let caller = access::authenticate(&world, &seen, &headers);
    let tenant = caller.as_ref().ok().map(|(tenant, _)| tenant.as_ref());
    let path = format!("/sites/{site}/lists/{list}/{rest}?{}", query.unwrap_or_default());
    answer(&world, &seen, operation(method.as_str(), &path), tenant, async {
        let request = ListRequest {
            method: method.as_str(),
            path: &path,
            if_match: headers.get("if-match").and_then(|etag| etag.to_str().ok()),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        };
        let done = caller.as_ref().map_err(Clone::clone).and_then(|(tenant, grant)| {
            access::throttle(&world, tenant)?;
            serve(&world, &seen, tenant, grant, &request)
        });
        match done {
            Ok((status, body)) => with_request_ids(
                (status, [("content-type", "application/json")], body.to_string()).into_response(),
                &seen,
            ),
            Err(error) => error.into_response(&seen),
        }
    })
    .await
}

/// Does what a request asks for.
pub(crate) fn serve(
    world: &World,
    seen: &Seen,
    tenant: &Tenant,
    grant: &Grant,
    request: &ListRequest<'_>,
) -> Result<(StatusCode, Value), GraphError> {
    let not_found = || GraphError::new(StatusCode::NOT_FOUND, "itemNotFound", "The requested resource was not found.");
    let target = Target::read(request.path).ok_or_else(not_found)?;
    let site = world.sites.iter().find(|site| site.config.id == target.site && site.config.tenant_id == tenant.id);
    let site = site.ok_or_else(not_found)?;
    access::authorize(grant, if request.method == "GET" { &READ } else { &WRITE })
        .map_err(|_| GraphError::new(StatusCode::FORBIDDEN, "accessDenied", "Access denied"))?;
    let number = |id: &str| id.parse().map_err(|_| not_found());
    let change = |change| site.change(target.list, &change).map_err(refused);
    match (request.method, target.rest.as_slice()) {
        ("GET", ["columns"]) => {
            let columns = site.with(target.list, |list| Ok(list.columns())).map_err(refused)?;
            Ok((StatusCode::OK, json!({ "value": columns })))
        }
        ("GET", ["items"]) => {
            let query = Query::parse(target.query)?;
            let most = query.top.min(site.config.page_size);
            let read = site.with(target.list, |list| list.page(query.after, most, query.columns.as_deref()));
            let (mut items, next) = read.map_err(refused)?;
            if !query.with_fields {
                items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| drop(item.remove("fields")));
            }
            let mut page = json!({ "value": items });
            if let Some(next) = next {
                let path = request.path.split('?').next().unwrap_or_default();
                let query = Query::again(target.query, next);
                page["@odata.nextLink"] = json!(format!("{}/v1.0{path}?{query}", seen.base));
            }
            Ok((StatusCode::OK, page))
        }
        ("POST", ["items"]) => {
            let fields = object(request.body["fields"].clone());
            Ok((StatusCode::CREATED, change(Change::Add(fields))?))
        }
        ("PATCH", ["items", id, "fields"]) => {
            let version = request.if_match.map(ToOwned::to_owned);
            Ok((StatusCode::OK, change(Change::Set(number(id)?, version, object(request.body.clone())))?))
        }
        ("DELETE", ["items", id]) => Ok((StatusCode::NO_CONTENT, change(Change::Delete(number(id)?))?)),
        _ => Err(not_found()),
    }
}

fn refused(error: ListError) -> GraphError {
    let bad = |text: String| GraphError::new(StatusCode::BAD_REQUEST, "invalidRequest", text);
    match error {
        ListError::NoList | ListError::NoItem => {
            GraphError::new(StatusCode::NOT_FOUND, "itemNotFound", "The specified item was not found.")
        }
        ListError::NoColumn(column) => bad(format!("Field '{column}' is not recognized")),
        ListError::WrongType(column) => bad(format!("The value given for field '{column}' has the wrong type")),
        ListError::OtherVersion => {
            let text = "ETag does not match current item's value";
            GraphError::new(StatusCode::PRECONDITION_FAILED, "notAllowed", text)
        }
    }
}

/// What a request for rows asks for.
#[derive(Debug, PartialEq, Eq)]
struct Query {
    with_fields: bool,
    columns: Option<Vec<String>>,
    top: usize,
    after: u64,
}

impl Query {
    fn parse(raw: &str) -> Result<Self, GraphError> {
        let mut query = Self { with_fields: false, columns: None, top: 200, after: 0 };
        let bad = |text: String| GraphError::new(StatusCode::BAD_REQUEST, "invalidRequest", text);
        for (name, value) in url::form_urlencoded::parse(raw.as_bytes()) {
            match (name.trim_start_matches('$'), value.as_ref()) {
                ("expand", "fields") => query.with_fields = true,
                ("expand", expand) => {
                    let columns = expand.strip_prefix("fields($select=").and_then(|rest| rest.strip_suffix(')'));
                    let columns = columns.ok_or_else(|| bad(format!("Invalid expand clause: {expand}")))?;
                    (query.with_fields, query.columns) =
                        (true, Some(columns.split(',').map(|column| column.trim().to_owned()).collect()));
                }
                ("top", top) => query.top = top.parse().map_err(|_| bad(format!("Invalid value '{top}' for $top")))?,
                ("skiptoken", token) => {
                    let after = token.strip_prefix("Paged=TRUE&p_ID=").and_then(|id| id.parse().ok());
                    query.after = after.ok_or_else(|| bad("The skiptoken is not valid".to_owned()))?;
                }
                ("filter", _) => {
                    let text = "Field cannot be referenced in filter or orderby as it is not indexed. Provide the 'Prefer: \
                                HonorNonIndexedQueriesWarningMayFailRandomly' header to allow this, but be warned that such \
                                queries may fail on large lists.";
                    return Err(bad(text.to_owned()));
                }
                (other, _) => return Err(bad(format!("The query option '{other}' is not supported"))),
            }
        }
        Ok(query)
    }

    /// The same query for the next page.
    fn again(raw: &str, after: u64) -> String {
        let mut again = url::form_urlencoded::Serializer::new(String::new());
        let kept = url::form_urlencoded::parse(raw.as_bytes()).filter(|(name, _)| name != "$skiptoken");
        again.extend_pairs(kept).append_pair("$skiptoken", &format!("Paged=TRUE&p_ID={after}"));
        again.finish()
    }
}

/// How a request in a batch shall fail, if it was ordered to: status and `Retry-After`.
pub(crate) fn ordered_fault(world: &World, tenant: &Tenant, operation: Operation) -> Option<(u16, Option<String>)> {
    Some(match world.faults.take(Some(tenant.id), operation)? {
        FaultKind::Status { status, retry_after } => (status, retry_after.map(|after| after.header())),
        FaultKind::Unauthorized => (401, None),
        _ => (500, None),
    })
}
