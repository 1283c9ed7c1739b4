//! One line per request, also when the client does not wait for its answer.

use std::time::Instant;

use http::{Method, StatusCode};

use crate::event::RequestId;

/// Status in the log when the client went away before there was an answer (nginx's convention; never sent).
const CLIENT_GONE: u16 = 499;

/// Collects what is known about a request and logs it when dropped.
///
/// No path, query string, address or header: they may hold names and secrets. The route's key says enough.
#[derive(Debug)]
pub(crate) struct AccessLine<'a> {
    id: &'a RequestId,
    method: Method,
    started: Instant,
    status: u16,
    pub(crate) route: Option<String>,
    /// The request id under which emulator and function log what they did.
    pub(crate) invocation: Option<String>,
    /// Why the gateway and not the function made this answer.
    pub(crate) reason: Option<String>,
}

impl<'a> AccessLine<'a> {
    pub(crate) fn new(id: &'a RequestId, method: Method) -> Self {
        Self { id, method, started: Instant::now(), status: CLIENT_GONE, route: None, invocation: None, reason: None }
    }

    pub(crate) fn finish(mut self, status: StatusCode) {
        self.status = status.as_u16();
    }
}

impl Drop for AccessLine<'_> {
    fn drop(&mut self) {
        let duration_ms = self.started.elapsed().as_secs_f64() * 1000.0;
        // Three digits are a microsecond; more is noise.
        let duration_ms = (duration_ms * 1000.0).round() / 1000.0;
        let route = self.route.as_deref().unwrap_or("-");
        let (method, status, request_id) = (self.method.as_str(), self.status, self.id.as_str());
        let (invocation, reason) = (self.invocation.as_deref(), self.reason.as_deref());
        if reason.is_some() && status >= 500 {
            tracing::warn!(method, route, status, duration_ms, request_id, invocation, reason, "request");
        } else {
            tracing::info!(method, route, status, duration_ms, request_id, invocation, reason, "request");
        }
    }
}
