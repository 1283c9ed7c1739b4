//! Tests of the store, by subject.

mod conformance;
mod outbox;
mod postgres;
mod power_loss;
mod processes;
mod replay;
mod sqlite;
