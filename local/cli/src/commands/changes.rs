//! `leitwarte changes`: what was bought, assigned, suspended, in one tenant.

use std::io::Write;

use chrono::TimeDelta;
use leitwarte_core::catalogue::product_name;
use leitwarte_core::happening::happenings;
use leitwarte_core::message::words::Language;
use leitwarte_store::HistoryEntry;
use serde_json::json;

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
    let Some(tenant) = store.snapshot(&args.tenant).await? else {
        writeln!(out, "{}", unknown_tenant(&args.tenant))?;
        return Ok(Outcome::Problem);
    };
    let since = context.now - TimeDelta::days(i64::from(args.days));
    let mut entries = store.history(&tenant.key, None, since).await?;
    store.close().await;
    entries.reverse();
    if args.json {
        let rows: Vec<_> = entries.iter().map(json_of).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?;
        return Ok(Outcome::Well);
    }
    for entry in &entries {
        let words: Vec<String> = happenings(&entry.change).iter().map(|one| one.words(Language::En)).collect();
        let free = entry.change.after.as_ref().map(|stock| stock.free(tenant.count_warning_units));
        let free = free.map_or(String::new(), |free| format!("  ({free} free)"));
        let line =
            format!("{}  {}{}{free}", entry.at.format("%Y-%m-%d %H:%M"), left(&name(entry), 40), words.join(", "));
        writeln!(out, "{}", cut(&line, context.width.max(80)))?;
    }
    let told = if entries.is_empty() { "Nothing has changed" } else { "Times are UTC. That is all that has changed" };
    writeln!(out, "{}", paint(DIM, format_args!("{told} in {} days.", args.days)))?;
    Ok(Outcome::Well)
}

fn name(entry: &HistoryEntry) -> String {
    let stock = entry.change.after.as_ref().or(entry.change.before.as_ref());
    stock.map_or_else(String::new, |stock| product_name(stock.sku_id, &stock.part_number).to_owned())
}

fn json_of(entry: &HistoryEntry) -> serde_json::Value {
    json!({
        "at": entry.at, "skuid": entry.change.sku_id, "product_name": name(entry),
        "what": happenings(&entry.change), "before": entry.change.before, "after": entry.change.after,
    })
}
