//! One database behind one address: a SQLite file or a PostgreSQL server.
//!
//! Knows neither licences nor events. It reads the address ([`Address`]), opens connections with the settings that
//! make an acknowledged write survive a power cut ([`Database`]), makes tables ([`Tables`]), copies and backs them up
//! ([`Database::copy_to`], [`Database::back_up`]) and classes errors ([`ErrorKind`]). What is particular to a backend is in `sqlite.rs` and `postgres.rs`; SQL in the dialect that both
//! share needs to know neither.

mod address;
mod backup;
mod bound;
mod copy;
mod database;
mod digest;
mod error;
mod migration;
mod postgres;
mod sqlite;
mod tables;
#[cfg(feature = "testing")]
pub mod testing;

pub use address::{Address, AddressError};
pub use backup::BackupError;
pub use bound::{PATIENCE, within};
pub use copy::{Content, CopyError, Existing};
pub use database::{Database, Options, PrepareError};
pub use digest::Sum;
pub use error::{ErrorKind, concerns_data, kind_of};
pub use migration::Step;
pub use tables::Tables;
