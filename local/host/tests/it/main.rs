//! Tests of the host library, by subject.

mod invoke;
mod process;
