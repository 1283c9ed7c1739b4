//! Tests of who may do what, by subject.

mod access;
mod bearer;
