//! `leitwarte person`: hand over or erase everything that is kept of one person.

use std::io::Write;

use leitwarte_store::{Actor, PersonErased};

use super::one_person::one_person;
use crate::words::count;
use crate::{Context, Outcome};

/// Arguments of `person`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub wish: Wish,
}

/// What can be done with what is kept.
#[derive(Debug, clap::Subcommand)]
pub enum Wish {
    /// Print everything that is kept of a person as JSON
    Export {
        /// Number, name or sign-in name
        person: String,
    },
    /// Delete a person, and put `Person NUMBER` in place of the name elsewhere, for good
    Erase {
        /// Number, name or sign-in name
        person: String,
    },
}

/// Does what was asked.
///
/// # Errors
/// The database cannot be read or written.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let store = context.settings.open_store(matches!(args.wish, Wish::Export { .. })).await?;
    let people = store.people().await?;
    let (Wish::Export { person } | Wish::Erase { person }) = &args.wish;
    let person = match one_person(&people, person) {
        Ok(person) => person,
        Err(words) => {
            writeln!(out, "{words}")?;
            store.close().await;
            return Ok(Outcome::Problem);
        }
    };
    let outcome = match &args.wish {
        Wish::Export { .. } => {
            let export = store.export_person(person.number).await?;
            writeln!(out, "{}", serde_json::to_string_pretty(&export)?)?;
            Outcome::Well
        }
        Wish::Erase { .. } => {
            let actor = Actor { person: None, who: context.settings.user() };
            erased(store.erase_person(person.number, actor, context.now).await?, person.number, out)?
        }
    };
    store.close().await;
    Ok(outcome)
}

fn erased(erased: PersonErased, number: i64, out: &mut (dyn Write + Send)) -> std::io::Result<Outcome> {
    match erased {
        PersonErased::Done { sessions, rows } => {
            let shown = |count_of: u64, noun| count(usize::try_from(count_of).unwrap_or(usize::MAX), noun);
            writeln!(
                out,
                "Erased person {number}: {} ended, {} changed or deleted. Left, for you to delete: backups made before. Who \
                 signs in again is a new person; to keep somebody out, take the account away in Entra.",
                shown(sessions, "session"),
                shown(rows, "row")
            )?;
            Ok(Outcome::Well)
        }
        PersonErased::Unknown => {
            writeln!(out, "There is no person {number} any more.")?;
            Ok(Outcome::Problem)
        }
        PersonErased::RoleChange { operation } => {
            writeln!(
                out,
                "Nothing was erased: change of roles {operation} concerns person {number} and is under way, or has been over \
                 for less than an hour. `leitwarte roles operations` shows it; run this again then."
            )?;
            Ok(Outcome::Problem)
        }
    }
}
