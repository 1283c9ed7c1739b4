//! `leitwarte certificate`: whose certificate ends when, and the next one.

mod list;
mod owner;
mod renew;

use std::io::Write;

use crate::{Context, Outcome};

/// Arguments of `certificate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub wish: Wish,
}

/// What can be done with certificates.
#[derive(Debug, clap::Subcommand)]
pub enum Wish {
    /// Show every certificate as the last look found it, what does not work first
    List(list::Args),
    /// Make the next certificate of a tenant or of the SharePoint app, and use it as soon as Entra accepts it
    #[command(after_help = "\
Run it twice: the first time it makes key and certificate and says where to upload the certificate; the second time it signs in
with it, and only when Entra accepts that does the profile change. Until then the old one goes on working. It may be interrupted
at any moment and run again.")]
    Renew(renew::Args),
}

/// Does what was asked.
///
/// # Errors
/// Database, profile or files cannot be read or written.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    match args.wish {
        Wish::List(args) => list::run(&args, context, out).await,
        Wish::Renew(args) => renew::run(&args, context, out).await,
    }
}
