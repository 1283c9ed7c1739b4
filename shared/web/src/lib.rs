//! What every function that answers HTTP shares: who is asking, what they may do, and how answers look.
//!
//! A function has one table of [`routes::Route`]s, lets [`access::Access`] find out who asks and whether they may, and
//! turns results into an [`http::Answer`] or a [`problem::Problem`].

pub mod access;
pub mod auth_file;
pub mod bearer;
pub mod body;
pub mod csrf;
pub mod http;
pub mod keys;
pub mod openapi;
pub mod pages;
pub mod permission;
pub mod problem;
pub mod query;
pub mod routes;
pub mod session;
pub mod sign_in_problem;
#[cfg(feature = "testing")]
pub mod testing;
pub mod viewer;
