//! `/v1.0/sites/…`: SharePoint sites, lists, columns and rows.
//!
//! Sources: Microsoft Learn, "Get a site resource by path", "Create a new list", "Update columnDefinition", "Enumerate items in a list", "Create a
//! new item in a list", "Update an item in a list", "Delete an item from a list", "columnDefinition resource type".

mod call;
mod columns;
mod filter;
mod items;
mod lists;
mod options;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use bytes::Bytes;
use serde_json::{Map, Value};

use crate::answer::answer;
use crate::entra::grant::Grant;
use crate::fault::Operation;
use crate::graph::error::GraphError;
use crate::graph::{JSON, access, with_request_ids};
use crate::seen::Seen;
use crate::sharepoint::ListAccess;
use crate::sharepoint::list::List;
use crate::sharepoint::site::{Content, Site};
use crate::world::{Tenant, World};
use call::{Call, SiteAddress, Target};
use options::Options;

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/v1.0/sites/{*path}", any(handle))
}

/// What a request says beside its path.
struct Asked<'a> {
    seen: &'a Seen,
    headers: &'a HeaderMap,
    query: &'a str,
    body: &'a [u8],
    /// Most rows on a page, by the settings.
    page_size: Option<usize>,
}

/// A good answer.
struct Reply {
    status: StatusCode,
    body: Option<Value>,
}

impl Reply {
    fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body) }
    }

    fn created(body: Value) -> Self {
        Self { status: StatusCode::CREATED, body: Some(body) }
    }
}

async fn handle(
    State(world): State<Arc<World>>,
    seen: Seen,
    method: Method,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(call) = Call::read(&method, &path) else {
        let text = format!("The simulator does not play {method} for this path below /sites.");
        return GraphError::invalid_request(text).into_response(&seen);
    };
    let caller = access::authenticate(&world, &seen, &headers);
    let tenant = caller.as_ref().ok().map(|(tenant, _)| tenant.as_ref());
    answer(&world, &seen, call.operation, tenant, async {
        let page_size = world.settings().list_page_size;
        let query = query.as_deref().unwrap_or_default();
        let asked = Asked { seen: &seen, headers: &headers, query, body: &body, page_size };
        let done = caller
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|(tenant, grant)| perform(&world, tenant, grant, &call, &asked));
        done.unwrap_or_else(|error| error.into_response(&seen))
    })
    .await
}

fn perform(
    world: &World,
    tenant: &Tenant,
    grant: &Grant,
    call: &Call<'_>,
    asked: &Asked<'_>,
) -> Result<Response, GraphError> {
    let site = find_site(world, tenant, &call.site)?;
    access::authorize_in_site(grant, site, call.needs())?;
    let units_left = access::throttle_sharepoint(world, tenant, call.units())?;
    let mut response = respond(work(site, call, asked)?, asked.seen);
    for (name, value) in units_left.into_iter().flat_map(access::UnitsLeft::headers) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

fn work(site: &Site, call: &Call<'_>, asked: &Asked<'_>) -> Result<Reply, GraphError> {
    let mut content = site.content();
    let write = call.operation.is_write();
    match call.target {
        Target::Site => lists::site(site, asked),
        Target::Lists if write => lists::create(site, &mut content, asked),
        Target::Lists => lists::all(site, &content, asked),
        Target::List(list) => lists::one(site, accessible(&mut content, list, write)?, asked),
        Target::Columns(list) => {
            let list = accessible(&mut content, list, write)?;
            if write { columns::create(list, asked) } else { columns::all(list, asked) }
        }
        Target::Column(list, column) => columns::update(accessible(&mut content, list, write)?, column, asked),
        Target::Items(list) => {
            let list = accessible(&mut content, list, write)?;
            if write { items::create(site, list, asked) } else { items::page(site, list, asked) }
        }
        Target::Item(list, id) => {
            let list = accessible(&mut content, list, write)?;
            match call.operation {
                Operation::DeleteItem => items::delete(list, id, asked),
                Operation::UpdateItem => items::update(site, list, id, asked),
                _ => items::one(site, list, id, asked),
            }
        }
        Target::Fields(list, id) => {
            let list = accessible(&mut content, list, write)?;
            if write { items::update_fields(list, id, asked) } else { items::fields(list, id, asked) }
        }
    }
}

fn respond(reply: Reply, seen: &Seen) -> Response {
    let Some(body) = reply.body else {
        return with_request_ids(reply.status.into_response(), seen);
    };
    let etag = body["@odata.etag"].as_str().and_then(|etag| HeaderValue::from_str(etag).ok());
    let mut response = (reply.status, [(CONTENT_TYPE, JSON)], body.to_string()).into_response();
    if let Some(etag) = etag {
        response.headers_mut().insert(ETAG, etag);
    }
    with_request_ids(response, seen)
}

fn find_site<'a>(world: &'a World, tenant: &Tenant, address: &SiteAddress<'_>) -> Result<&'a Site, GraphError> {
    let own = |site: &&Site| site.config.tenant_id == tenant.id;
    let found = world.sites.iter().filter(own).find(|site| match address {
        SiteAddress::Id(id) => site.id.eq_ignore_ascii_case(id),
        SiteAddress::Path { host, path } => {
            site.config.host.eq_ignore_ascii_case(host) && site.config.path.eq_ignore_ascii_case(path)
        }
    });
    found.ok_or_else(|| GraphError::item_not_found("Requested site could not be found"))
}

/// A list that apps may read, or write.
fn accessible<'a>(content: &'a mut Content, list: &str, write: bool) -> Result<&'a mut List, GraphError> {
    let list = content.list(list).ok_or_else(|| GraphError::item_not_found("The specified list was not found"))?;
    match (list.access, write) {
        (ListAccess::Full, _) | (ListAccess::ReadOnly, false) => Ok(list),
        _ => Err(GraphError::of_sharepoint_status(StatusCode::FORBIDDEN)),
    }
}

impl Asked<'_> {
    fn options(&self) -> Result<Options, GraphError> {
        Options::parse(self.query)
    }

    /// The body, which has to be a JSON object.
    fn object(&self) -> Result<Map<String, Value>, GraphError> {
        let unreadable =
            || GraphError::new(StatusCode::BAD_REQUEST, "BadRequest", "Unable to read JSON request payload.");
        serde_json::from_slice(self.body).map_err(|_| unreadable())
    }

    fn if_match(&self) -> Option<&str> {
        self.headers.get(IF_MATCH).and_then(|etag| etag.to_str().ok())
    }

    /// The address of a resource's description, as `@odata.context` gives it.
    fn context(&self, resource: &str) -> String {
        format!("{}/v1.0/$metadata#{resource}", self.seen.base)
    }
}

/// Keeps the properties that were asked for.
fn selected(mut value: Value, select: Option<&[String]>) -> Value {
    if let (Some(select), Some(object)) = (select, value.as_object_mut()) {
        object.retain(|name, _| {
            let plain = name.split('@').next().unwrap_or_default();
            plain.is_empty() || name == "fields" || name == "columns" || select.iter().any(|wanted| wanted == plain)
        });
    }
    value
}
