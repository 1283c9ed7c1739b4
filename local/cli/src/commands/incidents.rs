//! `leitwarte incidents`: shortages, and what people do about them.

mod view;

use std::io::Write;

use anyhow::bail;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use leitwarte_core::incident::Action;
use leitwarte_store::{Acted, Actor, Store};

use crate::{Context, Outcome, UsageError};

/// Arguments of `incidents`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do; without it, list them
    #[command(subcommand)]
    pub wish: Option<Wish>,
    /// How they are listed
    #[command(flatten)]
    pub list: List,
    /// The demo's incidents instead of the real ones
    #[arg(long, global = true)]
    pub demo: bool,
}

/// How incidents are listed.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Also the last so many that are closed
    #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub closed: u32,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be done with an incident.
#[derive(Debug, clap::Subcommand)]
pub enum Wish {
    /// Show one, with all that happened to it
    Show {
        /// Its number, from the list
        number: i64,
    },
    /// Say that somebody has seen it
    Acknowledge {
        /// Its number, from the list
        number: i64,
    },
    /// Say that licences are on their way; nobody is told again before they should be there
    Order {
        /// Its number, from the list
        number: i64,
        /// How many were ordered
        #[arg(long, value_name = "LICENCES")]
        quantity: i64,
        /// The day by which they should be there
        #[arg(long, value_name = "YYYY-MM-DD")]
        expected: NaiveDate,
    },
    /// Put it off; people are told again on that day if it still holds
    Snooze {
        /// Its number, from the list
        number: i64,
        /// The first day on which to tell again
        #[arg(long, value_name = "YYYY-MM-DD", required_unless_present = "days", conflicts_with = "days")]
        until: Option<NaiveDate>,
        /// The same, in days from today
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..=90))]
        days: Option<u64>,
    },
    /// Take acknowledgement, order or snooze back
    Reopen {
        /// Its number, from the list
        number: i64,
    },
}

/// Does what was asked.
///
/// # Errors
/// The database cannot be read or written, or the wish cannot be meant.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let (settings, _) = context.settings.or_demo(args.demo)?;
    let read_only = matches!(args.wish, None | Some(Wish::Show { .. }));
    let store = settings.open_store(read_only).await?;
    let who = settings.user();
    let outcome = match args.wish {
        None => list(&store, &args.list, context, out).await,
        Some(Wish::Show { number }) => show(&store, number, context, out).await,
        Some(wish) => {
            let (number, action) = action(&wish, context.now)?;
            act(&store, number, action, who, context, out).await
        }
    };
    store.close().await;
    outcome
}

fn action(wish: &Wish, now: DateTime<Utc>) -> anyhow::Result<(i64, Action)> {
    Ok(match *wish {
        Wish::Show { number } | Wish::Acknowledge { number } => (number, Action::Acknowledge),
        Wish::Order { number, quantity, expected } => (number, Action::Order { quantity, expected_on: expected }),
        Wish::Snooze { number, until, days } => {
            let day = until.or_else(|| now.date_naive().checked_add_days(Days::new(days?)));
            let until = day.map(|day| day.and_time(NaiveTime::MIN).and_utc());
            (number, Action::Snooze { until: until.ok_or_else(|| UsageError("--until is no day".to_owned()))? })
        }
        Wish::Reopen { number } => (number, Action::Reopen),
    })
}

async fn list(store: &Store, list: &List, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let incidents = store.incidents(list.closed).await?;
    if list.json {
        let rows: Vec<_> = incidents.iter().map(leitwarte_store::StoredIncident::to_json).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?;
    } else {
        out.write_all(view::list(&incidents, context.now, context.width).as_bytes())?;
    }
    Ok(Outcome::Well)
}

async fn show(store: &Store, number: i64, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    match store.incident(number).await? {
        Some((incident, events)) => out.write_all(view::one(&incident, &events, context.now).as_bytes())?,
        None => return unknown(number, out),
    }
    Ok(Outcome::Well)
}

async fn act(
    store: &Store,
    number: i64,
    action: Action,
    who: &str,
    context: &Context,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Outcome> {
    match store.act_on_incident(number, None, action, Actor { person: None, who }, context.now).await? {
        Acted::Done(incident) => out.write_all(view::line(&incident, context.now).as_bytes())?,
        Acted::Unknown => return unknown(number, out),
        Acted::Closed => {
            writeln!(out, "Incident {number} is closed: stock is back. There is nothing to do about it.")?;
            return Ok(Outcome::Problem);
        }
        Acted::Refused(refusal) => return Err(UsageError(refusal.to_string()).into()),
        Acted::Changed(_) => bail!("somebody else has just changed incident {number}; look at it again"),
    }
    Ok(Outcome::Well)
}

fn unknown(number: i64, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    writeln!(out, "There is no incident {number}. `leitwarte incidents --closed 100` lists them.")?;
    Ok(Outcome::Problem)
}
