//! The client against real files, real keys and a server that misbehaves on request. One program for all of them,
//! because linking is what takes time.

#![allow(clippy::unwrap_used, missing_docs)]

mod assertion;
mod credentials;
mod faults;
mod healthy;
mod many_tenants;
mod proxy;
mod sign_in;
mod support;
