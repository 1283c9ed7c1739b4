//! `leitwarte certificate list`.

use std::io::Write;

use leitwarte_core::certificate::days_left;
use leitwarte_store::KnownCertificate;

use crate::table::{cut, left, right};
use crate::terminal::{BAD, DIM, GOOD, WARN, paint};
use crate::words::ago;
use crate::{Context, Outcome};

/// Days from which on a renewal should be under way.
const SOON: i64 = 60;

/// Arguments of `certificate list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// The demo's certificates instead of the real ones
    #[arg(long)]
    pub demo: bool,
}

pub(super) async fn run(args: &Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let (settings, _) = context.settings.or_demo(args.demo)?;
    let store = settings.open_store(true).await?;
    let known = store.certificates().await;
    store.close().await;
    let known = known.map_err(|error| error.at(settings.database_shown()))?;
    if args.json {
        let rows: Vec<_> = known.iter().map(|one| one.to_json(context.now)).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?;
        return Ok(Outcome::Well);
    }
    let Some(looked_at) = known.iter().map(|one| one.looked_at).min() else {
        writeln!(out, "Nobody has looked yet: `leitwarte invoke cert-expiry` does, and each hour it does by itself.")?;
        return Ok(Outcome::Problem);
    };
    for one in &known {
        write_one(one, context, out)?;
    }
    let when = ago(looked_at, context.now);
    writeln!(out, "{}", paint(DIM, format_args!("\nLooked at {when}; `leitwarte invoke cert-expiry` looks anew.")))?;
    let all_work = known.iter().all(|one| one.look.problem.is_none());
    Ok(if all_work { Outcome::Well } else { Outcome::Problem })
}

fn write_one(one: &KnownCertificate, context: &Context, out: &mut (dyn Write + Send)) -> std::io::Result<()> {
    let look = &one.look;
    let name = left(&look.owner, 32);
    let left_days = look.certificate.as_ref().map(|(_, ends_at)| (ends_at, days_left(*ends_at, context.now)));
    let when = match left_days {
        Some((ends_at, days)) => format!("{} days, until {}", right(&days.to_string(), 5), ends_at.date_naive()),
        None => "unknown".to_owned(),
    };
    let (mark, style) = match (&look.problem, left_days) {
        (Some(_), _) | (None, None) => ('✘', BAD),
        (None, Some((_, days))) if days <= 0 => ('✘', BAD),
        (None, Some((_, days))) if days <= SOON => ('!', WARN),
        _ => ('✔', GOOD),
    };
    writeln!(out, "{} {name}  {when}", paint(style, mark))?;
    let room = context.width.saturating_sub(6).max(40);
    for text in look.problem.iter().flat_map(|(problem, fix)| [problem, fix]).chain(&look.note) {
        writeln!(out, "    {}", cut(text, room))?;
    }
    Ok(())
}
