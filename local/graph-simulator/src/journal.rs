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
}

impl RequestReport {
    /// Requests of one tenant for one operation.
    #[must_use]
    pub fn requests(&self, tenant: &str, operation: Operation) -> u64 {
        self.tenants.get(tenant).and_then(|counts| counts.get(&operation)).map_or(0, |count| count.requests)
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
    pub(crate) fn begin(&self, tenant: Option<&str>, operation: Operation) -> Note<'_> {
        let tenant = tenant.unwrap_or(NOBODY).to_owned();
        let mut inner = locked(&self.0);
        for count in inner.counts(&tenant, operation) {
            count.requests += 1;
        }
        inner.report.in_flight += 1;
        inner.report.most_in_flight = inner.report.most_in_flight.max(inner.report.in_flight);
        Note { journal: self, tenant, operation }
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
        let (tenant, operation) = (self.tenant.clone(), self.operation);
        inner.recent.push_back(Entry { at, tenant, operation, status });
    }
}

impl Drop for Note<'_> {
    fn drop(&mut self) {
        let mut inner = locked(&self.journal.0);
        inner.report.in_flight = inner.report.in_flight.saturating_sub(1);
    }
}
