//! `leitwarte rules`: what counts as a shortage, and of what shortages are told.

mod replay;
mod view;

use std::io::Write;

use leitwarte_core::Uuid;
use leitwarte_core::catalogue;
use leitwarte_core::rules::{Definition, Scope};
use leitwarte_core::threshold::Limit;
use leitwarte_store::{Actor, Store};

use crate::{Context, Outcome, UsageError};

/// Arguments of `rules`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do; without it, list the rules that were set
    #[command(subcommand)]
    pub wish: Option<Wish>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// The demo's rules instead of the real ones
    #[arg(long, global = true)]
    pub demo: bool,
}

/// What can be done with rules.
#[derive(Debug, clap::Subcommand)]
pub enum Wish {
    /// Set a rule: for everybody, one product, one tenant, or one product of one tenant
    #[command(after_help = "\
What a narrower rule leaves out it takes from the wider ones. A rule counts from the next poll on.

Examples:
  leitwarte rules set --short-at 10%
  leitwarte rules set --tenant contoso --sku SPE_E3 --short-at 5 --clear-above 8 --delivery-days 6
  leitwarte rules set --sku FLOW_FREE --exclude \"nobody pays for it\"")]
    Set(Set),
    /// Show what another threshold would have told, from what is known of the past
    Replay(replay::Args),
    /// Take back a rule that was set
    Remove(ScopeArgs),
}

/// For whom.
#[derive(Debug, clap::Args)]
pub struct ScopeArgs {
    /// A tenant's short name; without it, all tenants
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// A product, by GUID or Microsoft's short name; without it, all products
    #[arg(long, value_name = "PRODUCT")]
    pub sku: Option<String>,
}

/// A rule; what is not given stays as it was.
#[derive(Debug, clap::Args)]
pub struct Set {
    /// For whom
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// Short when no more than this is free: a number, or a share of the usable ones
    #[arg(long, value_name = "5 | 10%")]
    pub short_at: Option<Limit>,
    /// A shortage ends when more than this is free
    #[arg(long, value_name = "5 | 10%")]
    pub clear_above: Option<Limit>,
    /// Shown as low when no more than this is free; without it, 5% of the usable ones
    #[arg(long, value_name = "5 | 10%")]
    pub low_at: Option<Limit>,
    /// Licences that are to stay free and do not count
    #[arg(long, value_name = "LICENCES", value_parser = clap::value_parser!(i64).range(0..=1_000_000))]
    pub reserve: Option<i64>,
    /// Whether shortages are told, also of free and trial products
    #[arg(long, value_name = "true | false")]
    pub alerts: Option<bool>,
    /// Tell no shortages, for this reason; an empty one takes that back
    #[arg(long, value_name = "REASON")]
    pub exclude: Option<String>,
    /// Days from an order to the licences
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=365))]
    pub delivery_days: Option<u32>,
}

/// Does what was asked.
///
/// # Errors
/// The database cannot be read or written, or the scope names nothing that is known.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let (settings, _) = context.settings.or_demo(args.demo)?;
    let store = settings.open_store(matches!(args.wish, None | Some(Wish::Replay(_)))).await?;
    let actor = Actor { person: None, who: settings.user() };
    let outcome = match args.wish {
        None => list(&store, args.json, context, out).await,
        Some(Wish::Replay(args)) => replay::run(&store, args, context, out).await,
        Some(Wish::Set(set)) => {
            let scope = scope(&store, &set.scope).await?;
            let rule = changed(store.rules().await?.exactly(&scope), set)?;
            store.set_rule(&scope, &rule, None, actor, context.now).await?;
            out.write_all(view::one(&scope, &rule).as_bytes())?;
            Ok(Outcome::Well)
        }
        Some(Wish::Remove(names)) => {
            let scope = scope(&store, &names).await?;
            let known = store.rules().await?.exactly(&scope) != Definition::default();
            store.set_rule(&scope, &Definition::default(), None, actor, context.now).await?;
            let told = if known { "The rule is gone." } else { "There is no such rule; `leitwarte rules` lists them." };
            writeln!(out, "{told}")?;
            Ok(if known { Outcome::Well } else { Outcome::Problem })
        }
    };
    store.close().await;
    outcome
}

async fn list(store: &Store, json: bool, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let rules = store.rules().await?;
    let text = if json { view::json(&rules)? } else { view::list(&rules, context.width) };
    out.write_all(text.as_bytes())?;
    Ok(Outcome::Well)
}

fn changed(before: Definition, set: Set) -> Result<Definition, UsageError> {
    let after = Definition {
        short_at: set.short_at.or(before.short_at),
        clear_above: set.clear_above.or(before.clear_above),
        low_at: set.low_at.or(before.low_at),
        reserve: set.reserve.or(before.reserve),
        alerts: set.alerts.or(before.alerts),
        excluded: set.exclude.map_or(before.excluded, |reason| Some(reason).filter(|reason| !reason.trim().is_empty())),
        delivery_days: set.delivery_days.or(before.delivery_days),
    };
    after.check().map_err(|error| UsageError(error.to_string()))?;
    Ok(after)
}

/// The scope that names mean. A misspelt name would make a rule that never counts.
async fn scope(store: &Store, names: &ScopeArgs) -> anyhow::Result<Scope> {
    if let Some(key) = &names.tenant
        && !store.tenants().await?.iter().any(|tenant| tenant.key == *key)
    {
        return Err(UsageError(format!("there is no tenant `{key}`; `leitwarte status` lists them")).into());
    }
    let sku = match &names.sku {
        None => None,
        Some(name) => Some(product(store, name).await?),
    };
    Ok(Scope { tenant: names.tenant.clone(), sku })
}

async fn product(store: &Store, name: &str) -> anyhow::Result<Uuid> {
    if let Ok(id) = Uuid::parse_str(name) {
        return Ok(id);
    }
    if let Some(id) = catalogue::sku_of_part_number(name) {
        return Ok(id);
    }
    let snapshots = store.snapshots().await?;
    let stock = snapshots.iter().flat_map(|snapshot| &snapshot.stock);
    let found = stock.filter(|stock| stock.part_number.eq_ignore_ascii_case(name)).map(|stock| stock.sku_id).next();
    let unknown =
        || UsageError(format!("no product `{name}` is known; give its GUID or its part number, such as SPE_E3"));
    Ok(found.ok_or_else(unknown)?)
}
