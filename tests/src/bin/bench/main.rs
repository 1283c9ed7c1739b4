//! `make bench`: every performance figure of the README, measured in one run.

mod invoke;
mod load;
mod pages;
mod polls;
mod report;

use anyhow::Result;

// One thread: the load shares two cores with what it measures, and should take as little of them as it can.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut report = report::Report::default();
    invoke::measure(&mut report).await?;
    polls::measure(&mut report).await?;
    Ok(())
}
