//! `leitwarte rules replay`: what another threshold would have told.

use std::io::Write;

use chrono::TimeDelta;
use leitwarte_core::replay::Episode;
use leitwarte_core::threshold::Limit;
use leitwarte_store::{Store, WhatIf, told};

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

pub(super) async fn run(
    store: &Store,
    args: Args,
    context: &Context,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Outcome> {
    let scope = scope(store, &args.scope).await?;
    let start = context.now - TimeDelta::days(i64::from(args.days));
    let what_if = WhatIf { short_at: args.short_at, clear_above: args.clear_above };
    let replayed = store.replay(&scope, what_if, start).await?;
    for product in &replayed.products {
        let days: Vec<String> = product.then.iter().filter(|one| !one.had_begun).map(shown).collect();
        writeln!(
            out,
            "{}{}{} → {}  {}",
            left(&product.tenant_name, 24),
            left(&product.product, 36),
            right(&told(&product.now).to_string(), 3),
            left(&told(&product.then).to_string(), 3),
            paint(DIM, cut(&days.join(", "), context.width.saturating_sub(72).max(30)))
        )?;
    }
    let (now_told, then_told) = replayed.told();
    let total = format!("{} → {}", count(now_told, "message"), count(then_told, "message"));
    writeln!(
        out,
        "{} in {} days: by the rules that hold now, and with --short-at {}.",
        paint(BOLD, total),
        args.days,
        args.short_at
    )?;
    // Silence of a time of which nothing is known must not look like silence of a quiet one.
    match replayed.oldest {
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
