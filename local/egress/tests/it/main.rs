//! Tests of the proxy, by subject.

mod program;
mod proxy;
