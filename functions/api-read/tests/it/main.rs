//! Tests of the function, by subject.

mod forecast;
mod history;
mod incidents;
mod manage;
mod metrics;
mod pages;
mod roles;
mod routes;
mod sessions;
mod status;
mod support;
