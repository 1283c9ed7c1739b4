//! What was asked and answered: counts and the latest requests. No token, body, address or query string.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::fault::Operation;
use crate::world::locked;

/// Latest requests kept one by one.
const RECENT: usize = 500;

/// Key of requests whose tenant is not known.
const NOBODY: &str = "(unknown)";

/// The request log, as `GET /simulator/requests` shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestReport {
    /// Requests of every tenant by operation.
    pub total: BTreeMap<Operation, Count>,
    /// Requests by tenant key and operation; `(unknown)` for those of no known tenant.
    pub tenants: BTreeMap<String, BTreeMap<Operation, Count>>,
    /// Requests being answered now.
    pub in_flight: usize,
    /// The most requests that were being answered at one moment.
    pub most_in_flight: usize,
    /// The latest requests, oldest first.
    pub recent: Vec<Entry>,
}

/// Requests of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// How many came.
    pub requests: u64,
    /// How many of them came inside a batch.
    #[serde(default)]
    pub in_batch: u64,
    /// How they were answered, by status. A request whose caller left, or that hangs, is in none.
    pub answers: BTreeMap<u16, u64>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// The tenant's key.
    pub tenant: String,
    /// What it asked for.
    pub operation: Operation,
    /// Status of the answer.
    pub status: u16,
    /// Whether it came inside a batch.
    #[serde(default)]
    pub in_batch: bool,
}

impl RequestReport {
    /// Requests of one tenant for one operation, inside batches or not.
    #[must_use]
    pub fn requests(&self, tenant: &str, operation: Operation) -> u64 {
        self.tenants.get(tenant).and_then(|counts| counts.get(&operation)).map_or(0, |count| count.requests)
    }

    /// Requests of one tenant to Graph as the network sees them: a batch is one, signing in is none.
    #[must_use]
    pub fn round_trips(&self, tenant: &str) -> u64 {
        self.sum(tenant, |operation| operation != Operation::Token, |count| count.requests - count.in_batch)
    }

    /// Reads of SharePoint of one tenant, inside batches or not.
    #[must_use]
    pub fn reads(&self, tenant: &str) -> u64 {
        self.sum(tenant, |operation| operation.is_sharepoint() && !operation.is_write(), |count| count.requests)
    }

    /// Writes to SharePoint of one tenant, inside batches or not, whatever became of them.
    #[must_use]
    pub fn writes(&self, tenant: &str) -> u64 {
        self.sum(tenant, Operation::is_write, |count| count.requests)
    }

    fn sum(&self, tenant: &str, of: impl Fn(Operation) -> bool, count: impl Fn(&Count) -> u64) -> u64 {
        let counts = self.tenants.get(tenant).into_iter().flatten();
        counts.filter(|(operation, _)| of(**operation)).map(|(_, counted)| count(counted)).sum()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    report: RequestReport,
    recent: VecDeque<Entry>,
}

impl Inner {
    fn counts(&mut self, tenant: &str, operation: Operation) -> [&mut Count; 2] {
        let own = self.report.tenants.entry(tenant.to_owned()).or_default().entry(operation).or_default();
        [self.report.total.entry(operation).or_default(), own]
    }
}

impl Journal {
    /// Notes that a request has come. It is in flight until the note is dropped.
    pub(crate) fn begin(&self, tenant: Option<&str>, operation: Operation, in_batch: bool) -> Note<'_> {
        let tenant = tenant.unwrap_or(NOBODY).to_owned();
        let mut inner = locked(&self.0);
        for count in inner.counts(&tenant, operation) {
            count.requests += 1;
            count.in_batch += u64::from(in_batch);
        }
        if !in_batch {
            inner.report.in_flight += 1;
            inner.report.most_in_flight = inner.report.most_in_flight.max(inner.report.in_flight);
        }
        Note { journal: self, tenant, operation, in_batch }
    }

    pub(crate) fn report(&self) -> RequestReport {
        let inner = locked(&self.0);
        RequestReport { recent: inner.recent.iter().cloned().collect(), ..inner.report.clone() }
    }

    /// Forgets everything but the requests in flight.
    pub(crate) fn clear(&self) {
        let mut inner = locked(&self.0);
        let in_flight = inner.report.in_flight;
        *inner = Inner::default();
        inner.report.in_flight = in_flight;
        inner.report.most_in_flight = in_flight;
    }
}

pub(crate) struct Note<'a> {
    journal: &'a Journal,
    tenant: String,
    operation: Operation,
    in_batch: bool,
}

impl Note<'_> {
    /// Notes how the request was answered.
    pub(crate) fn answered(&self, status: u16, at: DateTime<Utc>) {
        let mut inner = locked(&self.journal.0);
        for count in inner.counts(&self.tenant, self.operation) {
            *count.answers.entry(status).or_default() += 1;
        }
        if inner.recent.len() == RECENT {
            inner.recent.pop_front();
        }
        let (tenant, operation, in_batch) = (self.tenant.clone(), self.operation, self.in_batch);
        inner.recent.push_back(Entry { at, tenant, operation, status, in_batch });
    }
}

impl Drop for Note<'_> {
    fn drop(&mut self) {
        if self.in_batch {
            return;
        }
        let mut inner = locked(&self.journal.0);
        inner.report.in_flight = inner.report.in_flight.saturating_sub(1);
    }
}
