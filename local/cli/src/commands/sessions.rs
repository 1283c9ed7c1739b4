//! `leitwarte sessions`: who is signed in, and ending sessions.

mod view;

use std::io::Write;

use leitwarte_core::roles::RoleTable;
use leitwarte_runtime::role_files;
use leitwarte_store::{Actor, Store};
use serde_json::{Value, json};

use super::one_person::one_person;
use crate::words::count;
use crate::{Context, Outcome};

/// Arguments of `sessions`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do; without it, show who is signed in
    #[command(subcommand)]
    pub wish: Option<Wish>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// The demo's sessions instead of the real ones
    #[arg(long, global = true)]
    pub demo: bool,
}

/// What can be done with sessions.
#[derive(Debug, clap::Subcommand)]
pub enum Wish {
    /// End every session of a person or of everybody; they can sign in again
    #[command(arg_required_else_help = true)]
    End {
        /// Number, name or sign-in name
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        person: Option<String>,
        /// Everybody's
        #[arg(long)]
        all: bool,
    },
}

/// Does what was asked.
///
/// # Errors
/// The database cannot be read or written, or the table of roles cannot be used.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let (settings, _) = context.settings.or_demo(args.demo)?;
    let store = settings.open_store(args.wish.is_none()).await?;
    let outcome = match args.wish {
        None => {
            let table = role_files::table_in_force(&settings.app.profiles_dir);
            let table = table.map_err(|error| anyhow::anyhow!("{error}. Correct the file."))?;
            list(&store, &table, args.json, context, out).await
        }
        Some(Wish::End { person, .. }) => {
            let actor = Actor { person: None, who: settings.user() };
            end(&store, person.as_deref(), actor, context, out).await
        }
    };
    store.close().await;
    outcome
}

async fn list(
    store: &Store,
    table: &RoleTable,
    as_json: bool,
    context: &Context,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Outcome> {
    let sessions = store.open_sessions(context.now).await?;
    if as_json {
        let sessions = sessions.iter().map(|one| {
            json!({
                "person": one.person, "name": one.name, "since": one.times.created_at,
                "last_used_at": one.times.last_seen_at, "ends_at": one.times.ends_at,
                "rights": view::rights(table, one).iter().map(|right| right.as_str()).collect::<Vec<_>>(),
            })
        });
        writeln!(out, "{:#}", Value::from(sessions.collect::<Vec<_>>()))?;
    } else {
        write!(out, "{}", view::list(&sessions, table, context.now))?;
    }
    Ok(Outcome::Well)
}

async fn end(
    store: &Store,
    person: Option<&str>,
    actor: Actor<'_>,
    context: &Context,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Outcome> {
    let shown = |ended: u64| count(usize::try_from(ended).unwrap_or(usize::MAX), "session");
    let Some(wanted) = person else {
        let ended = store.end_all_sessions(actor, context.now).await?;
        writeln!(out, "Ended {}: everybody has to sign in again.", shown(ended))?;
        return Ok(Outcome::Well);
    };
    match one_person(&store.people().await?, wanted) {
        Ok(person) => {
            let ended = store.end_sessions_of(person.number, actor, context.now).await?;
            let (name, number) = (view::name(&person.name), person.number);
            writeln!(
                out,
                "Ended {} of {name} (person {number}), who can sign in again as long as Entra lets them.",
                shown(ended)
            )?;
            Ok(Outcome::Well)
        }
        Err(words) => {
            writeln!(out, "{words}")?;
            Ok(Outcome::Problem)
        }
    }
}
