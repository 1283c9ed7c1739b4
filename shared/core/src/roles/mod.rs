//! Roles of people: what they are called here and in Entra, who may change them, and how a change is carried out so that
//! nobody is ever without a role, no office is ever vacant, and nobody gains a right before Entra says so.
//!
//! - [`table`]: the mapping, one file for both directions.
//! - [`wish`]: who may ask for what.
//! - [`operation`] and [`protocol`]: a change under way, the next step, and what an answer means.
//! - [`standing`]: which role counts at the moment, at sign-in and for the reconciler.
//! - [`words`]: what people are told.

pub mod operation;
pub mod profile;
pub mod protocol;
pub mod standing;
pub mod table;
pub mod wish;
pub mod words;

pub use operation::{Held, Move, Operation, Phase};
pub use table::{RoleEntry, RoleTable};
