//! Writes the API's document anew: `make openapi`.

use leitwarte_tests::openapi::{FILE, document};
use leitwarte_tests::stack::repository;

fn main() -> anyhow::Result<()> {
    std::fs::write(repository().join(FILE), document()?)?;
    println!("{FILE} is up to date");
    Ok(())
}
