//! `make bench`: every performance figure of the README, measured in one run.

mod invoke;
mod load;
mod polls;
mod report;

use anyhow::Result;

#[tokio::main]
async fn main() -> Result<()> {
    let mut report = report::Report::default();
    invoke::measure(&mut report).await?;
    polls::measure(&mut report).await?;
    Ok(())
}
