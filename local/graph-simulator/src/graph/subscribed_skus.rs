//! `GET /v1.0/subscribedSkus`: a tenant's licences, with `$select` and paging.
//!
//! Source: Microsoft Learn, "List subscribedSkus": `$select` is the one query option it supports.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::answer::answer;
use crate::config::READ_LICENCES;
use crate::fault::Operation;
use crate::graph::error::GraphError;
use crate::graph::wire::{PROPERTIES, subscribed_sku};
use crate::graph::{JSON, access, with_request_ids};
use crate::seen::Seen;
use crate::world::{Tenant, World};

const PATH: &str = "/v1.0/subscribedSkus";

/// Any of these permissions lets an app read it.
const PERMISSIONS: [&str; 4] =
    [READ_LICENCES, "Organization.Read.All", "Directory.Read.All", "LicenseAssignment.ReadWrite.All"];

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route(PATH, get(list))
}

async fn list(State(world): State<Arc<World>>, seen: Seen, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let caller = access::authenticate(&world, &seen, &headers);
    let tenant = caller.as_ref().ok().map(|(tenant, _)| tenant.as_ref());
    answer(&world, &seen, Operation::Skus, tenant, async {
        let page = caller.as_ref().map_err(Clone::clone).and_then(|(tenant, grant)| {
            access::authorize(grant, &PERMISSIONS)?;
            access::throttle(&world, tenant)?;
            page(&world, &seen, tenant, &Query::parse(query.as_deref().unwrap_or_default())?)
        });
        match page {
            Ok(page) => with_request_ids(([(CONTENT_TYPE, JSON)], page.to_string()).into_response(), &seen),
            Err(error) => error.into_response(&seen),
        }
    })
    .await
}

fn page(world: &World, seen: &Seen, tenant: &Tenant, query: &Query) -> Result<Value, GraphError> {
    let stock = tenant.stock_at(seen.now);
    let page_size = world.settings().page_size.unwrap_or(usize::MAX);
    if query.skip > 0 && query.skip >= stock.len() {
        return Err(expired_page());
    }
    let selected = query.selected.as_ref();
    let rows: Vec<Value> = stock
        .iter()
        .skip(query.skip)
        .take(page_size)
        .map(|stock| {
            let mut row = subscribed_sku(tenant, stock);
            if let Some(selected) = selected {
                row.retain(|name, _| selected.contains(&name.as_str()));
            }
            Value::Object(row)
        })
        .collect();
    let next = query.skip + rows.len();
    let columns = selected.map(|names| format!("({})", names.join(","))).unwrap_or_default();
    let mut page = json!({
        "@odata.context": format!("{}/v1.0/$metadata#subscribedSkus{columns}", seen.base),
        "value": rows,
    });
    if next < stock.len() {
        let select = selected.map(|names| format!("$select={}&", names.join(","))).unwrap_or_default();
        let token = PageToken(next).encode();
        page["@odata.nextLink"] = json!(format!("{}{PATH}?{select}$skiptoken={token}", seen.base));
    }
    Ok(page)
}

fn expired_page() -> GraphError {
    let text = "The specified page token value has expired and can no longer be included in your request.";
    GraphError::new(StatusCode::BAD_REQUEST, "Directory_ExpiredPageToken", text)
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
struct Query {
    /// Properties wanted, in the order asked for; `None`: all.
    selected: Option<Vec<&'static str>>,
    /// Products on the pages before.
    skip: usize,
}

impl Query {
    fn parse(raw: &str) -> Result<Self, GraphError> {
        let mut query = Self { selected: None, skip: 0 };
        for (name, value) in url::form_urlencoded::parse(raw.as_bytes()) {
            match name.as_ref() {
                "$select" => query.selected = Some(value.split(',').map(property).collect::<Result<_, _>>()?),
                "$skiptoken" => query.skip = PageToken::decode(&value).ok_or_else(expired_page)?.0,
                option if option.starts_with('$') => {
                    let text = format!("The query option '{option}' is not supported on subscribedSkus.");
                    return Err(GraphError::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", text));
                }
                other => {
                    return Err(GraphError::bad_request(format!("Unrecognized query argument specified: '{other}'.")));
                }
            }
        }
        Ok(query)
    }
}

fn property(name: &str) -> Result<&'static str, GraphError> {
    let name = name.trim();
    PROPERTIES.into_iter().find(|known| *known == name).ok_or_else(|| {
        let text = format!(
            "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
             'microsoft.graph.subscribedSku'."
        );
        GraphError::new(StatusCode::BAD_REQUEST, "BadRequest", text)
    })
}

/// Where a page starts; clients must not read it.
#[derive(Debug, PartialEq, Eq)]
struct PageToken(usize);

impl PageToken {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("page:{}", self.0))
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let start = std::str::from_utf8(&bytes).ok()?.strip_prefix("page:")?.parse().ok()?;
        Some(Self(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn select_names_properties_in_graphs_spelling() {
        let query = Query::parse("$select=skuId,%20consumedUnits").expect("both exist");
        assert_eq!(query, Query { selected: Some(vec!["skuId", "consumedUnits"]), skip: 0 });
        assert!(Query::parse("$select=skuid").is_err());
    }

    #[test]
    fn a_page_token_leads_back_to_its_page_and_a_made_up_one_nowhere() {
        let token = PageToken(40).encode();
        assert_eq!(Query::parse(&format!("$skiptoken={token}")).expect("ours").skip, 40);
        assert!(Query::parse("$skiptoken=40").is_err());
    }
}
