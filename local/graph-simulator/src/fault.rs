//! Faults on request: what shall go wrong, for whom and how often.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::world::locked;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `POST …/oauth2/v2.0/token`.
    Token,
    /// `GET /v1.0/subscribedSkus`, each page.
    Skus,
    /// `GET /v1.0/directory/subscriptions`, each page.
    Subscriptions,
    /// `POST …/sendMail`.
    SendMail,
    /// `POST /v1.0/$batch`. What is inside counts besides, as what it is.
    Batch,
    /// `GET /v1.0/sites/…`: a site.
    Site,
    /// `GET …/lists` or `…/lists/{list}`.
    Lists,
    /// `POST …/lists`.
    CreateList,
    /// `GET …/columns`.
    Columns,
    /// `POST …/columns`.
    CreateColumn,
    /// `PATCH …/columns/{id}`.
    UpdateColumn,
    /// `GET …/items`, each page.
    Items,
    /// `GET …/items/{id}` or `…/items/{id}/fields`.
    Item,
    /// `POST …/items`.
    CreateItem,
    /// `PATCH …/items/{id}` or `…/items/{id}/fields`.
    UpdateItem,
    /// `DELETE …/items/{id}`.
    DeleteItem,
    /// `GET /v1.0/users/{id}`: a person.
    User,
    /// `GET /v1.0/servicePrincipals`.
    ServicePrincipals,
    /// `GET …/appRoleAssignments` or `…/appRoleAssignedTo`, each page.
    RoleAssignments,
    /// `POST …/appRoleAssignedTo`.
    GrantRole,
    /// `DELETE …/appRoleAssignedTo/{id}`.
    RevokeRole,
    /// Only in faults: any request to Graph that is not inside a batch, to fail "the n-th request".
    AnyRequest,
    /// Only in faults: any request inside a batch.
    AnyInBatch,
}

impl Operation {
    /// Whether it asks SharePoint.
    #[must_use]
    pub fn is_sharepoint(self) -> bool {
        self.is_write() || matches!(self, Self::Site | Self::Lists | Self::Columns | Self::Items | Self::Item)
    }

    /// Whether it changes something in SharePoint.
    #[must_use]
    pub fn is_write(self) -> bool {
        use Operation::{CreateColumn, CreateItem, CreateList, DeleteItem, UpdateColumn, UpdateItem};
        matches!(self, CreateList | CreateColumn | UpdateColumn | CreateItem | UpdateItem | DeleteItem)
    }

    /// Whether a fault for `self` is meant for this request.
    fn covers(self, operation: Self, in_batch: bool) -> bool {
        match self {
            Self::AnyRequest => operation != Self::Token && !in_batch,
            Self::AnyInBatch => in_batch,
            _ => self == operation,
        }
    }
}

/// An order for something to go wrong. As JSON:
/// `{"tenant": "contoso", "operation": "skus", "kind": "status", "status": 429, "retry_after": 2, "times": 3}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The tenant's key or GUID; `*` for every tenant, and for requests whose tenant cannot be told.
    pub tenant: String,
    /// Which requests.
    pub operation: Operation,
    /// How they fail.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// For how many requests.
    #[serde(default = "once")]
    pub times: u32,
    /// How many requests pass unharmed first, such as the first page.
    #[serde(default)]
    pub skip: u32,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A fault for the next request of a tenant.
    #[must_use]
    pub fn once(tenant: impl Into<String>, operation: Operation, kind: FaultKind) -> Self {
        Self { tenant: tenant.into(), operation, kind, times: 1, skip: 0 }
    }

    /// The same fault for this many requests.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// The same fault after this many good requests.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }
}

/// How a request fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// An error answer with this status, in the shape of Entra or Graph.
    Status {
        /// HTTP status, 400 to 599.
        status: u16,
        /// Value of `Retry-After`: seconds or an HTTP date; as JSON a number or a string.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<RetryAfter>,
    },
    /// Entra refuses with this code (`AADSTS…`). On Graph operations the same as `unauthorized`.
    Aadsts {
        /// The number, such as 53003.
        code: u32,
    },
    /// No answer for ten minutes.
    Hang,
    /// The right answer's head and half its body, then the connection breaks.
    Truncate,
    /// A complete HTTP answer whose JSON ends in the middle.
    CutJson,
    /// A 200 with a web page, as a proxy or a captive portal sends it.
    Html,
    /// A 401, as when the token or certificate was just revoked.
    Unauthorized,
    /// The connection closes without an answer, and nothing was done. Inside a batch it is the batch's connection.
    DropConnection,
    /// What was asked is done, then the connection closes without an answer. Inside a batch it is the batch's
    /// connection.
    LostAnswer,
    /// What was asked is done, yet the answer is an error with this status, as gateways do.
    DoneYet {
        /// HTTP status, 400 to 599.
        status: u16,
    },
    /// The right answer, later.
    Latency {
        /// How much later, in milliseconds.
        latency_ms: u64,
    },
    /// A 200 with nothing in it: `{"value": []}` from Graph, `{}` from Entra.
    Empty,
    /// The right answer with an `@odata.nextLink` to another host.
    ForeignNextLink,
}

