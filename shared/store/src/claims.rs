//! Who may poll which tenant: leases with fencing numbers.
//!
//! A claim raises the tenant's `fence` and sets a lease. While it lasts nobody else begins a poll; when it has run
//! out (its holder died, or had no time left) somebody else may, under a higher fence, and the former holder's result
//! is dropped. Recording a result ends the lease; so one that ran out is a poll without a result, which is made up for
//! at the next tick.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::poll::PollPolicy;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::records::{Claim, ClaimOne};
use crate::rows::{failure, flag, from_millis, get, optional_time};
use crate::subscriptions::reading;
use crate::{Store, StoreError};

/// No lease is longer: Lambda's longest time-out. One that seems to be was given before the clock was set
/// back, and binds nobody.
pub(crate) const LONGEST_LEASE: TimeDelta = TimeDelta::minutes(15);

/// What decides whether a tenant can be claimed.
struct Candidate {
    claim: Claim,
    enabled: bool,
    poll_wanted: bool,
    last_attempt_at: Option<DateTime<Utc>>,
    lease_until: Option<DateTime<Utc>>,
}

impl Candidate {
    fn leased_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.lease_until.filter(|until| *until > now && *until - now <= LONGEST_LEASE)
    }

    fn is_due(&self, policy: &PollPolicy, now: DateTime<Utc>) -> bool {
        self.enabled
            && self.leased_until(now).is_none()
            && (self.poll_wanted || self.lease_until.is_some() || policy.is_due(self.last_attempt_at, now))
    }
}

impl Store {
    /// Claims every tenant of `keys` that is due, enabled and not under another's lease, all in one transaction.
    /// `lease` is how long the claims hold, at most 15 minutes.
    ///
    /// # Errors
    /// Those of writing; nothing is claimed then.
    pub async fn claim_due(
        &self,
        keys: &[String],
        policy: &PollPolicy,
        now: DateTime<Utc>,
        lease: TimeDelta,
    ) -> Result<Vec<Claim>, StoreError> {
        const OPERATION: &str = "claiming the due tenants";
        let error = StoreError::during(OPERATION);
        let keys: HashSet<&str> = keys.iter().map(String::as_str).collect();
        let mut writing = self.writing(OPERATION).await?;
        let candidates = candidates(writing.connection(), None).await.map_err(&error)?;
        let mut claims = Vec::new();
        for candidate in candidates {
            if keys.contains(candidate.claim.key.as_str()) && candidate.is_due(policy, now) {
                claims.extend(take(writing.connection(), candidate.claim, now, lease).await.map_err(&error)?);
            }
        }
        writing.commit().await?;
        Ok(claims)
    }

    /// Claims one tenant, due or not.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn claim_one(&self, key: &str, now: DateTime<Utc>, lease: TimeDelta) -> Result<ClaimOne, StoreError> {
        const OPERATION: &str = "claiming a tenant";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let Some(candidate) = candidates(writing.connection(), Some(key)).await.map_err(&error)?.pop() else {
            return Ok(ClaimOne::Unknown);
        };
        if !candidate.enabled {
            return Ok(ClaimOne::Disabled);
        }
        if let Some(until) = candidate.leased_until(now) {
            return Ok(ClaimOne::Busy { until });
        }
        let taken = take(writing.connection(), candidate.claim, now, lease).await.map_err(&error)?;
        writing.commit().await?;
        Ok(taken.map_or(ClaimOne::Busy { until: now + lease }, ClaimOne::Claimed))
    }
}

/// The configured tenants, ordered by key: two claimers that lock rows one by one cannot block each other.
async fn candidates(connection: &mut AnyConnection, key: Option<&str>) -> Result<Vec<Candidate>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT tenant_key, fence, lease_until, last_attempt_at, poll_wanted, consecutive_failures, failure_kind, \
         failure_message, failure_fix, subscriptions_asked_at, subscriptions_read_at, subscriptions_failure_kind, \
         subscriptions_failure_message, subscriptions_failure_fix, enabled * profile_enabled AS enabled FROM tenants \
         WHERE removed_at IS NULL AND ($1 IS NULL OR tenant_key = $1) ORDER BY tenant_key",
    )
    .bind(key)
    .fetch_all(connection)
    .await?;
    rows.iter().map(candidate).collect()
}

fn candidate(row: &AnyRow) -> Result<Candidate, sqlx::Error> {
    Ok(Candidate {
        claim: Claim {
            key: get(row, "tenant_key")?,
            fence: get(row, "fence")?,
            consecutive_failures: get(row, "consecutive_failures")?,
            previous_failure: failure(row)?,
            subscriptions: reading(row)?,
        },
        enabled: flag(row, "enabled")?,
        poll_wanted: flag(row, "poll_wanted")?,
        last_attempt_at: optional_time(row, "last_attempt_at")?,
        lease_until: get::<Option<i64>>(row, "lease_until")?.and_then(from_millis),
    })
}

/// Takes the lease under the next fence, unless somebody else did since the row was read: on a database that lets
/// several write at once, the condition on the fence decides. The wish for a poll is fulfilled with the claim and not
/// with the result, so that a profile that changes during the poll is polled again; should there be no result, the
/// lease that ran out stands for the wish.
async fn take(
    connection: &mut AnyConnection,
    claim: Claim,
    now: DateTime<Utc>,
    lease: TimeDelta,
) -> Result<Option<Claim>, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE tenants SET fence = fence + 1, lease_until = $3, poll_wanted = 0 WHERE tenant_key = $1 AND fence = $2",
    )
    .bind(&claim.key)
    .bind(claim.fence)
    .bind((now + lease.min(LONGEST_LEASE)).timestamp_millis())
    .execute(connection)
    .await?;
    Ok((done.rows_affected() == 1).then(|| Claim { fence: claim.fence + 1, ..claim }))
}
