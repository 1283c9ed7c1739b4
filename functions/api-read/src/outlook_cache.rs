//! How long the products of every tenant last, worked out once a minute at most: trends of weeks do not change faster, and
//! a thousand tenants take a while.

use std::collections::HashMap;
use std::sync::Arc;

use leitwarte_core::forecast::{Forecast, Outlook};
use leitwarte_core::{DateTime, TimeDelta, Utc, Uuid};
use leitwarte_store::TenantOutlook;
use leitwarte_web::problem::{Problem, ProblemKind};
use tokio::sync::Mutex;

use crate::Deps;
use crate::store_problem::store_problem;

/// How long what was worked out is used.
const GOOD_FOR: TimeDelta = TimeDelta::seconds(60);

/// What runs out next in each tenant, by the tenant's key.
pub(crate) type NextOut = HashMap<String, Next>;

/// What runs out next in one tenant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Next {
    /// The product.
    pub(crate) sku_id: Uuid,
    /// Microsoft's short name.
    pub(crate) part_number: String,
    /// When.
    pub(crate) forecast: Forecast,
}

/// What was worked out last, and when.
#[derive(Debug, Default)]
pub(crate) struct OutlookCache(Mutex<Option<(DateTime<Utc>, Arc<NextOut>)>>);

impl OutlookCache {
    /// What runs out next. While one caller works it out, others wait for that one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub(crate) async fn current(&self, deps: &Deps) -> Result<Arc<NextOut>, Problem> {
        let now = (deps.clock)();
        let mut kept = self.0.lock().await;
        if let Some((_, next)) = kept.as_ref().filter(|(made_at, _)| (now - *made_at).abs() < GOOD_FOR) {
            return Ok(Arc::clone(next));
        }
        let material = deps.store.outlook_material(now).await.map_err(store_problem)?;
        let polls = deps.polls;
        let worked_out = tokio::task::spawn_blocking(move || next_out(material.outlooks(&polls, now)));
        let next = Arc::new(worked_out.await.map_err(|error| {
            tracing::error!(%error, "cannot look ahead");
            Problem::new(ProblemKind::Internal, "The page could not be written; the log of api-read says why.")
        })?);
        *kept = Some((now, Arc::clone(&next)));
        Ok(next)
    }
}

/// Of each tenant the first product that will run out. What has run out already is no news.
fn next_out(outlooks: Vec<TenantOutlook>) -> NextOut {
    let next = |outlook: TenantOutlook| {
        let product = outlook.products.into_iter().find_map(|product| match product.outlook {
            Outlook::RunsOut(forecast) => {
                Some(Next { sku_id: product.stock.sku_id, part_number: product.stock.part_number, forecast })
            }
            Outlook::Exhausted | Outlook::Silent { .. } => None,
        })?;
        Some((outlook.tenant.key, product))
    };
    outlooks.into_iter().filter_map(next).collect()
}
