//! Tests of the command line, by subject.

mod certificate;
mod databases;
mod doctor;
mod help;
mod host_commands;
mod incidents;
mod people;
mod roles;
mod sharepoint;
