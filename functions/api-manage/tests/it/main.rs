//! The function with a real database, a real template, a sign-in host of its own, and where it is needed lists and a host of
//! functions.

mod access;
mod incidents;
mod monitoring;
mod polls;
mod roles;
mod rules;
mod tenant_list;
mod world;
