//! `leitwarte rules replay`: what another threshold would have told.

use std::collections::BTreeMap;
use std::io::Write;

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::Uuid;
use leitwarte_core::catalogue::product_name;
use leitwarte_core::change::StockChange;
use leitwarte_core::replay::{Episode, replay};
use leitwarte_core::rules::{Definition, Rule};
use leitwarte_core::threshold::Limit;
use leitwarte_store::Store;

use super::{ScopeArgs, scope};
use crate::table::{cut, left, right};
use crate::terminal::{BOLD, DIM, paint};
use crate::words::count;
use crate::{Context, Outcome};

/// Arguments of `rules replay`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For whom
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// Short when no more than this is free
    #[arg(long, value_name = "5 | 10%")]
    pub short_at: Limit,
    /// A shortage ends when more than this is free; without it, as by the rule that holds now
    #[arg(long, value_name = "5 | 10%")]
    pub clear_above: Option<Limit>,
    /// How far back
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3660))]
    pub days: u16,
}

/// How often people would have been told: an episode that had begun before was told before.
fn told(episodes: &[Episode]) -> usize {
    episodes.iter().filter(|episode| !episode.had_begun).count()
}

pub(super) async fn run(
    store: &Store,
    args: Args,
    context: &Context,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Outcome> {
    let scope = scope(store, &args.scope).await?;
    let start = context.now - TimeDelta::days(i64::from(args.days));
    let rules = store.rules().await?;
    let (mut now_told, mut then_told, mut oldest) = (0, 0, None);
    for tenant in store.snapshots().await?.iter().filter(|one| scope.tenant.as_ref().is_none_or(|key| *key == one.key))
    {
        let mut products: BTreeMap<Uuid, Vec<(DateTime<Utc>, StockChange)>> = BTreeMap::new();
        for entry in store.history(&tenant.key, scope.sku, start).await? {
            products.entry(entry.change.sku_id).or_default().push((entry.at, entry.change));
        }
        oldest = oldest.into_iter().chain(products.values().filter_map(|changes| Some(changes.first()?.0))).min();
        for (sku, changes) in products {
            let present = rules.of(&tenant.key, sku);
            let other: Rule = Definition {
                short_at: Some(args.short_at),
                clear_above: args.clear_above.or(present.clear_above),
                ..present.clone()
            };
            let is_trial = tenant.is_trial(sku);
            let run = |rule: &Rule| replay(&changes, rule, tenant.count_warning_units, is_trial, start);
            let (now, then) = (run(&present), run(&other));
            now_told += told(&now);
            then_told += told(&then);
            if told(&now) + told(&then) == 0 {
                continue;
            }
            let last = changes.iter().rev().find_map(|(_, change)| change.after.as_ref().or(change.before.as_ref()));
            let name = last.map_or_else(|| sku.to_string(), |stock| product_name(sku, &stock.part_number).to_owned());
            let days: Vec<String> = then.iter().filter(|one| !one.had_begun).map(shown).collect();
            writeln!(
                out,
                "{}{}{} → {}  {}",
                left(&tenant.tenant_name, 24),
                left(&name, 36),
                right(&told(&now).to_string(), 3),
                left(&told(&then).to_string(), 3),
                paint(DIM, cut(&days.join(", "), context.width.saturating_sub(72).max(30)))
            )?;
        }
    }
    let total = format!("{} → {}", count(now_told, "message"), count(then_told, "message"));
    writeln!(
        out,
        "{} in {} days: by the rules that hold now, and with --short-at {}.",
        paint(BOLD, total),
        args.days,
        args.short_at
    )?;
    // Silence of a time of which nothing is known must not look like silence of a quiet one.
    match oldest {
        None => writeln!(out, "Nothing has changed in that time, or nothing is known of it.")?,
        Some(oldest) => writeln!(
            out,
            "{}",
            paint(DIM, format_args!("The oldest change in that time is of {}.", oldest.date_naive()))
        )?,
    }
    Ok(Outcome::Well)
}

/// The days of an episode.
fn shown(episode: &Episode) -> String {
    let from = episode.from.format("%m-%d");
    episode.until.map_or_else(|| format!("{from} until now"), |until| format!("{from} to {}", until.format("%m-%d")))
}
