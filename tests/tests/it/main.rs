//! Tests of the whole on processes of its own, by subject.

mod architecture;
mod assertion;
mod compose_file;
mod dashboard;
mod demo;
mod foreign_clients;
mod openapi;
mod polling;
mod power_automate;
mod schemathesis;
mod sign_in;
mod template;
