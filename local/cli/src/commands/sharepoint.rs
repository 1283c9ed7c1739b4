//! `leitwarte sharepoint`: the lists in SharePoint.

mod infos;
pub mod plan;
mod profile;
pub mod provision;

use std::io::Write;

use crate::{Context, Outcome};

/// Arguments of `sharepoint`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub wish: Wish,
}

/// What can be done with the lists.
#[derive(Debug, clap::Subcommand)]
pub enum Wish {
    /// Show what the next sync would write, and write nothing
    Plan(plan::Args),
    /// Make the three lists and their columns, or what is missing of them
    #[command(long_about = "\
Makes the Parameterliste, the Tenantliste and the Lizenzstatusliste with their columns, or what is missing of them, and tells the ids
for the profile. Nothing that is there is removed or changed, so it may be run again at any time; an interrupted run is
completed by the next one. It takes the permission Sites.Manage.All, or Sites.Selected with a role above write; syncing needs no
more than write afterwards.")]
    Provision(provision::Args),
}

/// Does what was asked.
///
/// # Errors
/// What kept it from being done.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    match args.wish {
        Wish::Plan(args) => plan::run(&args, context, out).await,
        Wish::Provision(args) => provision::run(&args, context, out).await,
    }
}
