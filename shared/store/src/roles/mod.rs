//! Changes of roles: accepted, carried out step by step, and compared with Entra.
//!
//! - A change is accepted in one transaction: the operation, what it locks, the ceilings, the end of sessions, the audit
//!   entry. The role itself is not touched before the last step.
//! - A step is written only if nobody else has taken one since (`version`).
//! - The last step writes roles, ceilings, locks, sessions and audit in one transaction.

mod asking;
mod at_sign_in;
mod findings;
mod reading;
mod stepping;
mod telling;

pub(crate) use asking::REMEMBERED;
pub use asking::{Asked, Decided};
pub(crate) use at_sign_in::{Claims, at_sign_in};
pub use findings::{FoundPerson, LastReconciliation, RoleFinding};
pub use reading::{RolePerson, RoleStep};
pub use stepping::Stepped;

/// How the audit log and locks name a person.
pub(crate) fn person_subject(person: i64) -> String {
    format!("person {person}")
}

fn office_subject(office: &str) -> String {
    format!("office {office}")
}
