//! `leitwarte forecast`: what runs out when, and by when to order.

use std::io::Write;

use leitwarte_core::catalogue::product_name;
use leitwarte_core::forecast::Outlook;
use leitwarte_core::message::words::Language;
use leitwarte_store::{ProductOutlook, TenantOutlook};

use crate::table::cut;
use crate::terminal::{BAD, BOLD, DIM, WARN, paint};
use crate::words::{unknown_tenant, wrap};
use crate::{Context, Outcome};

/// Arguments of `forecast`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this tenant: its short name, or exactly the name shown
    pub tenant: Option<String>,
    /// Also products of which nothing can be said, with the reason
    #[arg(long)]
    pub all: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// The demo's tenants instead of the real ones
    #[arg(long)]
    pub demo: bool,
}

/// Looks ahead.
///
/// # Errors
/// The database cannot be read.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let (settings, _) = context.settings.or_demo(args.demo)?;
    let store = settings.open_store(true).await?;
    let names = match &args.tenant {
        Some(name) => vec![name.clone()],
        None => store.tenants().await?.into_iter().map(|tenant| tenant.key).collect(),
    };
    let mut found = Vec::new();
    for name in names {
        found.extend(store.outlook(&name, &settings.app.polls, context.now).await?);
    }
    store.close().await;
    if let (Some(name), true) = (&args.tenant, found.is_empty()) {
        writeln!(out, "{}", unknown_tenant(name))?;
        return Ok(Outcome::Problem);
    }
    if args.json {
        let rows: Vec<_> = found.iter().map(TenantOutlook::to_json).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?;
        return Ok(Outcome::Well);
    }
    let mut shown = 0;
    for tenant in &found {
        shown += write_tenant(tenant, args.all, context, out)?;
    }
    if shown == 0 {
        writeln!(out, "Nothing is known to run out within a year. --all says what is known of each product.")?;
    }
    Ok(Outcome::Well)
}

fn write_tenant(
    tenant: &TenantOutlook,
    all: bool,
    context: &Context,
    out: &mut (dyn Write + Send),
) -> std::io::Result<usize> {
    let ends = |product: &&ProductOutlook| all || product.needs_somebody(tenant.today);
    let products: Vec<_> = tenant.products.iter().filter(ends).collect();
    if products.is_empty() && tenant.stale.is_none() {
        return Ok(0);
    }
    let room = context.width.saturating_sub(6).clamp(40, 120);
    writeln!(out, "{}", paint(BOLD, cut(&tenant.tenant.tenant_name, room)))?;
    if let Some(reason) = &tenant.stale {
        for line in wrap(&format!("No forecast: {reason}"), room) {
            writeln!(out, "    {}", paint(WARN, line))?;
        }
    }
    for product in &products {
        let (mark, style) = match product.outlook {
            Outlook::Exhausted => ('✘', BAD),
            Outlook::RunsOut(_) => ('!', WARN),
            Outlook::Silent { .. } if product.needs_somebody(tenant.today) => ('!', WARN),
            Outlook::Silent { .. } => ('·', DIM),
        };
        let name = product_name(product.stock.sku_id, &product.stock.part_number);
        writeln!(out, "  {} {}", paint(style, mark), cut(name, room))?;
        for line in wrap(&product.words(tenant.today, Language::En), room) {
            writeln!(out, "    {line}")?;
        }
    }
    if let Some(note) = tenant.subscriptions.note() {
        for line in wrap(&format!("Ends of subscriptions: {note}"), room) {
            writeln!(out, "    {}", paint(DIM, line))?;
        }
    }
    writeln!(out)?;
    Ok(products.len() + usize::from(tenant.stale.is_some()))
}
