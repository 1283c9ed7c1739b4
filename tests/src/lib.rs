//! What the tests of the whole system share: a running stack of real processes in a folder of its own.

pub mod browser;
pub mod compose;
pub mod foreign;
pub mod host;
pub mod openapi;
pub mod postgres_image;
pub mod services;
pub mod stack;
pub mod tenants;
pub mod wait;
