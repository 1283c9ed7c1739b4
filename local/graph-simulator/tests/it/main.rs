//! The simulator over real HTTP, as its clients see it.

mod api_token;
mod binary;
mod crowd;
mod demo;
mod faults;
mod graph;
mod msal;
mod rig;
mod send_mail;
mod sharepoint;
mod sign_in;
mod subscriptions;
