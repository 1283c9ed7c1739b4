//! `leitwarte changes`: what was bought, assigned, suspended, in one tenant.

use std::io::Write;

use chrono::TimeDelta;
use leitwarte_core::message::words::Language;
use leitwarte_store::TenantChanges;

use crate::table::{cut, left};
use crate::terminal::{DIM, paint};
use crate::words::unknown_tenant;
use crate::{Context, Outcome};

/// Arguments of `changes`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tenant's short name, or exactly the name shown
    pub tenant: String,
    /// How far back
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3660))]
    pub days: u16,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// The demo's tenants instead of the real ones
    #[arg(long)]
    pub demo: bool,
}

/// Lists them, the newest first.
///
/// # Errors
/// The database cannot be read.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let (settings, _) = context.settings.or_demo(args.demo)?;
    let store = settings.open_store(true).await?;
    let since = context.now - TimeDelta::days(i64::from(args.days));
    let found = store.tenant_changes(&args.tenant, since, u32::MAX).await?;
    store.close().await;
    let Some(TenantChanges { tenant, changes, .. }) = found else {
        writeln!(out, "{}", unknown_tenant(&args.tenant))?;
        return Ok(Outcome::Problem);
    };
    if args.json {
        let rows: Vec<_> = changes.iter().map(|entry| entry.to_json(tenant.count_warning_units)).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?;
        return Ok(Outcome::Well);
    }
    for entry in &changes {
        let free = entry.change.after.as_ref().map(|stock| stock.free(tenant.count_warning_units));
        let free = free.map_or(String::new(), |free| format!("  ({free} free)"));
        let words = entry.words(Language::En);
        let line = format!("{}  {}{words}{free}", entry.at.format("%Y-%m-%d %H:%M"), left(entry.product_name(), 40));
        writeln!(out, "{}", cut(&line, context.width.max(80)))?;
    }
    let told = if changes.is_empty() { "Nothing has changed" } else { "Times are UTC. That is all that has changed" };
    writeln!(out, "{}", paint(DIM, format_args!("{told} in {} days.", args.days)))?;
    Ok(Outcome::Well)
}
