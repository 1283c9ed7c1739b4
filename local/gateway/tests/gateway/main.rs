//! The gateway as its clients see it, in front of an Invoke API that the test answers.

mod common;
mod hardening;
mod http;
mod tls;
