//! HTTP gateway of the on-premises Lambda host: what API Gateway's HTTP API is in AWS.
//!
//! A request becomes a payload-format-2.0 event, the function the template's routes name is invoked, and its answer
//! becomes the response. Limits, statuses and messages are AWS's, so a function cannot tell the difference.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html>

mod access_log;
mod answer;
mod body;
mod default_headers;
mod event;
mod handler;
mod path;
mod routes;
pub mod server;
pub mod settings;
mod stall;
pub mod tls;

pub use routes::RouteTable;
pub use settings::{Limits, Settings};
