//! `leitwarte migrate`: creates the database or brings it up to date.

use std::io::Write;

use crate::terminal::{GOOD, paint};
use crate::{Context, Outcome};

/// Opens the database as a writer, which creates and upgrades it.
///
/// # Errors
/// A database that cannot be opened, with what to do.
pub async fn run(context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    context.settings.open_store(false).await?.close().await;
    writeln!(out, "{} The database {} is up to date.", paint(GOOD, "✔"), context.settings.database_shown())?;
    Ok(Outcome::Well)
}
