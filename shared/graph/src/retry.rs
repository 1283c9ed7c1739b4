//! When a failed call is tried again.
//!
//! Source: Microsoft Learn, "Microsoft Graph throttling guidance" and "Best practices to avoid getting throttled".

use std::time::{Duration, SystemTime};

use leitwarte_core::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName, RETRY_AFTER};

use crate::budget::Budget;
use crate::error::{BadAnswer, GraphError, Peer};
use crate::pause::{Lane, Pauses};

const RATELIMIT_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// How patiently passing failures are met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Pause before the first retry when the answer names none; doubles each time.
    pub first_delay: Duration,
    /// The longest pause this program chooses itself. A pause the server asks for is kept whatever its length.
    pub max_delay: Duration,
    /// Attempts of one call, the first included.
    pub max_attempts: u32,
    /// Attempts when the answers arrive damaged, the first included: a proxy that mangles answers does not get
    /// better by asking ten times.
    pub max_attempts_when_broken: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            first_delay: Duration::from_secs(3),
            max_delay: Duration::from_mins(3),
            max_attempts: 10,
            max_attempts_when_broken: 3,
        }
    }
}

impl RetryPolicy {
    /// The pause before retry number `retry` (from 0); `jitter` in 0..1 spreads it over ±20 %, so that many
    /// tenants that failed together do not return together.
    fn delay(&self, retry: u32, jitter: f64) -> Duration {
        let doubled = self.first_delay.saturating_mul(2_u32.saturating_pow(retry)).min(self.max_delay);
        doubled.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0)).min(self.max_delay)
    }
}

/// The outcome of one attempt that brought nothing.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Trying again is useless.
    Final(GraphError),
    /// It may work later.
    Passing(Passing),
}

/// A failure that may go away by itself.
#[derive(Debug, Clone)]
pub(crate) struct Passing {
    pub(crate) nature: Nature,
    /// The pause the server asked for.
    pub(crate) asked: Option<Duration>,
}

#[derive(Debug, Clone)]
pub(crate) enum Nature {
    /// 429.
    Throttled,
    /// No answer or a server error: what exactly. A pause asked for with it is no throttling: nobody called too
    /// often.
    Unavailable(String),
    /// The answer arrived damaged.
    Broken,
}

impl From<GraphError> for Fault {
    fn from(error: GraphError) -> Self {
        Self::Final(error)
    }
}

impl Fault {
    /// The same for a call that must not be sent twice: what is not a plain refusal is final.
    pub(crate) fn unless_refused(self, peer: &Peer) -> Self {
        match self {
            Self::Passing(passing) if !matches!(passing.nature, Nature::Throttled) => {
                Self::Final(passing.into_error(peer, 1, Duration::ZERO))
            }
            fault => fault,
        }
    }
}

impl Passing {
    fn into_error(self, peer: &Peer, attempts: u32, wait: Duration) -> GraphError {
        let peer = peer.clone();
        match self.nature {
            Nature::Throttled => GraphError::Throttled { peer, wait },
            Nature::Unavailable(mut problem) => {
                if let Some(asked) = self.asked {
                    problem = format!("{problem}, asks for a pause of {} s", asked.as_secs_f64().ceil());
                }
                GraphError::Unavailable { peer, problem, attempts }
            }
            Nature::Broken => GraphError::BadAnswer { peer, problem: BadAnswer::Broken },
        }
    }
}

/// Runs `attempt` until it works, fails for good, has been tried often enough, or the time is over. A pause that
/// would end beyond the deadline is not begun: the failure comes at once.
pub(crate) async fn persevere<T, Attempt, Outcome>(
    policy: &RetryPolicy,
    pauses: &Pauses,
    lane: &Lane,
    budget: &Budget,
    mut attempt: Attempt,
) -> Result<T, GraphError>
where
    Attempt: FnMut() -> Outcome,
    Outcome: Future<Output = Result<T, Fault>>,
{
    let mut attempts = 0;
    loop {
        if let Err((passing, left)) = pauses.wait(lane, budget).await {
            return Err(passing.into_error(&lane.peer, attempts, left));
        }
        let passing = match attempt().await {
            Ok(value) => return Ok(value),
            Err(Fault::Final(error)) => return Err(error),
            Err(Fault::Passing(passing)) => passing,
        };
        attempts += 1;
        let limit = match passing.nature {
            Nature::Broken => policy.max_attempts_when_broken,
            Nature::Throttled | Nature::Unavailable(_) => policy.max_attempts,
        };
        let delay = passing.asked.unwrap_or_else(|| policy.delay(attempts - 1, rand::random()));
        if passing.asked.is_some() || matches!(passing.nature, Nature::Throttled) {
            pauses.begin(lane, passing.nature.clone(), delay);
        }
        if delay >= budget.left() || attempts >= limit {
            return Err(passing.into_error(&lane.peer, attempts, delay));
        }
        tracing::debug!(peer = %lane.peer, attempts, delay_ms = delay.as_millis(), cause = ?passing.nature, "retrying");
        budget.count_retry();
        tokio::time::sleep(delay).await;
    }
}

/// The pause an answer asks for: `Retry-After` in seconds or as a date, or SharePoint's `RateLimit-Reset` if it is
/// longer. A pause of nothing is no answer: then this program chooses.
pub(crate) fn asked_pause(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let seconds = |text: &str| text.parse().ok().map(Duration::from_secs);
    let date = |text: &str| httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::from(now)).ok();
    let retry_after = text(RETRY_AFTER).and_then(|text| seconds(text).or_else(|| date(text)));
    let reset = text(RATELIMIT_RESET).and_then(seconds);
    retry_after.max(reset).filter(|pause| !pause.is_zero())
}

#[cfg(test)]
mod tests;
