//! Tests of the function, by subject.

mod graph;
mod handling;
mod logging;
mod subscriptions;
mod support;
