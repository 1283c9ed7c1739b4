//! `notify` from the poll that finds a shortage to the mail and the card: a real database, a foreign mail server with TLS
//! and a sign-in, and a stand-in for the address of a Teams workflow.

mod graph_mails;
mod mail_server;
mod mails;
mod rig;
mod teams;
