//! `leitwarte tenant`: hand over or erase everything that is kept of one tenant.

use std::io::Write;

use leitwarte_store::Erased;

use crate::words::count;
use crate::{Context, Outcome};

/// Arguments of `tenant`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub wish: Wish,
}

/// What can be done with what is kept.
#[derive(Debug, clap::Subcommand)]
pub enum Wish {
    /// Print everything that is kept of a tenant as JSON
    Export {
        /// Its short name
        name: String,
    },
    /// Delete everything that is kept of a tenant whose profile is gone, for good
    Erase {
        /// Its short name
        name: String,
    },
}

/// Does what was asked.
///
/// # Errors
/// The database cannot be read or written.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let store = context.settings.open_store(matches!(args.wish, Wish::Export { .. })).await?;
    let outcome = match &args.wish {
        Wish::Export { name } => match store.export_tenant(name).await? {
            Some(export) => {
                writeln!(out, "{}", serde_json::to_string_pretty(&export)?)?;
                Outcome::Well
            }
            None => unknown(name, out)?,
        },
        Wish::Erase { name } => match store.erase_tenant(name).await? {
            Erased::Done { rows } => {
                let rows = count(usize::try_from(rows).unwrap_or(usize::MAX), "row");
                writeln!(
                    out,
                    "Erased {rows} of {name}. Left, for you to delete: backups made before, certs/{name}/, and its rows in SharePoint. Who \
                     did what to it stays in the audit log for KEEP_AUDIT_DAYS."
                )?;
                Outcome::Well
            }
            Erased::Unknown => unknown(name, out)?,
            Erased::HasProfile => {
                writeln!(
                    out,
                    "Nothing was erased: the profile config-{name}-profile.json is in use. Take it away, let one poll pass \
                     (`leitwarte invoke poll-tenant`), and run this again."
                )?;
                Outcome::Problem
            }
        },
    };
    store.close().await;
    Ok(outcome)
}

fn unknown(name: &str, out: &mut (dyn Write + Send)) -> std::io::Result<Outcome> {
    writeln!(out, "Nothing is kept of a tenant `{name}`. `leitwarte status` lists those that have a profile.")?;
    Ok(Outcome::Problem)
}