/// A `Retry-After` header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RetryAfter {
    /// Seconds from now.
    Seconds(u64),
    /// The header as it stands, such as an HTTP date.
    Text(String),
}

impl RetryAfter {
    pub(crate) fn header(&self) -> String {
        match self {
            Self::Seconds(seconds) => seconds.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl FaultKind {
    /// What is impossible about this order, in words; `None` when nothing is.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Status { status, .. } | Self::DoneYet { status } if !(400..600).contains(status) => {
                Some("status must be 400 to 599")
            }
            Self::Status { retry_after: Some(RetryAfter::Text(text)), .. }
                if text.is_empty() || !text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) =>
            {
                Some("retry_after must be printable ASCII")
            }
            _ => None,
        }
    }
}

/// Faults still to happen, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<VecDeque<Pending>>);

#[derive(Debug)]
struct Pending {
    /// `None`: any tenant.
    tenant: Option<Uuid>,
    operation: Operation,
    kind: FaultKind,
    skip: u32,
    left: u32,
}

/// More orders than this are refused, so that a loop in a test cannot fill the memory.
pub(crate) const MOST_PENDING: usize = 10_000;

impl Faults {
    /// Queues a fault; `false` when too many are waiting.
    pub(crate) fn add(&self, tenant: Option<Uuid>, fault: Fault) -> bool {
        let mut pending = locked(&self.0);
        if pending.len() >= MOST_PENDING {
            return false;
        }
        let Fault { operation, kind, times, skip, .. } = fault;
        if times > 0 {
            pending.push_back(Pending { tenant, operation, kind, skip, left: times });
        }
        true
    }

    /// What shall happen to this request: the oldest fault that is meant for it.
    pub(crate) fn take(&self, tenant: Option<Uuid>, operation: Operation, in_batch: bool) -> Option<FaultKind> {
        let mut pending = locked(&self.0);
        let index = pending.iter().position(|fault| {
            fault.operation.covers(operation, in_batch) && (fault.tenant.is_none() || fault.tenant == tenant)
        })?;
        let fault = pending.get_mut(index)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.left -= 1;
        let kind = fault.kind.clone();
        if fault.left == 0 {
            pending.remove(index);
        }
        Some(kind)
    }

    pub(crate) fn clear(&self) {
        locked(&self.0).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(tenant: &str) -> Fault {
        Fault::once(tenant, Operation::Skus, FaultKind::Html)
    }

    #[test]
    fn a_fault_hits_its_tenant_and_operation_the_ordered_number_of_times() {
        let (contoso, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let faults = Faults::default();
        assert!(faults.add(Some(contoso), fault("contoso").times(2)));
        assert_eq!(faults.take(Some(other), Operation::Skus, false), None);
        assert_eq!(faults.take(Some(contoso), Operation::Token, false), None);
        assert_eq!(faults.take(Some(contoso), Operation::Skus, false), Some(FaultKind::Html));
        assert_eq!(faults.take(Some(contoso), Operation::Skus, false), Some(FaultKind::Html));
        assert_eq!(faults.take(Some(contoso), Operation::Skus, false), None);
    }

    #[test]
    fn a_fault_can_wait_for_the_second_page() {
        let faults = Faults::default();
        assert!(faults.add(None, fault("*").after(1)));
        assert_eq!(faults.take(None, Operation::Skus, false), None);
        assert_eq!(faults.take(None, Operation::Skus, false), Some(FaultKind::Html));
        assert_eq!(faults.take(None, Operation::Skus, false), None);
    }

    #[test]
    fn a_fault_can_hit_the_nth_request_of_whatever_kind() {
        let faults = Faults::default();
        assert!(faults.add(None, Fault::once("*", Operation::AnyRequest, FaultKind::LostAnswer).after(2)));
        assert_eq!(faults.take(None, Operation::Items, false), None);
        assert_eq!(faults.take(None, Operation::Token, false), None, "signing in does not count");
        assert_eq!(faults.take(None, Operation::Batch, false), None);
        assert_eq!(faults.take(None, Operation::UpdateItem, true), None, "what is inside a batch does not count");
        assert_eq!(faults.take(None, Operation::Skus, false), Some(FaultKind::LostAnswer));
    }

    #[test]
    fn an_order_reads_as_documented() {
        let json = r#"{"tenant":"contoso","operation":"skus","kind":"status","status":429,"retry_after":2,"times":3}"#;
        let fault: Fault = serde_json::from_str(json).expect("the documented form");
        let kind = FaultKind::Status { status: 429, retry_after: Some(RetryAfter::Seconds(2)) };
        assert_eq!(fault, Fault::once("contoso", Operation::Skus, kind).times(3));
    }
}
