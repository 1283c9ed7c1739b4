//! What every function that answers HTTP shares: who is asking, what they may do, and how answers look.
//!
//! A function has one table of [`routes::Route`]s, lets [`bearer::Bearer`] find out who asks, decides with
//! [`permission::Principal::may`], and turns results into an [`http::Answer`] or a [`problem::Problem`].

pub mod auth_file;
pub mod bearer;
pub mod http;
pub mod keys;
pub mod permission;
pub mod problem;
pub mod query;
pub mod routes;
