//! One poll of one tenant. It always ends, in time, with a result.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_core::profile::TenantProfile;
use leitwarte_store::{Claim, PollResult};
use tokio::time::Instant;

use crate::{Deps, Reading, StockSource};

/// A source ends by its deadline with better words than this poll has; this much later, it has failed to.
const GRACE: Duration = Duration::from_secs(1);

pub(crate) async fn poll<Source: StockSource>(
    deps: &Deps<Source>,
    claim: Claim,
    profile: &Result<TenantProfile, PollFailure>,
    deadline: Instant,
) -> PollResult {
    let started_at = (deps.clock)();
    let reading = match profile {
        Ok(profile) => read(&deps.source, profile, deadline).await,
        Err(failure) => Reading::failed(failure.clone()),
    };
    PollResult {
        claim,
        started_at,
        finished_at: (deps.clock)(),
        stock: reading.stock,
        requests: reading.requests,
        retries: reading.retries,
        certificate_ends_at: reading.certificate_ends_at,
    }
}

async fn read(source: &impl StockSource, profile: &TenantProfile, deadline: Instant) -> Reading {
    let reading = AssertUnwindSafe(source.read(profile, deadline)).catch_unwind();
    let failure = match tokio::time::timeout_at(deadline + GRACE, reading).await {
        Ok(Ok(reading)) => return reading,
        Ok(Err(_panic)) => PollFailure {
            kind: FailureKind::Internal,
            message: "A fault in this program ended the poll.".to_owned(),
            fix: "Look at the log of poll-tenant and report the fault.".to_owned(),
        },
        Err(_) => PollFailure {
            kind: FailureKind::Timeout,
            message: "The time for this poll was over.".to_owned(),
            fix: "If it happens again, check this machine's internet connection and load.".to_owned(),
        },
    };
    Reading::failed(failure)
}
