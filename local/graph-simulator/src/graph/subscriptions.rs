//! `GET /v1.0/directory/subscriptions`: what a tenant has bought, with `$select` and paging.
//!
//! Source: Microsoft Learn, "List subscriptions" and "companySubscription resource type". Graph takes other query options, too;
//! they are refused here, because nobody asks for them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use chrono::{DateTime, SecondsFormat, Utc};
use leitwarte_core::subscription::Subscription;
use serde_json::{Map, Value, json};

use crate::answer::answer;
use crate::config::READ_ORGANIZATION;
use crate::fault::Operation;
use crate::graph::listing::Listing;
use crate::graph::{JSON, access, with_request_ids};
use crate::seen::Seen;
use crate::world::{Tenant, World};

const LISTING: Listing = Listing {
    path: "/v1.0/directory/subscriptions",
    context: "directory/subscriptions",
    of: "companySubscription",
    properties: &[
        "commerceSubscriptionId",
        "createdDateTime",
        "id",
        "isTrial",
        "nextLifecycleDateTime",
        "ownerId",
        "ownerTenantId",
        "ownerType",
        "serviceStatus",
        "skuId",
        "skuPartNumber",
        "status",
        "totalLicenses",
    ],
};

/// Any of these permissions lets an app read it; the one that reads licences does not.
const PERMISSIONS: [&str; 3] = [READ_ORGANIZATION, "Directory.Read.All", "Organization.ReadWrite.All"];

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route(LISTING.path, get(list))
}

async fn list(State(world): State<Arc<World>>, seen: Seen, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let caller = access::authenticate(&world, &seen, &headers);
    let tenant = caller.as_ref().ok().map(|(tenant, _)| tenant.as_ref());
    answer(&world, &seen, Operation::Subscriptions, tenant, async {
        let page = caller.as_ref().map_err(Clone::clone).and_then(|(tenant, grant)| {
            access::authorize(grant, &PERMISSIONS)?;
            access::throttle(&world, tenant)?;
            let subscriptions = tenant.subscriptions_at(seen.now);
            let rows = subscriptions.iter().map(|subscription| company_subscription(tenant, subscription)).collect();
            LISTING.page(&world, &seen, query.as_deref(), rows)
        });
        match page {
            Ok(page) => with_request_ids(([(CONTENT_TYPE, JSON)], page.to_string()).into_response(), &seen),
            Err(error) => error.into_response(&seen),
        }
    })
    .await
}

/// The resource with all its properties.
fn company_subscription(tenant: &Tenant, subscription: &Subscription) -> Map<String, Value> {
    let time = |at: Option<DateTime<Utc>>| json!(at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)));
    let properties = [
        ("commerceSubscriptionId", json!(uuid::Uuid::from_u128(!subscription.id.as_u128()))),
        ("createdDateTime", time(subscription.created_at)),
        ("id", json!(subscription.id)),
        ("isTrial", json!(subscription.is_trial)),
        ("nextLifecycleDateTime", time(subscription.next_lifecycle_at)),
        ("ownerId", Value::Null),
        ("ownerTenantId", json!(tenant.id)),
        ("ownerType", Value::Null),
        ("serviceStatus", json!([])),
        ("skuId", json!(subscription.sku_id)),
        ("skuPartNumber", json!(subscription.part_number)),
        ("status", json!(subscription.status.as_str())),
        ("totalLicenses", json!(subscription.licences)),
    ];
    properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
