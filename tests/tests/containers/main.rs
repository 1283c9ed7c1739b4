//! The system in containers of a real engine: what it may, what it takes, and what it survives.
//!
//! `scripts/test` starts the engine and builds the images before.

mod faults;
mod inside;
mod load;
mod people;
mod postgres;
mod small;
mod system;

use std::path::PathBuf;
use std::time::Duration;

use leitwarte_tests::stack::repository;

/// How long anything may take to come back.
const LIMIT: Duration = Duration::from_mins(1);

/// Whether the tests with containers were left out on purpose.
fn left_out() -> bool {
    let left_out = std::env::var_os("LEITWARTE_WITHOUT_CONTAINERS").is_some();
    if left_out {
        eprintln!("left out, because LEITWARTE_WITHOUT_CONTAINERS is set");
    }
    left_out
}

fn file(path: &str) -> PathBuf {
    repository().join(path)
}
