//! `make bench`: every performance figure of the README, measured in one run. With names (`invoke`, `polls`,
//! `sharepoint`) only those parts.

mod invoke;
mod load;
mod pages;
mod polls;
mod report;
mod sharepoint;

use anyhow::Result;

// One thread: the load shares two cores with what it measures, and should take as little of them as it can.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |part: &str| named.is_empty() || named.iter().any(|name| name == part);
    let mut report = report::Report::default();
    if wanted("invoke") {
        invoke::measure(&mut report).await?;
    }
    if wanted("polls") {
        polls::measure(&mut report).await?;
    }
    if wanted("sharepoint") {
        sharepoint::measure(&mut report).await?;
    }
    Ok(())
}
