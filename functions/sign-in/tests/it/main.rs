//! Signing in and out, against sign-in hosts that behave and others that do not.

mod callbacks;
mod flaws;
mod flow;
mod foreign;
mod logout;
mod provider;
mod rig;
mod tokens;
