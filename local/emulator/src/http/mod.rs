//! Serving HTTP/1.1: connections, bodies, errors in AWS's form.

pub(crate) mod body;
pub(crate) mod error;
pub(crate) mod listener;
