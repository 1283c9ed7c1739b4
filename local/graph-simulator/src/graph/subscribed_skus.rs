//! `GET /v1.0/subscribedSkus`: a tenant's licences, with `$select` and paging.
//!
//! Source: Microsoft Learn, "List subscribedSkus": `$select` is the one query option it supports.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::answer::answer;
use crate::config::READ_LICENCES;
use crate::fault::Operation;
use crate::graph::listing::Listing;
use crate::graph::wire::{PROPERTIES, subscribed_sku};
use crate::graph::{JSON, access, with_request_ids};
use crate::seen::Seen;
use crate::world::World;

const LISTING: Listing =
    Listing { path: "/v1.0/subscribedSkus", context: "subscribedSkus", of: "subscribedSku", properties: &PROPERTIES };

/// Any of these permissions lets an app read it.
const PERMISSIONS: [&str; 4] =
    [READ_LICENCES, "Organization.Read.All", "Directory.Read.All", "LicenseAssignment.ReadWrite.All"];

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route(LISTING.path, get(list))
}

async fn list(State(world): State<Arc<World>>, seen: Seen, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let caller = access::authenticate(&world, &seen, &headers);
    let tenant = caller.as_ref().ok().map(|(tenant, _)| tenant.as_ref());
    answer(&world, &seen, Operation::Skus, tenant, async {
        let page = caller.as_ref().map_err(Clone::clone).and_then(|(tenant, grant)| {
            access::authorize(grant, &PERMISSIONS)?;
            access::throttle(&world, tenant)?;
            let stock = tenant.stock_at(seen.now);
            let rows = stock.iter().map(|stock| subscribed_sku(tenant, stock)).collect();
            LISTING.page(&world, &seen, query.as_deref(), rows)
        });
        match page {
            Ok(page) => with_request_ids(([(CONTENT_TYPE, JSON)], page.to_string()).into_response(), &seen),
            Err(error) => error.into_response(&seen),
        }
    })
    .await
}
