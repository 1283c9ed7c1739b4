//! What tenants have bought, asked after their stock is stored: whatever comes of it, their polls are done.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_core::profile::TenantProfile;
use leitwarte_core::subscription::{GRANT_PERMISSION, Known, PERMISSION, UNKNOWN_WITHOUT_PERMISSION};
use leitwarte_store::{Claim, SubscriptionsRead};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::{Deps, StockSource};

/// Time for all tenants of one invocation together. Who is not asked in it is asked after its next poll.
const LONGEST: Duration = Duration::from_secs(20);

/// A source ends by its deadline with better words than are found here; this much later, it has failed to.
const GRACE: Duration = Duration::from_secs(1);

/// A tenant that was polled with success and is to be asked.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) claim: Claim,
    pub(crate) profile: TenantProfile,
}

/// Asks them side by side, until `latest` at most, and records what they told.
pub(crate) async fn ask<Source: StockSource>(deps: &Arc<Deps<Source>>, due: Vec<Due>, latest: Instant) {
    if due.is_empty() {
        return;
    }
    let end = latest.min(Instant::now() + LONGEST);
    let mut asking = JoinSet::new();
    for due in due {
        let Some(place) = deps.places.take(end).await else { break };
        let deps = Arc::clone(deps);
        let ask = async move { place.hold_for(one(&deps, due, end)).await };
        asking.spawn(ask.in_current_span());
    }
    let reads: Vec<SubscriptionsRead> = asking.join_all().await;
    let refused = reads.iter().filter(|read| is_refused(read)).count();
    let failed = reads.iter().filter(|read| read.found.is_err()).count() - refused;
    tracing::debug!(tenants = reads.len(), failed, not_permitted = refused, "asked for subscriptions");
    // The stock is stored; that the ends of subscriptions are not is no reason to call the poll failed.
    if let Err(error) = deps.store.record_subscriptions(&reads).await {
        tracing::warn!(%error, "what tenants have bought could not be stored; they are asked again after their next poll");
    }
}

fn is_refused(read: &SubscriptionsRead) -> bool {
    read.found.as_ref().is_err_and(|failure| failure.kind == FailureKind::Permission)
}

async fn one<Source: StockSource>(deps: &Deps<Source>, due: Due, deadline: Instant) -> SubscriptionsRead {
    let asked_at = (deps.clock)();
    let asking = AssertUnwindSafe(deps.source.subscriptions(&due.profile, deadline)).catch_unwind();
    let found = match tokio::time::timeout_at(deadline + GRACE, asking).await {
        Ok(Ok(found)) => found,
        Ok(Err(_panic)) => Err(PollFailure {
            kind: FailureKind::Internal,
            message: "A fault in this program ended the reading of subscriptions.".to_owned(),
            fix: "Look at the log of poll-tenant and report the fault.".to_owned(),
        }),
        Err(_) => Err(PollFailure {
            kind: FailureKind::Timeout,
            message: "The time for reading subscriptions was over.".to_owned(),
            fix: "If it happens again, check this machine's internet connection and load.".to_owned(),
        }),
    };
    if let Err(failure) = &found {
        tell_news(&due.claim, failure);
    }
    SubscriptionsRead { key: due.claim.key, asked_at, found }
}

/// A line when something is new. That the permission is missing is the customer's choice, unless it was there before.
fn tell_news(claim: &Claim, failure: &PollFailure) {
    let before = claim.subscriptions.failure.as_ref();
    if before.is_some_and(|before| before.is_same_trouble(failure)) {
        return;
    }
    let tenant = claim.key.as_str();
    if failure.kind != FailureKind::Permission {
        let (message, fix) = (failure.message.as_str(), failure.fix.as_str());
        tracing::warn!(tenant, kind = failure.kind.as_str(), message, fix, "subscriptions could not be read");
        return;
    }
    let (permission, unknown, fix) = (PERMISSION, UNKNOWN_WITHOUT_PERMISSION, GRANT_PERMISSION);
    if claim.subscriptions.known() == Known::Known {
        tracing::warn!(tenant, permission, unknown, fix, "a permission that was there is missing now");
    } else {
        tracing::info!(tenant, permission, unknown, fix, "a permission is missing; licences are read without it");
    }
}
